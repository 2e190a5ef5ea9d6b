"""Ratings by a language model: the same items and the same rubric as a person gets, and no scores."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from eudaimon.core.errors import UsageError
from eudaimon.core.progress import progress
from eudaimon.curate.audit.ratings import Labels, Rating, add_ratings, read_ratings
from eudaimon.curate.audit.records import AuditItem
from eudaimon.curate.rubric import rubric_hash

logger = logging.getLogger(__name__)

Rate = Callable[[Sequence[AuditItem]], Sequence[Labels | None]]
"""Items with their texts and context in, their labels out, in order; None where the judge did not say."""

AT_ONCE = 16


def rate_by(rate: Rate, items: Sequence[AuditItem], rater: str, path: str | Path) -> int:
    """How many items the judge labelled, adding its ratings to the file as they come.

    Items that ``rater`` has rated in the file already are not sent again; what the judge did not say is
    recorded as skipped. Raises `UsageError` when an item has no text or the judge returns another number of
    labels; what was rated until then stays.
    """
    if any(item.text is None for item in items):
        raise UsageError("items without their text cannot be rated", right="the corpus that was scored")
    rated = {rating.key for rating in read_ratings(path) if rating.rater == rater}
    left = [item for item in items if item.key not in rated]
    n_labelled = 0
    with progress("judging", len(left), "segments") as advance:
        for start in range(0, len(left), AT_ONCE):
            part = left[start : start + AT_ONCE]
            labels = rate(part)
            if len(labels) != len(part):
                raise UsageError(f"{rater} gave {len(labels)} labels for {len(part)} segments")
            add_ratings(path, (_rating(item, rater, said) for item, said in zip(part, labels, strict=True)))
            n_labelled += sum(said is not None for said in labels)
            advance(len(part))
    if n_labelled < len(left):
        logger.warning("%s did not label %d of %d segments", rater, len(left) - n_labelled, len(left))
    return n_labelled


def _rating(item: AuditItem, rater: str, labels: Labels | None) -> Rating:
    return Rating(
        document=item.document,
        segment=item.segment,
        rater=rater,
        rubric=rubric_hash(),
        labels=labels or Labels(),
        skipped=labels is None,
    )
