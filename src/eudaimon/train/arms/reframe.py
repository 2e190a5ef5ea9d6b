"""`reframe`: bad voices stay, and after each a narrator says that this was wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import resources
from typing import TypeAlias

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.data.yaml_text import read_yaml
from eudaimon.train.arm import Arm, Base, Edited, Plan, source_of
from eudaimon.train.chance import uniform
from eudaimon.train.text import TrainText

Condemn: TypeAlias = Callable[[Document, int, int], str]
"""What a narrator says of the characters ``[start, end)`` of a document."""


def prepare(base: Base, *, condemn: Condemn | Sequence[str] | None = None) -> Plan:
    """Every document with a condemnation after each bad span.

    ``condemn`` is a function, or sentences of which the seed picks one for each span; by default plain
    English ones. A corpus with a small vocabulary needs its own. White space before it is that which follows
    the span (else that before it, else a space, or a line break where the span is all). Raises `UsageError`
    where there is nothing to say.
    """
    words = _default() if condemn is None else condemn
    if not callable(words) and (isinstance(words, str) or not words):
        raise UsageError(
            "there are no condemnations to choose from", right="a function or a list of sentences"
        )

    def sentence(document: Document, index: int, start: int, end: int) -> str:
        if callable(words):
            found = words(document, start, end)
        else:
            found = words[int(uniform(base.seed, "condemn", document.id, index) * len(words))]
        if not found.strip():
            raise UsageError(
                f"nothing is said against the bad voice in document {document.id}", right="a sentence"
            )
        return found.strip()

    def edit(document: Document) -> Edited:
        text, done = "", 0
        for index, (start, end) in enumerate(base.labels.bad(document)):
            place = start + len(document.text[start:end].rstrip())
            text += document.text[done:place] + _gap(document.text, start, place)
            text += sentence(document, index, start, end)
            done = place
        text += document.text[done:]
        return Edited(TrainText(document.id, text, source=source_of(document)))

    return Plan(edit)


def _gap(text: str, start: int, place: int) -> str:
    """White space as it stands around a span."""
    after = re.match(r"\s*", text[place:])
    before = re.search(r"\s*$", text[:start])
    alone = "\n" if start == 0 and place == len(text) else " "
    return (after and after[0]) or (before and before[0]) or alone


def _default() -> list[str]:
    text = resources.files("eudaimon.train").joinpath("condemnations.yaml").read_text(encoding="utf-8")
    return list(read_yaml(text))


ARM = Arm("reframe", prepare, needs=frozenset({"bad"}))
