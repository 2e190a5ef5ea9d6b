"""The figures of any record, by name: those of its report, drawn only when somebody looks at one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from matplotlib.figure import Figure

from eudaimon.curate.card.record import CardRecord
from eudaimon.evaluate.battery.record import BatteryRecord
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.report.card.figures import FIGURES as CARD
from eudaimon.report.card.tables import card_tables
from eudaimon.report.evaluation.tables import evaluation_tables
from eudaimon.report.evaluation.write import FIGURES as BATTERY
from eudaimon.report.figures.svg import svg
from eudaimon.report.page import FIGURES as MONITOR
from eudaimon.report.study.figures import study_figures
from eudaimon.report.study.tables import study_tables
from eudaimon.report.tables import Table, tables
from eudaimon.study.records import StudyRecord

AnyRecord: TypeAlias = StudyRecord | EvaluationRecord | BatteryRecord | CardRecord
BEHIND: dict[str, tuple[str, ...]] = {
    "layer_sweep": ("sweep",),
    "score_histogram": ("scores",),
    "sources": ("measurements",),
    "tone_audit": ("tone_audit", "variance_shares"),
    "separability": ("judge_free",),
    "treated": ("sources",),
    "score_bins": ("histogram",),
    "over_removal": ("audit_groups",),
}
"""The tables that hold what a figure shows, where they are not called as the figure is."""


@dataclass(frozen=True)
class Drawable:
    """A figure of a record: its name, its title, the tables with what it shows, and where from."""

    name: str
    title: str
    tables: tuple[Table, ...]
    _draw: Callable[..., Figure | None] = field(repr=False)
    record: AnyRecord = field(repr=False)

    def svg(self, *, narrow: bool = False) -> str:
        """The figure as the report writes it, for wide or for narrow screens; empty where there is none."""
        drawn = self._draw(self.record, narrow=narrow)
        return svg(drawn, self.title) if drawn is not None else ""


def tables_of(record: AnyRecord) -> tuple[Table, ...]:
    """The tables of a record that have rows."""
    found: Iterable[Table]
    if isinstance(record, StudyRecord):
        found = study_tables(record)
    elif isinstance(record, EvaluationRecord):
        found = tables(record)
    elif isinstance(record, BatteryRecord):
        found = evaluation_tables(record)
    else:
        found = card_tables(record)
    return tuple(table for table in found if table.rows)


def figures_of(record: AnyRecord) -> tuple[Drawable, ...]:
    """The figures that the record has data for, in the order of its report; none is drawn."""
    known = {table.name: table for table in tables_of(record)}
    if isinstance(record, StudyRecord):
        return tuple(
            Drawable(f"{record.study}-{one.name}", one.heading, held, one.draw, record)
            for one in study_figures(record)
            if (held := _held(known, [f"{record.study}-{name}" for name in one.tables]))
        )
    figures: dict[str, Any]
    if isinstance(record, EvaluationRecord):
        figures = MONITOR
    elif isinstance(record, BatteryRecord):
        figures = BATTERY
    else:
        figures = CARD
    return tuple(
        Drawable(name, title, held, draw, record)
        for name, (draw, title) in figures.items()
        if (held := _held(known, BEHIND.get(name, (name,))))
    )


def _held(known: dict[str, Table], names: Iterable[str]) -> tuple[Table, ...]:
    return tuple(known[name] for name in names if name in known)
