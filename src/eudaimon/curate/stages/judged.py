"""What a judge said as labelled segments, each standing for as many as it was drawn from."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from eudaimon.core.errors import UsageError
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.labelled.splits import split_of
from eudaimon.curate.stages.judgements import Judgement, read_judgements
from eudaimon.curate.stages.verdict import request_hash

log = logging.getLogger(__name__)

HEAVIEST = 20.0
"""How many times the lightest judged row weighs at most what another does.

The audit sample is drawn one in a thousand: unbounded weights would let a few rows decide everything.
"""
JUDGED = "judged"


@dataclass(frozen=True)
class Judged:
    """Judged segments, and what was left aside: refusals, and verdicts of other judges or rubrics."""

    segments: tuple[LabelledSegment, ...]
    refused: int
    others: int


def judged_segments(records: str | Path, *, judge: str | None = None, weight: float = 1.0) -> Judged:
    """The labels on record in a folder, in the order of its files, as segments to learn from.

    Only labels by the present rubric count, and those of ``judge`` where one is named. A row weighs one over
    the probability with which it was chosen, at most `HEAVIEST` times the lightest, scaled so that the mean
    is ``weight``. Rows are split by the text of their document; their source is its source. Raises
    `UsageError` where nothing is on record, or several judges are and none is named.
    """
    every = list(read_judgements(records))
    right = [entry for entry in every if entry.rubric == request_hash() and judge in (None, entry.judge)]
    judges = sorted({entry.judge for entry in right})
    if len(judges) > 1:
        raise UsageError(
            f"{records} holds labels of {', '.join(judges)}",
            right="the labels of one judge",
            do="--judge NAME",
        )
    labelled = [entry for entry in right if entry.verdict.labels]
    if not labelled:
        raise UsageError(
            f"{records} has {len(every)} judgements, and no label of this judge by this rubric",
            right="the folder that `eudaimon curate score --judge-records` wrote",
        )
    chances = [min(1.0, entry.asked.chance) for entry in labelled]
    raw = [min(1 / chance, HEAVIEST / max(chances)) for chance in chances]
    scale = weight * len(raw) / sum(raw)
    found = Judged(
        tuple(_segment(entry, each * scale) for entry, each in zip(labelled, raw, strict=True)),
        refused=len(right) - len(labelled),
        others=len(every) - len(right),
    )
    if found.others:
        log.warning("%d judgements in %s are by another judge or rubric", found.others, records)
    return found


def _segment(entry: Judgement, weight: float) -> LabelledSegment:
    item, labels = entry.asked.excerpt, entry.verdict.labels
    assert labels is not None
    group = entry.asked.group or item.hash
    row = LabelledSegment(
        item.text,
        entry.asked.source or JUDGED,
        group,
        split_of(group),
        before=item.before,
        after=item.after,
        voice=item.voice,
        frame_text=f"{item.frame_before}{item.text}{item.frame_after}" if item.quoted else "",
        kind=JUDGED,
        weight=weight,
    )
    return replace(row, **{name: labels[name] for name in labels})
