"""Synthetic-Persona-Chat (CC-BY-4.0): small talk, in which nobody is harmed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from eudaimon.core.identity import short_hash
from eudaimon.curate.labelled.rows import rows
from eudaimon.curate.labelled.segment import LabelledSegment, harmless
from eudaimon.curate.labelled.splits import fraction, split_of

SOURCE = "chats"
A_CHAT = 4
WEIGHT = 0.5
_TURN = re.compile(r"^User [12]: ?(.+)$", re.MULTILINE)


def read_chats(path: str | Path, *, seed: int = 0) -> Iterator[LabelledSegment]:
    """Four turns of each chat, drawn by hash: no harm, stance none, said by a human.

    Rows have ``text``, or ``Best Generated Conversation`` as published. The chats were generated from
    harmless persona lines and filtered for toxicity by their authors; nobody labelled turns. Traits and
    hazard are None. The chat is the group.
    """
    for row in rows(path):
        text = str(row.get("text") or row.get("Best Generated Conversation") or "")
        group = f"{SOURCE}/{short_hash(text)}"
        turns = sorted(_TURN.finditer(text), key=lambda turn: fraction(turn[1], seed))[:A_CHAT]
        for turn in turns:
            yield LabelledSegment(
                turn[1].strip(),
                SOURCE,
                group,
                split_of(group),
                before=text[: turn.start(1)],
                after=text[turn.end(1) :],
                voice="user",
                harm=harmless(),
                severity=0.0,
                stance="none",
                frame="none",
                subject="human",
                weight=WEIGHT,
            )
