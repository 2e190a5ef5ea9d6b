"""The record of a town's study, from the folder in which it was run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from eudaimon.monitor.run_info import collect_run_info
from eudaimon.study.records import StudyRecord, TownMonitors
from eudaimon.study.step import Step
from eudaimon.study.steps.judged_again import JudgedAgain
from eudaimon.study.steps.tried_directions import DirectionTrials
from eudaimon.study.store import StepStore
from eudaimon.study.summary.compare import N_RESAMPLES
from eudaimon.study.summary.record import Layout, study_record
from eudaimon.study.town.collect import (
    ATTACK_SEED,
    Labelled,
    began,
    collect,
    costs,
    faults,
    proofs,
    require_unmixed,
    turns,
)
from eudaimon.study.town.distinct import require_distinct
from eudaimon.study.town.judged_again import judged_again
from eudaimon.study.town.matrices import tried_directions
from eudaimon.study.town.probes import Probed, probed

if TYPE_CHECKING:
    from eudaimon.study.town.options import TownOptions


def town_record(
    folder: Path,
    layout: Layout,
    cells: Sequence[Labelled],
    options: TownOptions,
    *,
    seconds: Mapping[str, JudgedAgain] = MappingProxyType({}),
    planted: Iterable[Step] = (),
    matrices: Iterable[tuple[int, DirectionTrials]] = (),
    probes: Iterable[Probed] = (),
    monitors: TownMonitors | None = None,
    command: str = "",
    n_resamples: int = N_RESAMPLES,
) -> StudyRecord:
    """The record of whatever is finished in ``folder``; raises `UsageError` when nothing is.

    ``seconds`` are the second judge's steps by the key of the first one's. Raises as `require_unmixed` and
    `require_distinct`.
    """
    store = StepStore(folder)
    planted, matrices, probes = tuple(planted), tuple(matrices), tuple(probes)
    targets = [*(cell.step for cell in cells), *seconds.values(), *planted]
    targets += [*(step for _, step in matrices), *(one.step for one in probes)]
    spent = costs(store, targets)
    require_unmixed(store, cells, layout.column_field, layout.merged)
    require_distinct(store, targets)
    seeds = sorted({int(cell.cell.get(ATTACK_SEED, cell.seed)) for cell in cells})
    run = collect_run_info(
        command or _command(layout.study, options),
        seeds={f"run {number}": seed for number, seed in enumerate(seeds)},
        seconds=sum(cost.seconds for cost in spent),
    )
    record = study_record(
        collect(store, layout.study, cells),
        layout,
        # Of the work, not of this reading: the same finished steps give the same record.
        run.model_copy(update={"started": began(store, targets)}),
        turns=turns(store, cells, layout.row_field, layout.column_field),
        proofs=(*proofs(store, cells), *faults(store, planted)),
        costs=spent,
        tried=tried_directions(store, matrices),
        monitors=monitors,
        options=options.model_dump(mode="json"),
        n_resamples=n_resamples,
    )
    again = judged_again(store, layout, cells, seconds, record.hypotheses, n_resamples=n_resamples)
    carried = probed(store, probes, n_resamples=n_resamples)
    return record.model_copy(update={"two_judges": again, "probes": carried})


def _command(study: str, options: TownOptions) -> str:
    """What to type for this study: options that are not the design's defaults are named."""
    changed, usual = [], type(options).model_validate({})
    for name in type(options).model_fields:
        value = getattr(options, name)
        if name != "seeds" and value != getattr(usual, name):
            shown = ",".join(map(str, value)) or "none" if isinstance(value, tuple) else value
            changed.append(f" --set {name}={shown}")
    return f"eudaimon study run {study} --seeds {options.seeds}{''.join(changed)}"
