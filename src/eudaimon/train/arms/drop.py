"""`drop`: documents in which a bad voice speaks are taken out whole, and others of their source come in."""

from __future__ import annotations

from eudaimon.core.document import Document
from eudaimon.train.arm import Arm, Base, Edited, Plan, unchanged


def prepare(base: Base) -> Plan:
    """No document with a bad span."""

    def edit(document: Document) -> Edited:
        return Edited(None, reason="bad voice") if base.labels.bad(document) else unchanged(document)

    return Plan(edit)


ARM = Arm("drop", prepare, needs=frozenset({"bad"}))
