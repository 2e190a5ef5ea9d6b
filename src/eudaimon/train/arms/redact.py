"""`redact`: what bad voices say is cut out of the text; the rest of the document stays."""

from __future__ import annotations

from eudaimon.core.document import Document
from eudaimon.train.arm import Arm, Base, Edited, Plan, source_of
from eudaimon.train.spans import cut_out
from eudaimon.train.text import TrainText


def prepare(base: Base) -> Plan:
    """Every document without its bad spans; documents of which nothing is left are replaced."""

    def edit(document: Document) -> Edited:
        spans = base.labels.bad(document)
        left = cut_out(document.text, spans) if spans else document.text
        if not left.strip():
            return Edited(None, reason="nothing but bad voices")
        return Edited(TrainText(document.id, left, source=source_of(document)), cut=spans, reason="bad voice")

    return Plan(edit)


ARM = Arm("redact", prepare, needs=frozenset({"bad"}))
