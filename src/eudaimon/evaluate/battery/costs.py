"""The costs of safety of one subject, cost by cost on disk, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.errors import EudaimonError, JudgeUnavailable
from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.battery.record import CostNote
from eudaimon.evaluate.battery.run import Done, Gap
from eudaimon.evaluate.battery.summary import mean_score
from eudaimon.evaluate.cost.cost import Cost
from eudaimon.evaluate.cost.registry import cost_named
from eudaimon.evaluate.cost.run import COST, cost_rows
from eudaimon.evaluate.panels import limits_of
from eudaimon.evaluate.rows import Label, Row, Rows, read_rows, write_rows
from eudaimon.measure.hierarchical import N_RESAMPLES

if TYPE_CHECKING:
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.models.model import Model

KINDS = ((JudgeUnavailable, "judge gone"), (NotGiven, "not given"))


def run_costs(
    model: Model,
    ground: TownGround | OpenCosts,
    wanted: Sequence[Cost],
    folder: Path,
    *,
    label: Label | None = None,
) -> Done:
    """Read what ``folder`` lacks of the costs and give back all there is; the same call goes on.

    A cost that lacks something, or fails on purpose, leaves a gap, whose attack is ``cost NAME``.
    """
    gaps: list[Gap] = []
    found: list[Path] = []
    for cost in wanted:
        path = folder / "costs" / f"{cost.name}.parquet"
        try:
            if not path.is_file():
                write_rows(path, cost_rows(model, ground, [cost.name], label))
            found.append(path)
        except EudaimonError as error:
            kind = next((name for known, name in KINDS if isinstance(error, known)), "failed")
            gaps.append(Gap(f"cost {cost.name}", "", 0, (), kind, str(error)))
    return Done(read_rows(*found) if found else Rows.of([]), tuple(gaps))


def cost_notes(rows: Iterable[Row], subject: str, *, n_resamples: int = N_RESAMPLES) -> tuple[CostNote, ...]:
    """Each metric of each cost with an interval over questions, in order of appearance."""
    values: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        values.setdefault((str(row.cell[COST]), row.metric), []).append(row)
    notes = []
    for (name, metric), own in values.items():
        known = cost_named(name).metric(metric)
        notes.append(
            CostNote(
                subject=subject,
                cost=name,
                metric=metric,
                score=mean_score(own, n_resamples, limits=limits_of(known.unit)),
                unit=known.unit,
                better=known.better,
            )
        )
    return tuple(notes)
