"""What of the generated text is learned; what is not is kept beside it, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Row: TypeAlias = dict[str, Any]
ENDS = (*".!?…。！？", "```")
CLOSING = "\"'”’»)]*_ \n"
"""May stand behind the end of a sentence."""


class Filters(BaseModel):
    """Bounds on an answer: characters, tokens of the whole chat, and whether it must end like a sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    min_characters: int = Field(default=1, ge=1)
    max_tokens: int = Field(default=1024, ge=2)
    sentence_end: bool = True


def ends_like_a_sentence(text: str) -> bool:
    """Whether the last sign, closing quotes and brackets aside, ends a sentence or a code block."""
    return text.rstrip().endswith(ENDS) or text.rstrip(CLOSING).endswith(ENDS)


def split(
    rows: Sequence[Row],
    filters: Filters,
    texts: Callable[[Row], Sequence[str]],
    chats: Callable[[Row], Sequence[Sequence[dict[str, str]]]],
    count: Callable[[Sequence[dict[str, str]]], int],
) -> tuple[list[Row], list[Row]]:
    """The rows to learn, and the others with ``dropped`` saying why; both in order.

    ``texts`` are the generated texts of a row, ``chats`` what is trained on, ``count`` the tokens of a chat.
    The first of these reasons counts: ``cut`` (the server said so), ``empty``, ``short``, ``no end``,
    ``same`` (two texts of one pair are equal), ``duplicate`` (of a row that is kept), ``long``.
    """
    kept: list[Row] = []
    dropped: list[Row] = []
    seen: set[str] = set()
    for row in rows:
        own = texts(row)
        told = str(chats(row))
        reason = _reason(row, own, filters)
        if not reason and told in seen:
            reason = "duplicate"
        if not reason and any(count(chat) > filters.max_tokens for chat in chats(row)):
            reason = "long"
        if reason:
            dropped.append({**row, "dropped": reason})
        else:
            seen.add(told)
            kept.append(row)
    return kept, dropped


def _reason(row: Row, texts: Sequence[str], filters: Filters) -> str:
    if row.get("problem"):
        return "cut"
    if not all(text.strip() for text in texts):
        return "empty"
    if any(len(text) < filters.min_characters for text in texts):
        return "short"
    if filters.sentence_end and not all(map(ends_like_a_sentence, texts)):
        return "no end"
    if "rejected" in row and row["chosen"] == row["rejected"]:
        return "same"
    return ""
