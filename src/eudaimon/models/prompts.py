"""From texts to tokens: chat template, special tokens, context; and which tokens are the text's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.core import Message, Text, UsageError, as_conversation
from eudaimon.models.model import Model
from eudaimon.models.template import Rendered, Renderer

SURROGATES = re.compile("[\ud800-\udfff]")
CHUNK = 2048


@dataclass(frozen=True, eq=False, slots=True)
class Prompt:
    """One text as tokens.

    ``content`` marks the tokens of the text itself: not special tokens, not the template's scaffold, not the
    ``system`` argument. ``last`` is the position that the pooling of that name reads: the end of the rendered
    prompt where the model is about to answer (template, last turn not the assistant's), otherwise the last
    content token; -1 when there is none. ``spans`` are code points of the plain text, valid for content.
    """

    ids: Int[np.ndarray, "t"]
    content: Bool[np.ndarray, "t"]
    last: int
    spans: Int[np.ndarray, "t 2"]
    truncated: bool

    def __len__(self) -> int:
        return len(self.ids)


def prepare(
    model: Model,
    texts: Sequence[Text],
    *,
    system: str | None = None,
    template: bool = True,
    max_tokens: int | None = None,
    prefills: Sequence[str] | None = None,
) -> list[Prompt]:
    """The texts as `Prompt`, in order.

    ``prefills`` are put behind the rendered texts, as the beginning of the answer: scaffold, not content.

    A lone surrogate, which no tokenizer can read, is replaced by U+FFFD (one code point for one). A text over
    ``max_tokens`` (the context when not given) loses its last content tokens; scaffold and special tokens
    stay. Raises `UsageError` when the scaffold alone is too long, the template refuses the turns, or one text
    was given instead of a list.
    """
    if isinstance(texts, str) or any(isinstance(text, Message) for text in texts):
        raise UsageError(
            "this is one text", right="a list of texts (a conversation is one text)", do="[text]"
        )
    if prefills is not None and len(prefills) != len(texts):
        raise UsageError(f"{len(prefills)} prefills for {len(texts)} texts", right="one for each text")
    limit = min(model.max_tokens, max_tokens or model.max_tokens)
    renderer = Renderer(model.tokenizer, model.checkpoint.name, template=template and model.has_template)
    system = clean(system) if system else None
    backend = model.tokenizer.backend_tokenizer
    # Somebody who called the tokenizer with padding or truncation has left that setting behind.
    backend.no_padding()
    backend.no_truncation()
    prompts = []
    for start in range(0, len(texts), CHUNK):
        rendered = [renderer(_clean_text(text), system) for text in texts[start : start + CHUNK]]
        if prefills is not None:
            begun = map(clean, prefills[start : start + CHUNK])
            rendered = [
                item._replace(string=item.string + prefill)
                for item, prefill in zip(rendered, begun, strict=True)
            ]
        encodings = backend.encode_batch(
            [item.string for item in rendered], add_special_tokens=not renderer.template
        )
        prompts += [_prompt(item, code, limit) for item, code in zip(rendered, encodings, strict=True)]
    return prompts


def clean(text: str) -> str:
    """The text with each lone surrogate replaced by U+FFFD."""
    return SURROGATES.sub("\ufffd", text)


def _clean_text(text: Text | Iterable[Any]) -> Text:
    if isinstance(text, str):
        return clean(text)
    turns = as_conversation(text)  # type: ignore[arg-type]
    if not turns:
        raise UsageError("a conversation has no turns", right="give at least one message, or a string")
    return tuple(turn.model_copy(update={"content": clean(turn.content)}) for turn in turns)


def _prompt(rendered: Rendered, encoding: Any, limit: int) -> Prompt:
    ids = np.array(encoding.ids, dtype=np.int64)
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(len(ids), 2)
    added = np.array(encoding.special_tokens_mask, dtype=bool)
    start, end = offsets[:, 0], offsets[:, 1]
    content = np.zeros(len(ids), dtype=bool)
    spans = np.zeros_like(offsets)
    for piece in rendered.pieces:
        # Byte-level tokenizers give white space of its own an empty span, at its end.
        inside = np.where(start < end, (start < piece.end) & (end > piece.start), False)
        inside |= (start == end) & (start > piece.start) & (start <= piece.end)
        inside &= ~added
        shift = piece.origin - piece.start
        spans[inside] = offsets[inside].clip(piece.start, piece.end) + shift
        content |= inside
    truncated = len(ids) > limit
    if truncated:
        positions = np.flatnonzero(content)
        over = len(ids) - limit
        if over >= len(positions):
            raise UsageError(
                f"the template and system prompt alone take {len(ids) - len(positions)} tokens of {limit}",
                right="a shorter system prompt or a larger max_tokens",
            )
        keep = np.ones(len(ids), dtype=bool)
        keep[positions[-over:]] = False
        ids, content, spans = ids[keep], content[keep], spans[keep]
    if rendered.awaits_answer:
        last = len(ids) - 1
    else:
        last = int(np.flatnonzero(content)[-1]) if content.any() else -1
    return Prompt(ids, content, last, spans, truncated)
