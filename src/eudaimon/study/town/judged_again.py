"""Finished steps of two judges on the same answers, compared as the study's table is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from eudaimon.evaluate.rows import Row, read_rows
from eudaimon.study.judge_records import TwoJudges
from eudaimon.study.records import HypothesisRow
from eudaimon.study.step import Step
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.judged_again import JudgedAgain
from eudaimon.study.steps.judged_answers import JudgedAnswers
from eudaimon.study.store import StepStore
from eudaimon.study.summary.compare import N_RESAMPLES, Tests
from eudaimon.study.summary.record import Layout, decided
from eudaimon.study.summary.two_judges import SHOWN, JudgedTwice, two_judges
from eudaimon.study.town.collect import Labelled, collect


def judged_again(
    store: StepStore,
    layout: Layout,
    cells: Sequence[Labelled],
    seconds: Mapping[str, JudgedAgain],
    hypotheses: Sequence[HypothesisRow],
    *,
    n_resamples: int = N_RESAMPLES,
) -> TwoJudges | None:
    """How the second judge compares, over the cells that both have finished; None where there are none.

    ``seconds`` are the second judge's steps by the key of the first one's.
    """
    both = [
        cell
        for cell in cells
        if (step := seconds.get(cell.step.key)) and store.done(cell.step) and store.done(step)
    ]
    again = [replace(cell, step=seconds[cell.step.key]) for cell in both]
    tests = Tests(n_resamples)
    found = JudgedTwice(
        first=list(_once(store, both)),
        second=list(_once(store, again)),
        placed_first=list(_primary(store, layout, both)),
        placed_second=list(_primary(store, layout, again)),
    )
    return two_judges(found, layout.places, lambda rows: decided(rows, layout, tests), hypotheses, tests)


def seconds_of(cells: Sequence[Labelled], second: Mapping[str, object]) -> dict[str, JudgedAgain]:
    """The second judge's step of each grid that the first one judges, by the first one's key.

    ``second`` are the fields of `JudgedAgain` that say who judges, and what share; empty: nobody.
    """
    steps: dict[str, Step] = {cell.step.key: cell.step for cell in cells}
    return {
        key: JudgedAgain.model_validate(
            {"answers": step.answers, "prompts": step.prompts, "device": step.device, **second}
        )
        for key, step in steps.items()
        if second and isinstance(step, JudgedAnswers)
    }


def _once(store: StepStore, cells: Sequence[Labelled]) -> Iterator[Row]:
    """Every answer's rows once, in whatever cells of the study it stands, with its training's seed."""
    for step, seed in {cell.step.key: (cell.step, cell.seed) for cell in cells}.values():
        for row in read_rows(store.path(step) / ROWS):
            if row.metric in SHOWN:
                yield replace(row, seed=seed)


def _primary(store: StepStore, layout: Layout, cells: Sequence[Labelled]) -> Iterator[Row]:
    for row in collect(store, layout.study, cells):
        if row.metric == layout.primary:
            yield row
