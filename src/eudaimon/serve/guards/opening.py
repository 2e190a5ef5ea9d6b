"""A guard by name: one that comes with the package, or a monitor's file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from eudaimon.core import UsageError
from eudaimon.data.yaml_text import read_yaml
from eudaimon.serve.second import Side

if TYPE_CHECKING:
    from eudaimon.monitor.monitor import Monitor

MINILM_GUARD = "minilm-guard"
CHANCE = 0.5


@dataclass(frozen=True)
class Measured:
    """How well a guard tells dangerous texts of one side from harmless ones: AUROC with its 95 % interval."""

    side: Side
    auroc: float
    low: float
    high: float
    n: int

    @property
    def better_than_chance(self) -> bool:
        """Whether the whole interval lies above that of a coin."""
        return self.low > CHANCE


class GuardCard(BaseModel):
    """What a packaged guard is, how it was made, what it was measured on, and what it does not see.

    ``sha256`` is that of its file. ``fit`` has the options, the hashes and the counts of rows by source;
    ``figures`` what it was measured to do, each with its interval and n.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    title: str
    description: str
    file: str
    sha256: str
    model: str
    licence: str
    licence_note: str
    sources: dict[str, str]
    command: str
    fit: dict[str, Any]
    figures: dict[str, Any]
    answers: dict[str, Any]
    limits: tuple[str, ...]
    intended_use: str

    @property
    def measured(self) -> tuple[Measured, Measured]:
        """What was measured of it on queries, and on passages that are read as growing answers."""
        return (
            _measured("input", self.figures["systems"]["monitor"]["auroc"]),
            _measured("output", self.answers["auroc"]),
        )


def guard_names() -> tuple[str, ...]:
    """The packaged guards, in alphabetical order."""
    return tuple(
        sorted(
            each.name.removesuffix(".yaml")
            for each in files(__package__).iterdir()
            if each.name.endswith(".yaml")
        )
    )


@cache
def guard_card(name: str) -> GuardCard:
    """The card of a packaged guard; raises `UsageError` for an unknown name."""
    if name not in guard_names():
        raise UsageError(f"there is no guard {name}", right=f"one of {', '.join(guard_names())}")
    return GuardCard.model_validate(read_yaml((files(__package__) / f"{name}.yaml").read_text("utf-8")))


def card_of(sha256: str) -> GuardCard | None:
    """The card of the packaged guard whose file has this hash; None for any other file."""
    return next((card for card in map(guard_card, guard_names()) if card.sha256 == sha256), None)


def guard_file(name: str | Path) -> Path:
    """The file of a guard that is named, or the path itself; a file of that name comes first.

    Raises `UsageError` when it is neither a packaged guard nor a file, or when a packaged one was changed.
    """
    if Path(name).is_file():
        return Path(name)
    if str(name) not in guard_names():
        raise UsageError(
            f"there is no monitor {name}",
            right=f"a file that `eudaimon monitor fit` wrote, or one of {', '.join(guard_names())}",
        )
    card = guard_card(str(name))
    with as_file(files(__package__) / card.file) as path:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != card.sha256:
            raise UsageError(
                f"the packaged guard {name} is not the one of its card", right="an installation that is whole"
            )
        return path


def open_guard(name: str | Path, *, device: str | None = None) -> Monitor:
    """The monitor that is named, or in a file, on the model that it was fitted on.

    Raises as `guard_file` and `eudaimon.monitor.load_monitor` do.
    """
    from eudaimon.monitor.storage import load_monitor

    return load_monitor(guard_file(name), device=device)


def _measured(side: Side, auroc: dict[str, Any]) -> Measured:
    return Measured(side, auroc["value"], auroc["low"], auroc["high"], auroc["n"])
