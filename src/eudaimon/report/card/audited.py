"""The audit as dots with intervals: over-removal by source, by dialect and by identity terms."""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from eudaimon.core import Score
from eudaimon.curate.audit.records import GroupFinding
from eudaimon.curate.card.record import CardRecord
from eudaimon.report.card.reading import groups, source_name
from eudaimon.report.figures.dots import Mark, Row, dots
from eudaimon.report.words import visible

KINDS = (("source", "monitor"), ("dialect", "text"), ("identity", "series1"))
MOST_ROWS = 24


def over_removal(record: CardRecord, *, narrow: bool = False) -> Figure | None:
    """The share of good text that is removed, in per cent, by group; None where no group was rated enough."""
    audit = record.audit
    if audit is None or audit.over_removal is None:
        return None
    found: list[tuple[GroupFinding, Score, str]] = [
        (group, group.over_removal, colour)
        for kind, colour in KINDS
        for group in groups(record, kind)
        if group.over_removal is not None
    ]
    rows = [Row("whole corpus", (Mark(_percent(audit.over_removal), "harmful"),), strong=True)]
    rows += [
        Row(visible(source_name(group.name)), (Mark(_percent(score), colour),))
        for group, score, colour in found[:MOST_ROWS]
    ]
    reach = max(
        end for row in rows for mark in row.marks if (end := mark.score.high or mark.score.value) >= 0
    )
    keys = [
        ("●", f"by {kind}" if kind != "identity" else "by identity terms", colour)
        for kind, colour in KINDS
        if any(entry[2] == colour for entry in found)
    ]
    axis = "good text that is removed, %; 95 % intervals"
    reference = 100 * audit.over_removal.value
    return dots(rows, keys, narrow=narrow, axis=axis, limits=(0.0, _round_up(reach)), reference=reference)


def _percent(score: Score) -> Score:
    low, high = (None if end is None else 100 * end for end in (score.low, score.high))
    return Score(value=100 * score.value, low=low, high=high, n=score.n)


def _round_up(value: float) -> float:
    if value <= 0:
        return 1.0
    step: float = 10.0 ** math.floor(math.log10(value))
    return min(100.0, math.ceil(value / step) * step)
