"""One answer as it is made: pieces of text, token by token."""

from __future__ import annotations

from collections.abc import Iterator

from eudaimon.core import Text
from eudaimon.models.decoding import Decoding, answerable, decode, generators
from eudaimon.models.model import Model

UNFINISHED = "\ufffd"
MOST_UNFINISHED = 3
"""Bytes of a character in UTF-8 that lacks its last one; more of them in a row were meant."""


def stream(
    model: Model,
    prompt: Text,
    *,
    max_new_tokens: int = 256,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int = 0,
    system: str | None = None,
    template: bool = True,
) -> Iterator[str]:
    """Pieces of what the model says after the prompt, each as soon as its characters are whole.

    Together they are what `generate` gives for this prompt alone with the same settings, which mean what they
    mean there. Whoever stops listening stops the generation. Raises as `generate` does, before the first
    piece.
    """
    how = Decoding(temperature, top_p, max_new_tokens)
    asked = answerable(model, [prompt], system, template)
    draws = generators(asked, seed) if how.by_chance else None
    return _pieces(model, decode(model, asked, how, draws))


def _pieces(model: Model, steps: Iterator[list[int | None]]) -> Iterator[str]:
    tokens: list[int] = []
    told, whole = 0, ""
    for (token,) in steps:
        if token is None:
            break
        tokens.append(token)
        whole = model.tokenizer.decode(tokens, skip_special_tokens=True)
        # Byte-level tokens cut characters: the end may still turn into another one.
        open_end = min(len(whole) - len(whole.rstrip(UNFINISHED)), MOST_UNFINISHED)
        ready = len(whole) - open_end
        if ready > told:
            yield whole[told:ready]
            told = ready
    if len(whole) > told:
        yield whole[told:]
