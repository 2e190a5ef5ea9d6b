"""`mask+upsample`: good personas have a larger share, and nothing is learned from bad voices."""

from __future__ import annotations

from dataclasses import replace

from eudaimon.core.document import Document
from eudaimon.train.arm import Arm, Base, Edited, Plan
from eudaimon.train.arms import mask, upsample


def prepare(base: Base, *, factor: float = 2.0, repeats: bool = False) -> Plan:
    """The documents of `upsample` with the masks of `mask`; options and errors as there."""
    more, masked = upsample.prepare(base, factor=factor, repeats=repeats), mask.prepare(base)

    def edit(document: Document) -> Edited:
        text, spans = more.edit(document).text, masked.edit(document).text
        assert text and spans, "neither arm removes documents"
        return Edited(replace(text, no_loss=spans.no_loss))

    return replace(more, edit=edit)


ARM = Arm("mask+upsample", prepare, needs=frozenset({"bad", "good"}))
