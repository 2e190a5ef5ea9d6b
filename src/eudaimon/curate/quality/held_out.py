"""The held-out items of an evaluation: test rows of labelled sets, and the gold passages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from eudaimon.curate.labelled.comments import SOURCE as COMMENTS
from eudaimon.curate.labelled.comments import WHOLE, toxic_spans
from eudaimon.curate.labelled.rows import rows
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.labelled.splits import of_split, sampled
from eudaimon.curate.policy import Policy
from eudaimon.curate.quality.gold import gold_items
from eudaimon.curate.quality.items import Item, items


def held_out(
    segments: Iterable[LabelledSegment],
    policy: Policy,
    *,
    most: int = 1000,
    gold: bool = True,
    comments: str | Path | None = None,
    seed: int = 0,
) -> list[Item]:
    """The rows of the split ``test`` as items, at most so many documents of each set, drawn by hash.

    ``comments`` is the file of the set of that name, whose marked spans are read again for the F1 of
    characters. With ``gold`` the gold passages follow twice: with voices to be found, and with voices given.
    """
    # A whole comment repeats its sentences.
    tested = [
        each
        for each in of_split(segments, "test")
        if not (each.source == COMMENTS and each.kind == WHOLE and each.weight > 0)
    ]
    marked = None
    if comments is not None:
        marked = {row["text"]: toxic_spans(comments, row) for row in rows(comments, "text")}
    found: list[Item] = []
    every = items(tested, policy, marked)
    for of in dict.fromkeys(item.of for item in every):
        here = [item for item in every if item.of == of]
        found += sampled(here, most, lambda item: item.document.text, seed)
    return [*found, *gold_items(policy), *gold_items(policy, voices=True)] if gold else found
