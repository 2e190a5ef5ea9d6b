"""What makes a study of the town: its judged cells, the faults planted beside them, and its table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from eudaimon.study.records import StudyRecord, TownMonitors
from eudaimon.study.step import Step
from eudaimon.study.steps.tried_directions import DirectionTrials
from eudaimon.study.summary.compare import N_RESAMPLES
from eudaimon.study.summary.record import Layout
from eudaimon.study.town.collect import Labelled
from eudaimon.study.town.judged_again import seconds_of
from eudaimon.study.town.options import TownOptions
from eudaimon.study.town.probes import Probed
from eudaimon.study.town.record import town_record

Options = TypeVar("Options", bound=TownOptions)


@dataclass(frozen=True)
class TownParts(Generic[Options]):
    """Functions of a study's options, from which its target steps and its record follow."""

    cells: Callable[[Options], Iterable[Labelled]]
    faults: Callable[[Options], tuple[Step, ...]]
    layout: Callable[[Options], Layout]
    matrices: Callable[[Options], Iterable[tuple[int, DirectionTrials]]] = lambda _options: ()
    """Transfer matrices by seed, where the study has them."""
    second: Callable[[Options], Mapping[str, object]] = lambda _options: {}
    """Who judges a second time, as `seconds_of` takes it; empty: nobody."""
    probes: Callable[[Options], Iterable[Probed]] = lambda _options: ()
    """Probes of lessons' modules, where the study has them."""

    def steps(self, options: Options) -> tuple[Step, ...]:
        """The target steps: of every cell, by both judges, transfer matrices, probes, and planted faults."""
        cells = tuple(self.cells(options))
        return (
            *(cell.step for cell in cells),
            *seconds_of(cells, self.second(options)).values(),
            *(step for _, step in self.matrices(options)),
            *(one.step for one in self.probes(options)),
            *self.faults(options),
        )

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
        cells = tuple(self.cells(options))
        return town_record(
            folder,
            self.layout(options),
            cells,
            options,
            seconds=seconds_of(cells, self.second(options)),
            planted=self.faults(options),
            matrices=self.matrices(options),
            probes=self.probes(options),
            monitors=monitors,
            command=command,
            n_resamples=n_resamples,
        )

    def records(self, folder: Path, options: Options) -> tuple[StudyRecord, ...]:
        """That record alone, as `Study` asks for it."""
        return (self.record(folder, options),)
