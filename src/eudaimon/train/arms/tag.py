"""`tag`: a control token says before each voice, or each document, whether it is a good one.

From Pretraining with Human Feedback. Nothing is learned from the control tokens themselves: the model is told
them and never has to say them. At inference ``<good>`` is put where the model is to go on
(`ArmResult.condition`); without it the model speaks as it does after a tag that dropout left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.train.arm import Arm, Base, Edited, Plan, source_of
from eudaimon.train.chance import uniform
from eudaimon.train.spans import Spans, outside, pieces, touches
from eudaimon.train.text import TrainText


def prepare(
    base: Base,
    *,
    unit: Literal["segments", "documents"] = "segments",
    dropout: float = 0.1,
    good: str = "<good>",
    bad: str = "<bad>",
) -> Plan:
    """Every document with ``good`` or ``bad`` and a space before each of its voices, or before itself.

    A voice is bad if a bad span touches it; a document, if it has one. Within a voice that quotes others, a
    tag stands where good turns to bad or back. Each tag is left out with probability
    ``dropout``, in [0, 1). Raises `UsageError` on another unit or probability, or on tags that are the same.
    """
    if unit not in ("segments", "documents"):
        raise UsageError(f"{unit!r} cannot be tagged", right="segments or documents", do='unit="segments"')
    if not 0 <= dropout < 1:
        raise UsageError(f"a tag cannot be left out with probability {dropout:g}", right="[0, 1)")
    if good == bad or not good.strip() or not bad.strip():
        raise UsageError(f"the tags {good!r} and {bad!r} tell nothing apart", right="two different tokens")

    def edit(document: Document) -> Edited:
        spans = base.labels.bad(document)
        whole = [(0, bad if spans else good)]
        text, tags, done = "", [], 0
        for start, token in whole if unit == "documents" else _turns(document, spans, good, bad):
            text += document.text[done:start]
            done = start
            if uniform(base.seed, "tag", document.id, start) >= dropout:
                tag = f"{token} "
                tags.append((len(text), len(text) + len(tag)))
                text += tag
        text += document.text[done:]
        return Edited(TrainText(document.id, text, no_loss=tuple(tags), source=source_of(document)))

    return Plan(edit, control_tokens=(good, bad), condition=f"{good} ")


def _turns(document: Document, spans: Spans, good: str, bad: str) -> Iterator[tuple[int, str]]:
    """Where a tag stands, and which: where a voice begins, and within it where good turns to bad or back.

    Where nobody has looked for voices, the bad spans and what lies between are taken for voices.
    """
    if document.segments is None:
        bare = sorted((*spans, *outside(spans, len(document.text))))
        stretches: tuple[tuple[int, int, bool], ...] = tuple((a, b, True) for a, b in bare)
    else:
        stretches = pieces(document)
    last = ""
    for start, end, begins in stretches:
        if not document.text[start:end].strip():
            continue
        token = bad if touches(spans, start, end) else good
        if begins or token != last:
            words = document.text[start:end]
            yield start + len(words) - len(words.lstrip()), token
        last = token


ARM = Arm("tag", prepare, needs=frozenset({"bad"}))
