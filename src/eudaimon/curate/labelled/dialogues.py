"""Anthropic's hh-rlhf, the harmless part (MIT): the last turn of the assistant, preferred or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eudaimon.core.identity import short_hash
from eudaimon.curate.labelled.meanings import refusal
from eudaimon.curate.labelled.rows import rows
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.labelled.splits import split_of
from eudaimon.data.taxonomy import by_rules

SOURCE = "dialogues"
BELIEF = {"rejected": 0.6, "chosen": 0.4}
WEIGHT = 0.2
_TURN = re.compile(r"(?:\A|\n\n)(Human|Assistant): ?")


def read_dialogues(path: str | Path) -> Iterator[LabelledSegment]:
    """The last assistant turn of each dialogue, ``kind`` "chosen" or "rejected".

    Rows have ``text`` and ``side``, or ``chosen`` and ``rejected`` as published. **Rejected is a weak
    label**: a rater liked the other answer better. Both may be harmless, both harmful, and refusals are
    rejected for being curt. So the label is a belief (.6 and .4) in the harm category that the rules of
    `eudaimon.data` see in what was asked (``other`` where they see none), at a fifth of a row's weight.
    Where the turn's words refuse or warn (``labels.yaml``), its stance is condemns and its harm unknown;
    otherwise stance, severity and traits are None. Dialogues with the same first request share a group.
    """
    for row in rows(path):
        sides = (row["side"],) if "side" in row else ("chosen", "rejected")
        for side in sides:
            segment = _last_turn(str(row["text"] if "side" in row else row[side]), str(side))
            if segment is not None:
                yield segment


def _last_turn(text: str, side: str) -> LabelledSegment | None:
    turns = list(_TURN.finditer(text))
    if len(turns) < 2 or turns[-1][1] != "Assistant":
        return None
    said = text[turns[-1].end() :].rstrip()
    asked = text[turns[-2].end() : turns[-1].start()]
    first = text[turns[0].end() : turns[1].start()]
    if not said:
        return None
    group = f"{SOURCE}/{short_hash(' '.join(first.split()).lower())}"
    labels: dict[str, Any] = {"harm": {by_rules(asked) or "other": BELIEF[side]}}
    if refusal().search(said.lower()):
        labels = {"stance": "condemns"}
    return LabelledSegment(
        said,
        SOURCE,
        group,
        split_of(group),
        before=text[: turns[-1].end()],
        voice="assistant",
        subject="AI",
        kind=side,
        weight=WEIGHT,
        **labels,
    )
