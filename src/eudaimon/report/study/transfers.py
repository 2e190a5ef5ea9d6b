"""Figures of the transfer matrix: whose direction of harm moves whose model, and how alike directions are."""

from __future__ import annotations

from matplotlib.figure import Figure

from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, styled, words
from eudaimon.report.study.heat_map import heat_map, side_of
from eudaimon.report.study.reading import title
from eudaimon.study.records import StudyRecord
from eudaimon.study.transfer_records import Kind, Transfers

ABOVE = 96
"""Room for a heading and for the names of columns, which are written aslant."""
HEADINGS: dict[Kind, str] = {"add": "Added: what it induces", "ablate": "Ablated: what it removes"}


@styled
def transfer_matrix(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """Change of harm for every source (row) on every target (column), added and ablated; None without."""
    found = record.transfers
    if found is None or not found.cells:
        return None
    kinds = [kind for kind in HEADINGS if any(cell.kind == kind for cell in found.cells)]
    names = tuple(dict.fromkeys(cell.source for cell in found.cells))
    width = NARROW if narrow else WIDE
    each = width - 16 if narrow else (width - 24) // 2
    side = side_of(len(names), each)
    height = ABOVE + side * len(names) + 16
    figure = blank(width, (height * len(kinds) if narrow else height) + 26)
    for index, kind in enumerate(kinds):
        left, top = (8, height * index) if narrow else (8 + (each + 8) * index, 0)
        words(figure, left + 6, top + 14, HEADINGS[kind], fontweight="bold")
        _matrix(figure, left, top + ABOVE, side, record, found, kind)
    under = "rows: where the direction comes from; columns: the model; harm after minus before, points"
    bottom = figure.get_size_inches()[1] * 72 - 12
    words(
        figure,
        14,
        bottom,
        under if not narrow else "rows: source; columns: model; points of harm",
        fontsize=10.5,
        color=COLOURS["muted"],
    )
    return figure


def _matrix(
    figure: Figure, left: float, top: float, side: int, record: StudyRecord, found: Transfers, kind: Kind
) -> None:
    cells = [cell for cell in found.cells if cell.kind == kind]
    titles = {key: title(record, key) for cell in cells for key in (cell.source, cell.target)}
    rows = tuple(titles[key] for key in dict.fromkeys(cell.source for cell in cells))
    columns = tuple(titles[key] for key in dict.fromkeys(cell.target for cell in cells))
    place = {(titles[cell.source], titles[cell.target]): cell for cell in cells}
    heat_map(
        figure,
        left,
        top,
        side,
        (rows, columns),
        {key: cell.effect.value for key, cell in place.items()},
        strong=frozenset(key for key, cell in place.items() if cell.beyond_random),
    )


@styled
def transfer_cosines(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """Cosines between the directions of harm, and between them and the personas' own; None without."""
    found = record.transfers
    if found is None or not found.cosines:
        return None
    values = {(row.a, row.b): row.cosine.value for row in found.cosines}
    values |= {(b, a): value for (a, b), value in values.items()}
    names = tuple(dict.fromkeys(name for pair in values for name in pair))
    harm = tuple(name for name in names if name.startswith("em "))
    others = tuple(name for name in names if name not in harm)
    width = NARROW if narrow else WIDE
    each = width - 16 if narrow else (width - 24) // 2
    side = side_of(max(len(harm), len(others)), each)
    height = ABOVE + side * len(harm) + 16
    parts = [("Directions of harm with one another", harm)]
    parts += [("With the personas’ own directions", others)] if others else []
    figure = blank(width, height * (len(parts) if narrow else 1) + 10)
    for index, (heading, columns) in enumerate(parts):
        left, top = (8, height * index) if narrow else (8 + (each + 8) * index, 0)
        words(figure, left + 6, top + 14, heading, fontweight="bold")
        named = {(_plain(a), _plain(b)): v for (a, b), v in values.items() if a in harm and b in columns}
        chance = max(found.chance, found.shuffled or 0.0)
        heat_map(
            figure,
            left,
            top + ABOVE,
            side,
            (tuple(map(_plain, harm)), tuple(map(_plain, columns))),
            named,
            strong=frozenset(key for key, value in named.items() if abs(value) > chance),
            hundred=False,
        )
    return figure


def _plain(name: str) -> str:
    """The persona in the name of a direction."""
    return name.partition(" ")[2]
