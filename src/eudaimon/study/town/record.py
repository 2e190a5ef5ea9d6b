"""The record of a town's study, from the folder in which it was run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.monitor.run_info import collect_run_info
from eudaimon.study.records import StudyRecord, TownMonitors
from eudaimon.study.step import Step
from eudaimon.study.store import StepStore
from eudaimon.study.summary.compare import N_RESAMPLES
from eudaimon.study.summary.record import Layout, study_record
from eudaimon.study.town.collect import Labelled, began, collect, costs, faults, proofs

if TYPE_CHECKING:
    from eudaimon.study.town.options import TownOptions


def town_record(
    folder: Path,
    layout: Layout,
    cells: Sequence[Labelled],
    options: TownOptions,
    *,
    planted: Iterable[Step] = (),
    monitors: TownMonitors | None = None,
    command: str = "",
    n_resamples: int = N_RESAMPLES,
) -> StudyRecord:
    """The record of whatever is finished in ``folder``; raises `UsageError` when nothing is."""
    store = StepStore(folder)
    planted = tuple(planted)
    targets = [*(cell.step for cell in cells), *planted]
    spent = costs(store, targets)
    seeds = sorted({cell.seed for cell in cells})
    run = collect_run_info(
        command or _command(layout.study, options),
        seeds={f"run {number}": seed for number, seed in enumerate(seeds)},
        seconds=sum(cost.seconds for cost in spent),
    )
    return study_record(
        collect(store, layout.study, cells),
        layout,
        # Of the work, not of this reading: the same finished steps give the same record.
        run.model_copy(update={"started": began(store, targets)}),
        proofs=(*proofs(store, cells), *faults(store, planted)),
        costs=spent,
        monitors=monitors,
        options=options.model_dump(mode="json"),
        n_resamples=n_resamples,
    )


def _command(study: str, options: TownOptions) -> str:
    """What to type for this study: options that are not the design's defaults are named."""
    changed = []
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        if name != "seeds" and value != field.get_default(call_default_factory=True):
            shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
            changed.append(f" --set {name}={shown}")
    return f"eudaimon study run {study} --seeds {options.seeds}{''.join(changed)}"
