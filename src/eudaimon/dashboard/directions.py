"""Files of directions side by side: their cosines, and the dimensions that each rests on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np
from matplotlib.figure import Figure

from eudaimon.core.site import Site
from eudaimon.dashboard.tables import Row
from eudaimon.report.figures.style import NARROW, WIDE, blank, styled, words
from eudaimon.report.study.heat_map import LABEL, heat_map, side_of
from eudaimon.vectors.comparison import Cosines, compare
from eudaimon.vectors.conversion import read_directions
from eudaimon.vectors.direction import Direction

ABOVE = 96


def read_sites(paths: Mapping[str, Path]) -> dict[str, tuple[Site, ...]]:
    """The sites at which each file has a direction; raises `UsageError` on a file that holds none."""
    return {name: read_directions(path).sites for name, path in paths.items()}


def at_site(paths: Mapping[str, Path], site: Site | None) -> dict[str, Direction]:
    """One direction of each file: that at ``site``, or the file's middle one where None is asked for.

    Raises `UsageError` where a file has none at that site.
    """
    found = {}
    for name, path in paths.items():
        held = read_directions(path)
        found[name] = held.at(site) if site is not None else held.directions[len(held) // 2]
    return found


def cosines(directions: Mapping[str, Direction]) -> Cosines:
    """The cosines of all pairs, beside what chance gives; raises `UsageError` when their widths differ."""
    return compare(dict(directions))


def cosine_rows(found: Cosines) -> list[Row]:
    """A row a pair, the largest cosine first, and whether it lies beyond what two random ones reach."""
    return sorted(
        ({**row, "beyond_chance": bool(row["beyond_chance"])} for row in found.rows()),
        key=lambda row: -abs(float(row["cosine"])),
    )


@styled
def cosine_map(found: Cosines, *, narrow: bool = False) -> Figure | None:
    """The cosines as the report's heat map; grey and dotted within chance. None for a single direction."""
    names = [f"{k} {PurePosixPath(label).stem}" for k, label in enumerate(found.labels, start=1)]
    if len(names) < 2:
        return None
    width = NARROW if narrow else WIDE
    side = side_of(len(names), width - 16)
    needed = LABEL + side * len(names) + 24
    figure = blank(max(width, needed), ABOVE + side * len(names) + 40)
    values = {(a, b): float(found.values[i, j]) for i, a in enumerate(names) for j, b in enumerate(names)}
    strong = frozenset(pair for pair, value in values.items() if abs(value) > found.null)
    words(figure, 14, 14, f"within ±{found.null:.2f}: as two random directions", color="#63636b")
    heat_map(figure, 8, ABOVE, side, (names, names), values, strong=strong, hundred=False)
    return figure


def top_dimensions(direction: Direction, most: int = 12) -> list[Row]:
    """The dimensions of the largest weights: index, weight in [-1, 1], share of the squared length so far."""
    order = np.argsort(-np.abs(direction.vector), kind="stable")[:most]
    share = np.cumsum(direction.vector[order].astype(np.float64) ** 2)
    return [
        {"dimension": int(index), "weight": float(direction.vector[index]), "share_so_far": float(total)}
        for index, total in zip(order, share, strict=True)
    ]
