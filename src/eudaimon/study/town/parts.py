"""What makes a study of the town: its judged cells, the faults planted beside them, and its table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from eudaimon.study.records import StudyRecord, TownMonitors
from eudaimon.study.step import Step
from eudaimon.study.summary.compare import N_RESAMPLES
from eudaimon.study.summary.record import Layout
from eudaimon.study.town.collect import Labelled
from eudaimon.study.town.options import TownOptions
from eudaimon.study.town.record import town_record

Options = TypeVar("Options", bound=TownOptions)


@dataclass(frozen=True)
class TownParts(Generic[Options]):
    """Three functions of a study's options, from which its target steps and its record follow."""

    cells: Callable[[Options], Iterable[Labelled]]
    faults: Callable[[Options], tuple[Step, ...]]
    layout: Callable[[Options], Layout]

    def steps(self, options: Options) -> tuple[Step, ...]:
        """The target steps: of every cell, and the planted faults."""
        return (*(cell.step for cell in self.cells(options)), *self.faults(options))

    def record(
        self,
        folder: Path,
        options: Options,
        *,
        monitors: TownMonitors | None = None,
        command: str = "",
        n_resamples: int = N_RESAMPLES,
    ) -> StudyRecord:
        """The record of whatever is finished in ``folder``; raises `UsageError` when nothing is."""
        return town_record(
            folder,
            self.layout(options),
            tuple(self.cells(options)),
            options,
            planted=self.faults(options),
            monitors=monitors,
            command=command,
            n_resamples=n_resamples,
        )

    def records(self, folder: Path, options: Options) -> tuple[StudyRecord, ...]:
        """That record alone, as `Study` asks for it."""
        return (self.record(folder, options),)
