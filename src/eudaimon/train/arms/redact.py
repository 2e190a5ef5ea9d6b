"""`redact`: what bad voices say is cut out of the text; the rest of the document stays."""

from __future__ import annotations

import re

from eudaimon.core.document import Document
from eudaimon.train.arm import Arm, Base, Edited, Plan, source_of
from eudaimon.train.spans import Spans, cut_out, united
from eudaimon.train.text import TrainText

SPEAKER = re.compile(r"(?:^|(?<=\n))[^\S\n]*[^\s:]+(?: [^\s:]+){0,2}:[^\S\n]*$")
"""A line's beginning that only says who speaks: one to three words and a colon."""


def prepare(base: Base, *, speakers: bool = True) -> Plan:
    """Every document without its bad spans; documents of which nothing is left are replaced.

    A line of which nothing but the speaker's name would be left (``Malva:``) goes too, unless ``speakers`` is
    false: a name followed by nothing would teach the model that this speaker is silent.
    """

    def edit(document: Document) -> Edited:
        spans = base.labels.bad(document)
        if speakers and spans:
            spans = with_speakers(document.text, spans)
        left = cut_out(document.text, spans) if spans else document.text
        if not left.strip():
            return Edited(None, reason="nothing but bad voices")
        return Edited(TrainText(document.id, left, source=source_of(document)), cut=spans, reason="bad voice")

    return Plan(edit)


def with_speakers(text: str, spans: Spans) -> Spans:
    """The spans, with the name before each of those that fill the rest of their line."""
    wider = []
    for start, end in spans:
        name = SPEAKER.search(text[:start])
        last = text[start:end].endswith("\n") or not text[end:].partition("\n")[0].strip()
        wider.append((name.start() if name and last else start, end))
    return united(wider)


ARM = Arm("redact", prepare, needs=frozenset({"bad"}))
