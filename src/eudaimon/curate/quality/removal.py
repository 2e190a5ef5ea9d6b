"""What a policy removes from items on a scorer's scores, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from eudaimon.core.progress import progress
from eudaimon.curate.decide import Decision, decide
from eudaimon.curate.policy import Policy
from eudaimon.curate.quality.items import Item, Part
from eudaimon.curate.score_table import of_rows
from eudaimon.curate.scorer import Scorer
from eudaimon.curate.scores import DocumentScores
from eudaimon.curate.voices.turn import MARKUP

A_BATCH = 128
REMOVING = ("mask", "rewrite", "redact")


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """What became of items under a scorer and a policy, in their order.

    ``removed`` says of each character of each document whether it is masked, rewritten or cut, or its
    document dropped; ``harm`` is, for each part in order, the highest harm probability of any segment that
    shares characters with it, NaN where there is none. ``failed`` numbers the documents that are errors:
    nothing is removed from them.
    """

    items: tuple[Item, ...]
    removed: tuple[Bool[ndarray, "characters"], ...]
    harm: Float[ndarray, "parts"]
    failed: tuple[int, ...]

    def share(self, number: int, part: Part) -> float:
        """The share of a part's own characters that is removed, in [0, 1]."""
        own = own_characters(part, len(self.items[number].document.text))
        return float(self.removed[number][own].mean()) if own.any() else 0.0


def removal(scorer: Scorer, items: Sequence[Item], policy: Policy, *, show_progress: bool = True) -> Removal:
    """Score the items' documents and apply the policy; what a scorer does not score counts as if it held.

    So a scorer of harm alone removes wherever the harm is probable, and one that tells stances is asked for
    them, too.
    """
    lenient = policy.model_copy(update={"not_scored": "holds"})
    removed: list[Bool[ndarray, "characters"]] = []
    harm: list[float] = []
    failed: list[int] = []
    with progress("Score", len(items), "documents", enabled=show_progress) as advance:
        for first in range(0, len(items), A_BATCH):
            batch = items[first : first + A_BATCH]
            rows = scorer.score([item.document for item in batch]).to_pylist()
            for item, scores in zip(batch, of_rows(Path("scores"), rows), strict=True):
                decision = decide(lenient, scores)
                if decision.outcome == "error":
                    failed.append(len(removed))
                removed.append(_removed(decision, len(item.document.text)))
                harm += [_harm(scores, part) for part in item.parts]
            advance(len(batch))
    return Removal(tuple(items), tuple(removed), np.array(harm, dtype=np.float64), tuple(failed))


def own_characters(part: Part, length: int) -> Bool[ndarray, "characters"]:
    """Which characters of a document of that length the part's voice says itself."""
    own = np.zeros(length, dtype=bool)
    own[part.start : part.end] = True
    for start, end in part.holes:
        own[start:end] = False
    return own


def _removed(decision: Decision, length: int) -> Bool[ndarray, "characters"]:
    marks = np.full(length, decision.outcome == "drop")
    for span in decision.spans:
        if span.action in REMOVING and decision.outcome != "error":
            marks[span.start : span.end] = True
    return marks


def _harm(scores: DocumentScores, part: Part) -> float:
    found = [
        max(segment.harm.values())
        for segment in scores.segments
        if segment.harm and segment.voice != MARKUP and segment.start < part.end and part.start < segment.end
    ]
    return max(found, default=float("nan"))
