"""A step: a frozen model whose scientific fields say what is computed, and whose key follows from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from eudaimon.core.identity import short_hash
from eudaimon.study.encoding import Keyed, encode, steps_in

READABLE = 72
"""Most characters of a key's readable part: key, lock and temporary names stay under 255 bytes."""


@dataclass(frozen=True)
class Cost:
    """What one step is expected to take: wall seconds on one worker, trained or read tokens, memory, disk.

    ``gpus`` is how many GPUs it needs; 0 for one that a CPU computes.
    """

    seconds: float = 5.0
    n_tokens: int = 0
    memory_gb: float = 0.7
    disk_mb: float = 1.0
    gpus: int = 0


class Step(Keyed, BaseModel):
    """One unit of cached work: scientific fields, steps that it needs in fields of its own, and `run`.

    ``version`` is part of the identity: raise it when `run` computes something else than before. Fields
    named in ``execution`` say how and where it runs and are no part of the identity. A field may hold a
    step, or tuples and dicts of steps; these enter the identity by theirs. Steps with one key are equal.

    A step whose ``resumes`` is true goes on from what a killed run of it left in ``out``, and ends with the
    same bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)

    version: ClassVar[int] = 1
    execution: ClassVar[frozenset[str]] = frozenset({"device", "workers", "cluster"})
    resumes: ClassVar[bool] = False

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Write the step's files into the folder ``out``; ``inputs`` maps each role to its folder.

        ``out`` is empty unless the step resumes.

        It draws from generators that it has seeded from its own fields: same fields, same bytes.
        """
        raise NotImplementedError(f"{type(self).__name__}.run")

    def cost(self) -> Cost:
        """What the step is expected to take, for `plan` and for the order of work."""
        return Cost()

    @cached_property
    def inputs(self) -> dict[str, Step]:
        """The steps that this one needs, by role: its field, with ``.0`` or ``.name`` inside a container."""
        found: dict[str, Step] = {}
        for name in type(self).model_fields:
            found |= steps_in(getattr(self, name), name)
        return found

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What the key is made from, as JSON: kind, version, scientific fields, inputs as their digests."""
        fields = {
            name: encode(getattr(self, name), scientific=True)
            for name in sorted(type(self).model_fields)
            if name not in self.execution
        }
        return {"kind": type(self).__name__, "version": self.version, "fields": fields}

    @cached_property
    def digest(self) -> str:
        """16 hex digits of SHA-256 of the identity."""
        return short_hash(self.identity)

    @cached_property
    def key(self) -> str:
        """The step's name on disk: kind, fields that differ from their defaults, digest."""
        return "-".join(part for part in (type(self).__name__, self._readable(), self.digest) if part)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The step with some fields changed, validated, and with a key of its own."""
        # pydantic's own would carry the cached key over to the changed copy.
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate(fields | dict(update or {}))

    def _readable(self) -> str:
        from exca.confdict import ConfDict

        shown: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name in self.execution or steps_in(value, name) or _is_default(field, value):
                continue
            shown[name] = encode(value, scientific=True)
            if isinstance(value, BaseModel):
                unusual = value.model_dump(mode="json", exclude_defaults=True)
                shown[name] = {each: shown[name][each] for each in shown[name] if each in unusual}
        uid = ConfDict(_without_operators(shown)).to_uid().rpartition("-")[0]
        return re.sub(r"[^A-Za-z0-9=,._-]", "", uid)[:READABLE].rstrip(".,-=")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def _is_default(field: FieldInfo, value: Any) -> bool:
    if field.is_required():
        return False
    default = field.get_default(call_default_factory=True)
    return bool(encode(value, scientific=True) == encode(default, scientific=True))


def _without_operators(value: Any) -> Any:
    # ConfDict reads "=name=" as an operation and "a.b" in a key as nesting.
    if isinstance(value, dict):
        return {
            str(key).replace(".", "_").strip("="): _without_operators(each) for key, each in value.items()
        }
    if isinstance(value, list):
        return [_without_operators(each) for each in value]
    return value.strip("=") if isinstance(value, str) else value
