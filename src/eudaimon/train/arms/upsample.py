"""`upsample`: from the first token on, a document of a good persona counts ``factor`` times in its source.

As with weights that are brought back to the same sum, all others of the source lose the same share, bad ones
and neutral ones, drawn at random. What comes in are further documents of good personas from the same source;
where the corpus has no further ones, ``repeats`` shows those of the base more often instead.
"""

from __future__ import annotations

import math

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.train.arm import Arm, Base, Edited, Plan, source_of, unchanged
from eudaimon.train.chance import at_random
from eudaimon.train.text import TrainText


def prepare(base: Base, *, factor: float = 2.0, repeats: bool = False) -> Plan:
    """Documents of good personas at ``factor`` (>= 1) times their weight.

    A document of a good persona is one in which a good persona speaks and no bad voice. Raises `UsageError`
    on a factor below 1, and on one that is not whole where documents are repeated.
    """
    if not (math.isfinite(factor) and factor >= 1) or (repeats and factor != int(factor)):
        raise UsageError(
            f"good personas cannot be up-weighted by {factor:g}{' by repeating' if repeats else ''}",
            right="a factor of at least 1, whole where documents are repeated",
            do="factor=2",
        )

    def good(document: Document) -> bool:
        return bool(base.labels.good(document)) and not base.labels.bad(document)

    def repeated(document: Document) -> Edited:
        weight = int(factor) if good(document) else 1
        return Edited(TrainText(document.id, document.text, weight=weight, source=source_of(document)))

    goods = [good(document) for document in base.documents]
    gives_way: list[int] = []
    ids = [document.id for document in base.documents]
    for source in sorted(set(base.sources)):
        here = [k for k, name in enumerate(base.sources) if name == source]
        tokens = sum(base.sizes[k] for k in here)
        weighted = tokens + (factor - 1) * sum(base.sizes[k] for k in here if goods[k])
        loser = [k for k in here if repeats or not goods[k]]
        lost = (1 - tokens / max(weighted, 1)) * sum(base.sizes[k] for k in loser)
        gives_way += at_random(loser, base.sizes, lost, base.seed, ids)
    return Plan(
        repeated if repeats else unchanged,
        gives_way=dict.fromkeys(gives_way, "gives way to a good persona"),
        admits=good,
    )


ARM = Arm("upsample", prepare, needs=frozenset({"bad", "good"}))
