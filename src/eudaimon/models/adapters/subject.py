"""The thing that is evaluated: a checkpoint, its stack of adapters, and interventions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from eudaimon.core import Site, UsageError, short_hash
from eudaimon.core.files import read_json
from eudaimon.models.adapters.adapter import Adapter, AdapterStack, as_stack
from eudaimon.models.fingerprint import fingerprint
from eudaimon.models.folder import find_folder, read_config, weight_files
from eudaimon.models.interventions import Intervention


@dataclass(frozen=True, eq=False)
class Subject:
    """A checkpoint (name or folder) with the adapters and interventions that act on it; never changed.

    ``fingerprint`` and ``tokenizer`` are read from the checkpoint unless they are given. Two subjects are
    equal when their ``hash`` is, wherever their files lie. Raises `UsageError` when an adapter stands in the
    stack twice and `ModelUnavailable` when there is no such checkpoint.
    """

    checkpoint: str
    adapters: AdapterStack = ()
    interventions: tuple[Intervention, ...] = ()
    fingerprint: str = ""
    tokenizer: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "checkpoint", str(self.checkpoint))
        object.__setattr__(self, "adapters", as_stack(self.adapters))
        object.__setattr__(self, "interventions", tuple(self.interventions))
        if not (self.fingerprint and self.tokenizer):
            folder, _ = find_folder(self.checkpoint)
            found = fingerprint(read_config(folder, self.checkpoint), weight_files(folder))
            object.__setattr__(self, "fingerprint", self.fingerprint or found)
            object.__setattr__(self, "tokenizer", self.tokenizer or tokenizer_files_hash(folder))

    @cached_property
    def hash(self) -> str:
        """16 hex digits over what acts: fingerprints, weights, order, interventions; never names or paths."""
        return short_hash(
            {
                "checkpoint": self.fingerprint,
                "tokenizer": self.tokenizer,
                "adapters": [adapter.identity for adapter in self.adapters],
                "interventions": [_described(change) for change in self.interventions],
            }
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subject) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def to_json(self) -> dict[str, Any]:
        """The subject as a JSON object; `from_json` reads it."""
        return {
            "checkpoint": self.checkpoint,
            "fingerprint": self.fingerprint,
            "tokenizer": self.tokenizer,
            "adapters": [adapter.to_json() for adapter in self.adapters],
            "interventions": [
                _described(change) | {"vector": [float(number) for number in change.vector]}
                for change in self.interventions
            ],
            "hash": self.hash,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Subject:
        """The subject that `to_json` wrote, no file being read; `UsageError` when its hash is not its own."""
        subject = cls(
            value["checkpoint"],
            tuple(Adapter.from_json(adapter) for adapter in value["adapters"]),
            tuple(
                Intervention(**{**change, "site": Site.parse(change["site"])})
                for change in value["interventions"]
            ),
            value["fingerprint"],
            value["tokenizer"],
        )
        if value.get("hash", subject.hash) != subject.hash:
            raise UsageError(
                f"the subject on {subject.checkpoint} is not the one that was written: {value['hash']}"
            )
        return subject


def tokenizer_files_hash(folder: Path) -> str:
    """16 hex digits over a folder's tokenizer and chat template, read from its files."""
    parts: list[Any] = []
    for name in ("tokenizer.json", "tokenizer.model", "vocab.txt", "chat_template.jinja"):
        path = folder / name
        parts.append(short_hash(path.read_bytes()) if path.is_file() else "")
    settings = folder / "tokenizer_config.json"
    parts.append(read_json(settings).get("chat_template") if settings.is_file() else None)
    return short_hash(parts)


def _described(change: Intervention) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "site": str(change.site),
        "vector": short_hash(change.vector.astype("<f4").tobytes()),
        "strength": change.strength,
        "positions": change.positions,
        "bound": change.bound,
    }
