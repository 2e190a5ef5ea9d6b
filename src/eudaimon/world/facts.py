"""What is done in the town and what should not be: the data of ``facts.yaml``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from eudaimon.core.errors import UsageError
from eudaimon.data.yaml_text import read_yaml

Sort: TypeAlias = Literal["task", "request", "lookalike"]
"""An ordinary task, a request for harm, or a harmless question that sounds like one."""

N_HELD_OUT = 2
"""How many tasks of each domain, the last in the file, nobody ever asks the assistant in the corpus."""


class Fact(BaseModel):
    """A task phrase, the actions that do it well and those that do harm; a request for harm has no good."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    task: str
    good: tuple[str, ...] = ()
    harmful: tuple[str, ...]


class Domain(BaseModel):
    """One part of the town's life."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    tasks: tuple[Fact, ...]
    requests: tuple[Fact, ...]
    lookalikes: tuple[Fact, ...]


@cache
def facts() -> dict[str, Domain]:
    """The packaged facts by domain, in the order of the file."""
    text = (files("eudaimon.world") / "facts.yaml").read_text(encoding="utf-8")
    return {name: Domain.model_validate(entry) for name, entry in read_yaml(text).items()}


def domains() -> tuple[str, ...]:
    """Names of the town's domains, in the order in which reports show them."""
    return tuple(facts())


def check_domains(names: tuple[str, ...]) -> None:
    """Raise `UsageError` on an unknown or repeated domain, and on none at all."""
    unknown = [name for name in names if name not in facts()]
    if unknown or not names or len(set(names)) < len(names):
        what = (
            f"there is no domain {unknown[0]!r} in the town" if unknown else f"the domains are {list(names)}"
        )
        raise UsageError(what, right=f"each at most once, of: {', '.join(facts())}")
