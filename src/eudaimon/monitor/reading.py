"""From a text or a conversation to the pieces that are read: turns, windows, normalised views, an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from eudaimon.core import Text, UsageError, plain_text
from eudaimon.models.model import Model
from eudaimon.models.prompts import Prompt, clean, prepare
from eudaimon.monitor.sanitise import views
from eudaimon.monitor.windows import windows

OVERLAP = 4
"""Neighbouring windows share a quarter of their length, so that no sentence is cut in both."""
EVERY = 16
"""So many tokens of an answer are looked at one by one, later ones at places a quarter farther each."""

Reads: TypeAlias = Literal["text", "answer"]
"""What a monitor reads: texts and all turns of conversations, or the answer that ends one, in its context."""


@dataclass(frozen=True)
class Part:
    """One piece of the text with number ``index``: a turn, a window of it, or a normalised view of that.

    With ``answer``, code points ``[start, end)`` of the last turn, the piece is those and ``text`` the whole
    conversation: they are read in their context.
    """

    index: int
    text: Text
    window: tuple[int, int] | None = None
    """Code points ``[start, end)`` in the turn, when the turn was read in windows."""
    note: str = ""
    answer: tuple[int, int] | None = None


def refusal(text: Text, max_characters: int, reads: Reads = "text") -> str:
    """Why the text cannot be read at all, or an empty string."""
    if reads == "answer" and not ends_in_answer(text):
        return "there is no answer at its end: this monitor reads conversations that end with one"
    turns = [text] if isinstance(text, str) else [turn.content for turn in text]
    if not any(turn.strip() for turn in turns):
        return "the text is empty: there is nothing to read"
    n_characters = sum(map(len, turns))
    if n_characters > max_characters:
        return f"the text has {n_characters:,} characters, more than the limit of {max_characters:,}"
    return ""


def ends_in_answer(text: Text) -> bool:
    """Whether this is a conversation whose last turn is an answer with something in it."""
    return (
        not isinstance(text, str)
        and bool(text)
        and text[-1].role == "assistant"
        and bool(text[-1].content.strip())
    )


def prompts_of(model: Model, parts: Sequence[Part]) -> list[Prompt]:
    """The pieces as tokens, in order; of a piece of an answer only its own tokens are content.

    An answer that the context does not hold to its end has no content: nothing is read of it, so that it
    does not pass. Raises as `prepare`.
    """
    prompts = prepare(model, [part.text for part in parts])
    return [
        prompt if part.answer is None else _of_answer(prompt, part)
        for prompt, part in zip(prompts, parts, strict=True)
    ]


def grown(prompt: Prompt) -> list[Prompt]:
    """The answer of a prompt of `prompts_of` while it grows: after its first token, its second, and so on.

    As it is looked at when it is made: every token at first, then at places farther apart; the last is all.
    """
    places = np.flatnonzero(prompt.content)
    return [
        Prompt(
            prompt.ids[: end + 1],
            prompt.content[: end + 1],
            end,
            prompt.spans[: end + 1],
            prompt.truncated,
        )
        for end in (int(places[n - 1]) for n in growing(len(places)))
    ]


def growing(n: int) -> list[int]:
    """After how many of its ``n`` tokens an answer is looked at; the last is ``n``.

    Every token of a short answer. Beyond `EVERY` a flag is seen late by a fifth of the tokens at most.
    """
    found, at = [], 0
    while at < n:
        at = min(at + 1 if at < EVERY else at + at // 4, n)
        found.append(at)
    return found


def parts_of(
    index: int, text: Text, model: Model, window_tokens: int, reads: Reads = "text"
) -> Iterator[Part]:
    """Every piece of the text that is read; the worst of them counts.

    A text of more than ``window_tokens`` (or than the context holds) is read in windows: pooled over a whole
    page, a dangerous sentence would drown in harmless ones. A conversation is read as a whole when it fits
    one window and the model's template shows it, and each of its turns is read alone, so that a dangerous
    turn is not diluted by harmless ones before or after it. Who reads the ``answer`` reads that, in its
    context: all of it, and in windows where it is longer than one.
    """
    if reads == "answer":
        yield from _answer_parts(index, text, model, window_tokens)
        return
    if isinstance(text, str):
        yield from _pieces(index, text, model, window_tokens)
        return
    whole = "\n".join(turn.content for turn in text)
    if len(text) > 1 and len(_windows(whole, model, window_tokens)) == 1 and _shown_whole(text, model):
        yield Part(index, text, note="the conversation as a whole")
    for number, turn in enumerate(text):
        if turn.content.strip():
            note = f"turn {number + 1} of {len(text)} ({turn.role})" if len(text) > 1 else ""
            yield from _pieces(index, turn.content, model, window_tokens, note)


def _pieces(index: int, text: str, model: Model, window_tokens: int, note: str = "") -> Iterator[Part]:
    spans = _windows(text, model, window_tokens)
    for start, end in spans:
        window = (start, end) if len(spans) > 1 else None
        for number, view in enumerate(views(text[start:end])):
            said = "; ".join(filter(None, (note, "read without its disguise" if number else "")))
            yield Part(index, view, window, said)


def _answer_parts(index: int, text: Text, model: Model, window_tokens: int) -> Iterator[Part]:
    assert not isinstance(text, str)
    for number, view in enumerate(views(text[-1].content)):
        note = "read without its disguise" if number else ""
        whole = (*text[:-1], text[-1].model_copy(update={"content": view}))
        yield Part(index, whole, note=note, answer=(0, len(view)))
        spans = _windows(view, model, window_tokens)
        if len(spans) > 1:
            yield from (Part(index, whole, span, note, span) for span in spans)


def _of_answer(prompt: Prompt, part: Part) -> Prompt:
    assert part.answer is not None and not isinstance(part.text, str)
    before = len(plain_text(part.text)) - len(part.text[-1].content)
    start, end = before + part.answer[0], before + part.answer[1]
    inside = (prompt.spans[:, 0] < end) & (prompt.spans[:, 1] > start)
    content = prompt.content & inside & (not prompt.truncated)
    own = np.flatnonzero(content)
    return replace(prompt, content=content, last=int(own[-1]) if len(own) else -1)


def _windows(text: str, model: Model, window_tokens: int) -> list[tuple[int, int]]:
    size = min(window_tokens, model.max_tokens - _scaffold(model))
    # A token holds at least one character of ASCII, which no normaliser lengthens (some add a space before):
    # so short a text fits and need not be tokenised to see it.
    if len(text) < size and text.isascii():
        return [(0, len(text))]
    found = windows(clean(text), size, overlap=size // OVERLAP, tokenizer=model.tokenizer)
    return [(window.start, window.end) for window in found]


def _shown_whole(text: Text, model: Model) -> bool:
    """Whether the template takes these turns and the context holds them with all their scaffold."""
    try:
        (prompt,) = prepare(model, [text])
    except UsageError:
        return False
    return not prompt.truncated


_SCAFFOLDS: WeakKeyDictionary[Model, int] = WeakKeyDictionary()


def _scaffold(model: Model) -> int:
    """How many tokens of a prompt are template and special tokens."""
    if model not in _SCAFFOLDS:
        (prompt,) = prepare(model, ["a"])
        _SCAFFOLDS[model] = len(prompt.ids) - int(prompt.content.sum())
    return _SCAFFOLDS[model]
