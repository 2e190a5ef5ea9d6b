"""`good_only`: only documents in which a good persona speaks and no bad voice does."""

from __future__ import annotations

from eudaimon.core.document import Document
from eudaimon.train.arm import Arm, Base, Edited, Plan, unchanged


def prepare(base: Base) -> Plan:
    """Documents with a good span and without a bad one."""

    def edit(document: Document) -> Edited:
        if base.labels.bad(document):
            return Edited(None, reason="bad voice")
        if not base.labels.good(document):
            return Edited(None, reason="no good persona")
        return unchanged(document)

    return Plan(edit)


ARM = Arm("good_only", prepare, needs=frozenset({"bad", "good"}))
