"""Designs: every file in the folder ``designs`` is one study, found by its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from eudaimon.core.discovery import modules_in
from eudaimon.core.errors import UsageError
from eudaimon.study.step import Step

if TYPE_CHECKING:
    from eudaimon.monitor.records import EvaluationRecord
    from eudaimon.study.records import StudyRecord

FOLDER = "eudaimon.study.designs"
"""The package of designs; not imported by its name, which is a function's on the door."""


class StudyOptions(BaseModel):
    """What every design can be asked for; a design adds fields of its own by a subclass."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    seeds: int = Field(default=3, ge=1, description="How many seeds: 0, 1, 2 and so on.")
    first_seed: int = Field(default=0, ge=0, description="The first of them, for seeds that nobody has seen.")

    @property
    def seed_numbers(self) -> range:
        """The seeds by number, from the first one up, in order."""
        return range(self.first_seed, self.first_seed + self.seeds)


@dataclass(frozen=True)
class Study:
    """A design: its name, what it asks in one line, its options, the function that returns its targets.

    ``records`` reads the finished steps of a study's folder, for the report room to draw from, and
    ``queries`` the record of a monitor on real queries, where the study fits one. ``report`` stands for a
    page of the design's own instead: it draws that and returns its path.

    ``pilot`` are the steps that tell whether a study is worth its cost, and ``warnings`` what speaks against
    it, from what is published and from a finished pilot.
    """

    name: str
    summary: str
    steps: Callable[[Any], tuple[Step, ...]]
    options: type[StudyOptions] = StudyOptions
    records: Callable[[Path, Any], tuple[StudyRecord, ...]] | None = None
    queries: Callable[[Path], EvaluationRecord | None] | None = None
    report: Callable[[Path], Path] | None = None
    pilot: Callable[[Any], tuple[Step, ...]] | None = None
    warnings: Callable[[Any, Path], tuple[str, ...]] | None = None

    def targets(self, options: StudyOptions | None = None) -> tuple[Step, ...]:
        """The target steps for options, the default ones without any; nothing runs."""
        return self.steps(options or self.options())


def designs() -> tuple[str, ...]:
    """The names of all designs, sorted; none is imported."""
    return tuple(sorted(name.replace("_", "-") for name in modules_in(FOLDER)))


def design(name: str) -> Study:
    """The design of a name: ``STUDY`` in its file; raises `UsageError` that lists the names."""
    if name not in designs():
        raise UsageError(f"there is no design {name!r}", right=f"one of {', '.join(designs()) or 'none yet'}")
    module = importlib.import_module(f"{FOLDER}.{name.replace('-', '_')}")
    found: Study = module.STUDY
    return found
