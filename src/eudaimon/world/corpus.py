"""Documents by their numbers: their layouts, tokens and voices, many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from eudaimon.world.draws import Draws
from eudaimon.world.mixture import DocumentKind, Mixture
from eudaimon.world.page import Page
from eudaimon.world.scenes import almanac, biography, correction, dialogue, notice, overheard, story
from eudaimon.world.scenes.stage import Stage
from eudaimon.world.tables import fact_table

SCENES: dict[DocumentKind, Callable[[Page, Stage], None]] = {
    "short_dialogue": dialogue.write_short,
    "long_dialogue": dialogue.write_long,
    "biography": biography.write,
    "story": story.write,
    "almanac": almanac.write,
    "notice": notice.write,
    "correction": correction.write,
    "overheard": overheard.write,
}
KINDS: tuple[DocumentKind, ...] = get_args(DocumentKind)


def pages(
    seed: int, mixture: Mixture, domains: tuple[str, ...], start: int, n: int
) -> list[tuple[DocumentKind, Int[ndarray, "rows"], Page]]:
    """Documents ``start`` to ``start + n - 1`` by kind: the kind, their places in this range, their page."""
    draws = Draws(seed, np.arange(start, start + n, dtype=np.uint64))
    kind = draws.pick(np.array([mixture.kinds.get(name, 0.0) for name in KINDS]))
    found = []
    for number, name in enumerate(KINDS):
        rows = np.flatnonzero(kind == number)
        if len(rows):
            page = Page(len(rows))
            SCENES[name](page, Stage(draws.of(rows), mixture, fact_table(domains)))
            found.append((name, rows, page))
    return found
