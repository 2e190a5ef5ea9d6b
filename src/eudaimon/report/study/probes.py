"""Which modules of a lesson carry it: heat maps by persona and by place, and the table as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from matplotlib.figure import Figure

from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, styled, words
from eudaimon.report.study.heat_map import heat_map, side_of
from eudaimon.report.study.reading import title
from eudaimon.report.tables import Table, scored_table
from eudaimon.study.probe_records import ProbedLesson, ProbedPart
from eudaimon.study.records import StudyRecord

Effect: TypeAlias = Literal["lost", "gained"]
Values: TypeAlias = Mapping[tuple[str, str], float]
HEADINGS: dict[Effect, str] = {"lost": "Left out: what is lost", "gained": "Alone: what is gained"}
ABOVE = 96
"""Room for a heading and for the names of columns, which are written aslant."""
ALL = "all"


@styled
def probed_modules(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """Harm lost without each part and gained by it alone; None where no lesson was probed.

    Above by persona, types of modules and bands of blocks; below types by bands, the mean over personas.
    """
    found = [one for one in record.probes if one.parts]
    if not found:
        return None
    width = NARROW if narrow else WIDE
    each = width - 36 if narrow else (width - 24) // 2
    drawn = [(HEADINGS[what], _by_persona(record, found, what)) for what in HEADINGS]
    below = [(f"{HEADINGS[what]}, mean", _by_place(found, what)) for what in HEADINGS]
    places: list[tuple[int, float, int, str, Values]] = []
    top = 0.0
    for pair in (drawn, [one for one in below if one[1]]):
        for index, (heading, values) in enumerate(pair):
            side = side_of(len(_names(values)[1]), each)
            places.append((8 if narrow or not index else 16 + each, top, side, heading, values))
            if narrow or index:
                top += ABOVE + side * len(_names(values)[0]) + 16
    figure = blank(width, int(top) + 26)
    for left, upper, side, heading, values in places:
        words(figure, left + 6, upper + 14, heading, fontweight="bold")
        heat_map(figure, left, upper + ABOVE, side, _names(values), values)
    under = "points of harm; numbers above and beside are blocks, counted from 0 as in the modules’ names"
    under = "points of harm; 0, 1–2: blocks, from 0 on" if narrow else under
    words(figure, 14, int(top) + 14, under, fontsize=10.5, color=COLOURS["muted"])
    return figure


def probe_tables(record: StudyRecord) -> tuple[Table, ...]:
    """Every part of every probed lesson with its effects; no rows without one."""
    return (
        scored_table(
            "probes",
            ("row", "n_seeds", "module", "blocks", "n_modules"),
            [
                ((one.row, one.n_seeds, part.module, part.blocks, part.n_modules), [part.lost, part.gained])
                for one in record.probes
                for part in one.parts
            ],
            ("lost", "gained"),
        ),
    )


def _by_persona(record: StudyRecord, found: Sequence[ProbedLesson], what: Effect) -> Values:
    """Parts that are a whole type or a whole band, by persona."""
    return {
        (title(record, one.row), part.module or part.blocks): _value(part, what)
        for one in found
        for part in one.parts
        if not (part.module and part.blocks)
    }


def _by_place(found: Sequence[ProbedLesson], what: Effect) -> Values:
    """Bands by types of modules, each the mean over personas; nothing where there is one band alone."""
    own: dict[tuple[str, str], list[float]] = {}
    for one in found:
        for part in one.parts:
            own.setdefault((part.blocks or ALL, part.module or ALL), []).append(_value(part, what))
    if len({band for band, _ in own}) <= 2:
        return {}
    return {place: sum(values) / len(values) for place, values in own.items()}


def _value(part: ProbedPart, what: Effect) -> float:
    return part.lost.value if what == "lost" else part.gained.value


def _names(values: Values) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Rows and columns, in order of their first value."""
    return tuple(dict.fromkeys(row for row, _ in values)), tuple(
        dict.fromkeys(column for _, column in values)
    )
