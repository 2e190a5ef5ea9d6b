"""HateCheck (CC-BY-4.0): short texts written to tell use from mention, functionality by functionality."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from eudaimon.core.errors import BadRows
from eudaimon.curate.labelled.meanings import hatecheck_labels
from eudaimon.curate.labelled.rows import rows
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.labelled.splits import split_of

SOURCE = "hatecheck"


def read_hatecheck(path: str | Path) -> Iterator[LabelledSegment]:
    """Every case, ``kind`` its functionality, its template as the group: no template is in two splits.

    Rows have ``text``, ``functionality`` and ``template`` (or ``templ_id`` and ``test_case``, as published).
    What a functionality means in our terms is in ``labels.yaml``. HateCheck counts protected groups only, so
    that its ``target_*_nh`` rows, "not hateful", are abuse here; counter-speech speaks of hate and condemns
    it. Frames, traits and hazard are None; so is everything for ``negate_neg_nh``, which mixes two stances.
    """
    for row in rows(path, "functionality"):
        labels = hatecheck_labels(row["functionality"])
        text, template = row.get("text", row.get("test_case")), row.get("template", row.get("templ_id"))
        if labels is None or not text or template is None:
            raise BadRows(
                f"{path}: {row['functionality']!r} is no functionality of HateCheck, or a text is missing"
            )
        group = f"{SOURCE}/{row['functionality']}/{template}"
        yield LabelledSegment(
            text,
            SOURCE,
            group,
            split_of(group),
            voice="narrator",
            subject="human",
            kind=row["functionality"],
            **labels,
        )
