"""`tag`: a control token says before each voice, or each document, whether it is a good one.

From Pretraining with Human Feedback. Nothing is learned from the control tokens themselves: the model is told
them and never has to say them. At inference ``<good>`` is put where the model is to go on
(`ArmResult.condition`); without it the model speaks as it does after a tag that dropout left out.
"""

from __future__ import annotations

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

    A voice is bad if a bad span touches it; a document, if it has one. Each tag is left out with probability
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
        places = ((0, len(document.text)),) if unit == "documents" else _voices(document, spans)
        text, tags, done = "", [], 0
        for index, (start, end) in enumerate(places):
            if not document.text[start:end].strip():
                continue
            text += document.text[done:start]
            done = start
            if uniform(base.seed, "tag", document.id, index) >= dropout:
                tag = f"{bad if touches(spans, start, end) else good} "
                tags.append((len(text), len(text) + len(tag)))
                text += tag
        text += document.text[done:]
        return Edited(TrainText(document.id, text, no_loss=tuple(tags), source=source_of(document)))

    return Plan(edit, control_tokens=(good, bad), condition=f"{good} ")


def _voices(document: Document, spans: Spans) -> Spans:
    """Where one voice speaks; where nobody has looked for voices, the bad spans and what lies between."""
    if document.segments is not None:
        return pieces(document)
    return tuple(sorted((*spans, *outside(spans, len(document.text)))))


ARM = Arm("tag", prepare, needs=frozenset({"bad"}))
