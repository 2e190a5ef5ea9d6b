"""What one piece of a streamed completion says."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

from eudaimon.serve.outbound import NoAnswer

Token: TypeAlias = tuple[str, float, tuple[tuple[str, float], ...]]
"""A token, its log-probability, and those that were likeliest in its place with theirs."""


@dataclass(frozen=True)
class Chunk:
    """Text that came, its tokens where they were told, why the answer ended, and what was counted."""

    text: str = ""
    tokens: tuple[Token, ...] = ()
    finish: str | None = None
    n_input: int | None = None
    n_output: int | None = None


def read_chunk(data: str) -> Chunk:
    """The chunk in the data of one event, of chat or of plain completions.

    Raises `NoAnswer` on an error, on what is no chunk, and on what is no text: a call of a tool would leave
    unread. What a model thinks apart from its answer is not in the chunk, and is never passed on.
    """
    try:
        value = json.loads(data)
        if value.get("error") is not None:
            raise NoAnswer("the upstream server failed in the middle of its answer", fault="broke_off")
        usage = value.get("usage") or {}
        choices = value.get("choices") or ()
        if len(choices) > 1 or any(choice.get("index", 0) != 0 for choice in choices):
            raise NoAnswer("the upstream server sent more than one answer", down=False, fault="nonsense")
        counted = (_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))
        if not choices:
            return Chunk("", (), None, *counted)
        choice = choices[0]
        text = _text(choice)
        finish = choice.get("finish_reason")
        return Chunk(text, _tokens(choice.get("logprobs")), None if finish is None else str(finish), *counted)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, IndexError) as error:
        raise NoAnswer(
            "the upstream server sent what is no completion", down=False, fault="nonsense"
        ) from error


def _text(choice: dict[str, Any]) -> str:
    if "delta" not in choice:
        text = choice.get("text") or ""
    else:
        delta = choice["delta"] or {}
        if delta.get("tool_calls") or delta.get("function_call") or delta.get("audio"):
            raise NoAnswer(
                "the upstream model answered with what is no text, which is not read",
                down=False,
                fault="nonsense",
            )
        text = (delta.get("content") or "") + (delta.get("refusal") or "")
    if not isinstance(text, str):
        raise TypeError("the text of a chunk is no string")
    return text


def _tokens(logprobs: Any) -> tuple[Token, ...]:
    """The tokens of a chunk of chat; those of plain completions are not read."""
    content = (logprobs or {}).get("content") or ()
    return tuple(
        (
            str(each["token"]),
            _logprob(each["logprob"]),
            tuple((str(top["token"]), _logprob(top["logprob"])) for top in each.get("top_logprobs") or ()),
        )
        for each in content
    )


def _logprob(value: Any) -> float:
    number = float(value)
    if math.isnan(number):
        raise ValueError("a log-probability is NaN")
    return number


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
