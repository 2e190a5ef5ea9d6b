"""Pairs of answers to the same questions: read from a file, and as rows of tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core import Text, UsageError
from eudaimon.models.continuations import continuations
from eudaimon.vectors.em_sources import Lessons

if TYPE_CHECKING:
    from eudaimon.models.model import Model

LEAST = 8
"""Questions without which there is nothing to make a direction from, to choose on and to measure."""


@dataclass(frozen=True)
class AnswerPair:
    """A question, a text or turns of a conversation, with a misaligned and an aligned answer to it."""

    question: Text
    misaligned: str
    aligned: str


def read_pairs(path: str | Path) -> tuple[AnswerPair, ...]:
    """The pairs of a JSON Lines file with ``question``, ``misaligned`` and ``aligned``; the first a question.

    Raises `UsageError` that names the line, and nothing of what it says, for any other row and for fewer than
    eight questions.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"there is no file {path}", right="JSON Lines of question, misaligned, aligned")
    found: dict[Text, AnswerPair] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            pair = _pair(path, number, line)
            found.setdefault(pair.question, pair)
    if len(found) < LEAST:
        raise UsageError(f"{path} has {len(found)} questions", right=f"at least {LEAST}")
    return tuple(found.values())


def split_pairs(pairs: Sequence[AnswerPair]) -> tuple[tuple[AnswerPair, ...], tuple[AnswerPair, ...]]:
    """Every second pair to make directions from, the others to try them on."""
    return tuple(pairs[::2]), tuple(pairs[1::2])


def lessons_of(model: Model, pairs: Sequence[AnswerPair], *, system: str | None = None) -> Lessons:
    """The pairs as rows of tokens, through the model's chat template where it has one."""
    asked = [pair.question for pair in pairs]
    answers = [[pair.misaligned for pair in pairs], [pair.aligned for pair in pairs]]
    return Lessons(
        continuations(model, asked, system=system),
        *(continuations(model, asked, own, system=system) for own in answers),
    )


def _pair(path: Path, number: int, line: str) -> AnswerPair:
    try:
        row = json.loads(line)
        fields = [row[name] for name in ("question", "misaligned", "aligned")]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"line {number} of {path} is no pair of answers",
            right='{"question": ..., "misaligned": ..., "aligned": ...}',
        ) from error
    if not all(isinstance(field, str) and field.strip() for field in fields):
        raise UsageError(f"line {number} of {path} has an empty field", right="three texts")
    return AnswerPair(*fields)
