"""`mask`: what bad voices say stays to be read, and nothing is learned from it (arXiv 2601.21571)."""

from __future__ import annotations

from eudaimon.core.document import Document
from eudaimon.train.arm import Arm, Base, Edited, Plan, source_of
from eudaimon.train.text import TrainText


def prepare(base: Base) -> Plan:
    """Every document unchanged, its bad spans without loss."""

    def edit(document: Document) -> Edited:
        spans = base.labels.bad(document)
        return Edited(TrainText(document.id, document.text, no_loss=spans, source=source_of(document)))

    return Plan(edit)


ARM = Arm("mask", prepare, needs=frozenset({"bad"}))
