"""`upsample`: from the first token on, good personas have ``factor`` times their share.

Further documents of theirs come in, from the same source, and documents drawn at random from the rest of the
source give way. Where the corpus has no further ones, ``repeats`` shows those of the base more often instead.
"""

from __future__ import annotations

import math
from collections import defaultdict

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.train.arm import Arm, Base, Edited, Plan, source_of, unchanged
from eudaimon.train.chance import at_random
from eudaimon.train.text import TrainText


def prepare(base: Base, *, factor: float = 2.0, repeats: bool = False) -> Plan:
    """Documents of good personas at ``factor`` (>= 1) times their tokens, at most all of their source.

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

    others: dict[str, list[int]] = defaultdict(list)
    gain: dict[str, float] = defaultdict(float)
    for k, document in enumerate(base.documents):
        if good(document):
            gain[base.sources[k]] += base.sizes[k] * (factor - 1)
        else:
            others[base.sources[k]].append(k)
    ids = [document.id for document in base.documents]
    drawn = [
        k for source in others for k in at_random(others[source], base.sizes, gain[source], base.seed, ids)
    ]
    return Plan(
        repeated if repeats else unchanged,
        gives_way=dict.fromkeys(drawn, "gives way to a good persona"),
        admits=good,
    )


ARM = Arm("upsample", prepare, needs=frozenset({"bad", "good"}))
