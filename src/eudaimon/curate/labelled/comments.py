"""Civil comments with toxic spans (SemEval-2021 task 5, CC0): who insults, sentence by sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eudaimon.core.errors import BadRows
from eudaimon.core.identity import short_hash
from eudaimon.curate.labelled.rows import rows
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.labelled.splits import split_of
from eudaimon.curate.voices.sentences import sentence_spans

SOURCE = "comments"
WHOLE, SENTENCE = "comment", "sentence"
INSULT = 2.5
"""An insult to a person is 2 and contempt for a group 3; which it is nobody marked."""
UNMARKED = 0.25
"""Weight of a sentence without a span: raters marked words, and a sentence can insult without one."""


def read_comments(path: str | Path) -> Iterator[LabelledSegment]:
    """Every sentence of every comment, and each comment that has more than one as a whole.

    Rows have ``text`` and ``toxic_spans`` (``[[start, end], ...]``) or, as published, ``spans`` (a list of
    offsets). A text that a span touches is labelled ``hate`` 1 (insult and contempt are in that category),
    severity 2.5, stance enacts, spoken by a human. A sentence that no span touches is ``hate`` 0 with a low
    weight. Whole comments without any span were rated toxic by others, for reasons nobody marked: all their
    labels stay None, as do frames (a quoted insult is marked like any other), other categories, traits.
    """
    for row in rows(path, "text"):
        text, spans = row["text"], toxic_spans(path, row)
        group = f"{SOURCE}/{short_hash(' '.join(text.split()).lower())}"
        split = split_of(group)
        parts = [_bare(text, s, e) for s, e in sentence_spans(text) if text[s:e].strip()]
        common: dict[str, Any] = {
            "source": SOURCE,
            "group": group,
            "split": split,
            "subject": "human",
            "voice": "narrator",
        }
        if not spans:
            yield LabelledSegment(text, kind=WHOLE, weight=0.0, **common)
            continue
        if len(parts) > 1:
            yield LabelledSegment(text, kind=WHOLE, **_insult(True), **common)
        for start, end in parts:
            touched = any(s < end and start < e for s, e in spans)
            yield LabelledSegment(
                text[start:end],
                before=text[:start],
                after=text[end:],
                kind=SENTENCE,
                weight=1.0 if touched else UNMARKED,
                **_insult(touched),
                **common,
            )


def toxic_spans(path: str | Path, row: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    """The toxic spans ``[start, end)`` of a row, in code points of its text, in order.

    Raises `BadRows` where it has none of the two columns, or spans that are not within the text.
    """
    given = row.get("toxic_spans", row.get("spans"))
    try:
        values = json.loads(given) if isinstance(given, str) else list(given or ())
        spans = _runs(values) if values and isinstance(values[0], int) else [tuple(v) for v in values]
        if any(not 0 <= start < end <= len(row["text"]) for start, end in spans):
            raise ValueError("a span is not within the text")
    except (TypeError, ValueError) as error:
        raise BadRows(
            f"{path}: {error}", right="toxic_spans as [[start, end], ...], or spans as offsets"
        ) from error
    return tuple(spans)


def _bare(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the white space at its ends."""
    said = text[start:end]
    return start + len(said) - len(said.lstrip()), end - len(said) + len(said.rstrip())


def _insult(is_one: bool) -> dict[str, Any]:
    if not is_one:
        return {"harm": {"hate": 0.0}}
    return {"harm": {"hate": 1.0}, "severity": INSULT, "stance": "enacts"}


def _runs(offsets: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for offset in sorted(set(offsets)):
        if found and found[-1][1] == offset:
            found[-1] = (found[-1][0], offset + 1)
        else:
            found.append((offset, offset + 1))
    return found
