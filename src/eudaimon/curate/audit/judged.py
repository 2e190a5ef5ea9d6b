"""Ratings by a language model: the same items and the same rubric as a person gets, and no scores."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.errors import UsageError
from eudaimon.core.progress import progress
from eudaimon.curate.audit.ratings import Labels, Rating, add_ratings, read_ratings
from eudaimon.curate.audit.records import AuditItem
from eudaimon.curate.rubric import rubric_hash
from eudaimon.curate.scores import SegmentScores

if TYPE_CHECKING:
    from eudaimon.curate.stages.judge import JudgeStage

logger = logging.getLogger(__name__)

Rate = Callable[[Sequence[AuditItem]], Sequence[Labels | None]]
"""Items with their texts and context in, their labels out, in order; None where the judge did not say."""

AT_ONCE = 16


def by_judge(judge: JudgeStage) -> Rate:
    """How a judge of the cascade rates items: it sees their texts, and the voice that quotes them."""
    from eudaimon.curate.stages.excerpt import excerpt
    from eudaimon.curate.stages.judgements import Asked

    def rate(items: Sequence[AuditItem]) -> list[Labels | None]:
        asked = []
        for item in items:
            shift = item.start - len(item.before)
            text = f"{item.before}{item.text}{item.after}"
            frame = None if item.frame is None else (max(0, item.frame[0] - shift), item.frame[1] - shift)
            end = len(text) - len(item.after)
            shown = excerpt(text, len(item.before), end, frame=frame, voice=item.voice)
            asked.append(Asked(shown, item.source))
        said = (verdict.labels for verdict in judge.judge(asked))
        return [None if labels is None else Labels.of(SegmentScores("", 0, 0, **labels)) for labels in said]

    return rate


def rate_by(rate: Rate, items: Sequence[AuditItem], rater: str, path: str | Path, *, rubric: str = "") -> int:
    """How many items the judge labelled, adding its ratings to the file as they come.

    Items that ``rater`` has rated in the file already are not sent again; what the judge did not say is left
    unrated, and is asked another time. ``rubric`` is the hash of what it was told, where that is more than
    the rubric. Raises `UsageError` when an item has no text or the judge returns another number of labels;
    what was rated until then stays.
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
            said = [(item, each) for item, each in zip(part, labels, strict=True) if each is not None]
            add_ratings(path, (_rating(item, rater, rubric, each) for item, each in said))
            n_labelled += len(said)
            advance(len(part))
    if n_labelled < len(left):
        logger.warning("%s did not label %d of %d segments", rater, len(left) - n_labelled, len(left))
    return n_labelled


def _rating(item: AuditItem, rater: str, rubric: str, labels: Labels) -> Rating:
    return Rating(
        document=item.document,
        segment=item.segment,
        rater=rater,
        rubric=rubric or rubric_hash(),
        labels=labels,
    )
