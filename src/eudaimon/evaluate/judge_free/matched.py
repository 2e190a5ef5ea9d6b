"""Texts of a bad persona, each beside a neutral twin that differs in who speaks and in nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.text import Message, Text
from eudaimon.data.rows import Problem, raw_rows

LEAST = 2
NAMES = {"bad": ("bad", "misaligned"), "neutral": ("neutral", "aligned"), "prompt": ("prompt", "question")}
"""Columns of a file; the second name is that of pairs of answers."""


@dataclass(frozen=True)
class Matched:
    """What a bad and a neutral persona say in one place, each in one or more wordings.

    ``before`` stands right before both as it is, as in a document; or a ``prompt`` is what a user asks, and
    both are answers in the model's chat template. ``after`` follows both alike (what a user asks next): where
    there is one, activations are read in it, where words alone tell nothing. ``part`` tells apart kinds of
    pairs (who is to speak).
    """

    id: str
    bad: tuple[str, ...]
    neutral: tuple[str, ...]
    before: str = ""
    prompt: str = ""
    after: str = ""
    part: str = ""

    def __post_init__(self) -> None:
        if not (self.bad and self.neutral and all((*self.bad, *self.neutral))):
            raise UsageError(f"{self.id} lacks a text", right="a bad and a neutral one")
        if self.before and self.prompt:
            raise UsageError(f"{self.id} has a prompt and text before it", right="one of the two")
        if set(self.bad) & set(self.neutral):
            raise UsageError(f"{self.id} says the same in both", right="two texts that differ")

    def text(self, said: str) -> tuple[Text, int]:
        """The text with what is said at its end, and the code point of its plain text where that begins."""
        if not self.prompt:
            # A line break comes first where nothing does, so that every token is predicted by something.
            before = self.before or "\n"
            return before + said, len(before)
        turns = (Message(role="user", content=self.prompt), Message(role="assistant", content=said))
        return turns, -len(said)

    def probed(self, said: str) -> tuple[Text, int]:
        """As `text`, with what follows it, if anything does, which then is what begins at the code point."""
        text, start = self.text(said)
        if not self.after:
            return text, start
        if isinstance(text, str):
            return text + self.after, len(text)
        return (*text, Message(role="user", content=self.after)), -len(self.after)


def read_matched(path: str | Path) -> tuple[Matched, ...]:
    """The pairs of a file of rows with ``bad``, ``neutral``, and ``prompt``, ``after``, ``id`` or ``part``.

    ``question``, ``misaligned`` and ``aligned`` are other names for ``prompt``, ``bad`` and ``neutral``. The
    file is JSON Lines, CSV or Parquet. Raises `BadRows` that names file and line, and nothing of what it
    says, for any other row, for ids that stand twice, and for fewer than two pairs.
    """
    path = Path(path)
    found: dict[str, Matched] = {}
    for row in raw_rows(path):
        if isinstance(row, Problem):
            raise BadRows(f"{path}, line {row.line}: {row.reason}", right="rows that can be read")
        one = _matched(path, row.line, row.values)
        if one.id in found:
            raise BadRows(f"{path}, line {row.line}: the id stands twice", right="an id of its own")
        found[one.id] = one
    if len(found) < LEAST:
        raise BadRows(f"{path} has {len(found)} pairs", right=f"at least {LEAST}")
    return tuple(found.values())


def _matched(path: Path, line: int, values: Mapping[str, Any]) -> Matched:
    fields = {
        name: next((values[key] for key in keys if values.get(key)), "") for name, keys in NAMES.items()
    }
    texts = {**fields, "part": values.get("part") or "", "after": values.get("after") or ""}
    if not all(isinstance(text, str) for text in texts.values()) or not (fields["bad"] and fields["neutral"]):
        raise BadRows(
            f"{path}, line {line}: no pair of texts", right='{"bad": ..., "neutral": ..., "prompt": ...}'
        )
    try:
        return Matched(
            str(values.get("id") or f"line-{line}"),
            (fields["bad"],),
            (fields["neutral"],),
            prompt=fields["prompt"],
            after=texts["after"],
            part=texts["part"],
        )
    except UsageError as error:
        raise BadRows(f"{path}, line {line}: both texts are the same", right=error.right) from error
