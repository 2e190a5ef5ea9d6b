"""ETHICS, the short commonsense part (MIT): what somebody says that they did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from eudaimon.curate.labelled.rows import rows
from eudaimon.curate.labelled.segment import LabelledSegment, harmless
from eudaimon.curate.labelled.splits import split_of
from eudaimon.data.taxonomy import by_rules

SOURCE = "ethics"
WRONG, FINE = "wrong", "fine"
BELIEF = 0.8
WEIGHT, WEIGHT_FINE = 0.5, 1.0


def read_ethics(path: str | Path) -> Iterator[LabelledSegment]:
    """The short first-person accounts of the commonsense part: what is clearly wrong, and what is not.

    Rows have ``input``, ``label`` (1: clearly wrong) and ``is_short``; others are passed over. A wrong is an
    unrepentant account by its doer: stance enacts, believed at .8, of the category that the rules of
    `eudaimon.data` see (``other`` where they see none); how severe it is nobody said. What is not wrong has
    no harm and stance none. Accounts with the same first words are variants of one another and share a group.

    Not read, because the label is not one of a voice: *virtue* (a trait of somebody who is spoken of),
    *justice* and *deontology* (whether a reason is a good one), *utilitarianism* (what is pleasant), and the
    long accounts (forum posts, in which the doer often asks whether it was wrong).
    """
    for row in rows(path):
        if str(row.get("is_short")) != "True" or row.get("input") is None:
            continue
        text = str(row["input"])
        group = f"{SOURCE}/{' '.join(text.lower().split()[:4])}"
        wrong = str(row["label"]) == "1"
        yield LabelledSegment(
            text,
            SOURCE,
            group,
            split_of(group),
            voice="narrator",
            subject="human",
            harm={by_rules(text) or "other": BELIEF} if wrong else harmless(),
            stance="enacts" if wrong else "none",
            severity=None if wrong else 0.0,
            kind=WRONG if wrong else FINE,
            weight=WEIGHT if wrong else WEIGHT_FINE,
        )
