"""HateCheck (CC-BY-4.0): short texts written to tell use from mention, functionality by functionality."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from eudaimon.core.errors import BadRows
from eudaimon.curate.labelled.meanings import hatecheck_labels
from eudaimon.curate.labelled.rows import rows
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.labelled.splits import split_of
from eudaimon.curate.voices.find import segments

SOURCE = "hatecheck"
QUOTED, ANSWERED = "counter_quote_nh", "counter_quote_nh/quoted"


def read_hatecheck(path: str | Path) -> Iterator[LabelledSegment]:
    """Every case, ``kind`` its functionality, its template as the group: no template is in two splits.

    Rows have ``text``, ``functionality`` and ``template`` (or ``templ_id`` and ``test_case``, as published).
    What a functionality means in our terms is in ``labels.yaml``. HateCheck counts protected groups only, so
    that its ``target_*_nh`` rows, "not hateful", are abuse here; counter-speech speaks of hate and condemns
    it. Frames, traits and hazard are None; so is everything for ``negate_neg_nh``, which mixes two stances.

    What counter-speech quotes is a voice of its own, contempt that the frame condemns (``kind``
    "counter_quote_nh/quoted"). The split ``test`` has the texts as they were published, and no such rows.
    """
    for row in rows(path, "functionality"):
        labels = hatecheck_labels(row["functionality"])
        text, template = row.get("text", row.get("test_case")), row.get("template", row.get("templ_id"))
        if labels is None or not text or template is None:
            raise BadRows(
                f"{path}: {row['functionality']!r} is no functionality of HateCheck, or a text is missing"
            )
        group = f"{SOURCE}/{row['functionality']}/{template}"
        whole = LabelledSegment(
            text,
            SOURCE,
            group,
            split_of(group),
            voice="narrator",
            subject="human",
            kind=row["functionality"],
            **labels,
        )
        yield whole
        if whole.kind == QUOTED and whole.split != "test":
            yield from _quoted(whole)


def _quoted(whole: LabelledSegment) -> Iterator[LabelledSegment]:
    """The voices that a text quotes and condemns."""
    for each in segments(whole.text, form="prose"):
        if each.parent is not None:
            yield replace(
                whole,
                text=whole.text[each.start : each.end],
                before=whole.text[: each.start],
                after=whole.text[each.end :],
                frame_text=whole.text,
                voice=each.voice,
                kind=ANSWERED,
                stance="enacts",
                frame="condemns",
            )
