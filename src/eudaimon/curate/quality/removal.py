"""What a policy removes from items on a scorer's scores, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from eudaimon.core.document import Document
from eudaimon.core.progress import progress
from eudaimon.curate.decide import Decision, decide
from eudaimon.curate.policy import Policy
from eudaimon.curate.quality.items import Item, Part
from eudaimon.curate.score_table import of_rows
from eudaimon.curate.scorer import Scorer
from eudaimon.curate.stages.escalation import suspicions
from eudaimon.curate.stages.staged import StagedScorer
from eudaimon.curate.voices.turn import MARKUP

A_BATCH = 128
REMOVING = ("mask", "rewrite", "redact")


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """What became of items under a scorer and a policy, in their order.

    ``removed`` says of each character of each document whether it is masked, rewritten or cut, or its
    document dropped; ``harm`` is, for each part in order, the highest harm probability of any segment that
    shares characters with it, NaN where there is none, and ``suspicion`` likewise what the first stages of a
    cascade suspect (`eudaimon.curate.stages.escalation.suspicions`), or the harm where a scorer has none.
    ``failed`` numbers the documents that are errors: nothing is removed from them.
    """

    items: tuple[Item, ...]
    removed: tuple[Bool[ndarray, "characters"], ...]
    harm: Float[ndarray, "parts"]
    suspicion: Float[ndarray, "parts"]
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
    suspicion: list[float] = []
    failed: list[int] = []
    with progress("Score", len(items), "documents", enabled=show_progress) as advance:
        for first in range(0, len(items), A_BATCH):
            batch = items[first : first + A_BATCH]
            documents = [item.document for item in batch]
            rows = scorer.score(documents).to_pylist()
            suspected = _suspected(scorer, documents)
            for k, (item, scores) in enumerate(zip(batch, of_rows(Path("scores"), rows), strict=True)):
                decision = decide(lenient, scores)
                if decision.outcome == "error":
                    failed.append(len(removed))
                removed.append(_removed(decision, len(item.document.text)))
                harms = [
                    (s.start, s.end, max(s.harm.values()))
                    for s in scores.segments
                    if s.harm and s.voice != MARKUP
                ]
                harm += [_highest(harms, part) for part in item.parts]
                suspicion += [_highest(harms if suspected is None else suspected[k], p) for p in item.parts]
            advance(len(batch))
    ranked = (np.array(harm, dtype=np.float64), np.array(suspicion, dtype=np.float64))
    return Removal(tuple(items), tuple(removed), *ranked, tuple(failed))


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


_Values = list[tuple[int, int, float]]


def _highest(values: _Values, part: Part) -> float:
    """The highest value of a segment that shares characters with the part; NaN where there is none."""
    found = [value for start, end, value in values if start < part.end and part.start < end]
    return max(found, default=float("nan"))


def _suspected(scorer: Scorer, documents: Sequence[Document]) -> list[_Values] | None:
    """Start, end and suspicion of the segments of each document; None where no stage suspects."""
    first = getattr(scorer, "first", scorer)
    if not isinstance(first, StagedScorer) or not first.stages:
        return None
    batch = first.read(documents)
    spans, values = batch.spans, suspicions(batch)
    found: list[_Values] = [[] for _ in documents]
    for row, number in enumerate(spans.document.tolist()):
        if spans.voice[row] != MARKUP:
            found[number].append((int(spans.start[row]), int(spans.end[row]), float(values[row])))
    return found
