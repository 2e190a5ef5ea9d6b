"""Bits per byte of texts, of what is said in them, and of a document's classes of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.text import Text, plain_text
from eudaimon.evaluate.likelihood import TokenLikelihood, token_likelihood
from eudaimon.evaluate.town.likelihood import CLASSES, character_classes

if TYPE_CHECKING:
    from eudaimon.models.model import Model


@dataclass(frozen=True, slots=True)
class Bits:
    """What some text costs to predict: log-probability in ``nats``, 0 or less, for ``n_bytes`` of UTF-8."""

    nats: float
    n_bytes: int

    @property
    def bits(self) -> float:
        """The same in bits, 0 or more."""
        return -self.nats / log(2)

    @property
    def per_byte(self) -> float:
        """Bits per byte, comparable between tokenizers; raises `UsageError` when there is no text."""
        if not self.n_bytes:
            raise UsageError("there is no text to predict", right="text of two tokens at least")
        return self.bits / self.n_bytes


def class_bits(model: Model, documents: Sequence[Document]) -> list[dict[str, Bits]]:
    """For each document its `Bits` by class of text (`CLASSES`); a class that it lacks is not there.

    A token belongs to the class of the character that it begins with, and so do the bytes up to the next
    token: the classes add up to the whole text, but for a first token that nothing predicts. A document
    without segments is clean; of one over the context its first tokens count. Raises `UsageError` for a model
    without a language-model head.
    """
    texts = [document.text for document in documents]
    found = token_likelihood(model, texts, cut=True)
    return [_of_document(document, one) for document, one in zip(documents, found, strict=True)]


def text_bits(
    model: Model,
    texts: Sequence[Text],
    starts: Sequence[int] | None = None,
    *,
    whole: bool = False,
    show_progress: bool = True,
) -> list[Bits]:
    """The `Bits` of each text, or of what begins in it at ``starts``: code points, from the end if negative.

    Conversations go through the model's chat template. Bytes are those of the tokens that are predicted;
    ``whole`` counts all from the start on, white space before its first token too. Raises `TextTooLong` for a
    text over the context, `UsageError` as `class_bits`.
    """
    found = token_likelihood(model, texts, show_progress=show_progress)
    made = []
    for text, one, given in zip(texts, found, starts or [0] * len(texts), strict=True):
        plain = plain_text(text)
        start = given if given >= 0 else len(plain) + given
        bits = _counted(plain, one, one.span[:, 0] >= start)
        made.append(Bits(bits.nats, _n_bytes(plain[start:])) if whole else bits)
    return made


def _of_document(document: Document, found: TokenLikelihood) -> dict[str, Bits]:
    kinds = character_classes(document)[found.span[:, 0]]
    every = {name: _counted(document.text, found, kinds == number) for number, name in enumerate(CLASSES)}
    return {name: bits for name, bits in every.items() if bits.n_bytes}


def _counted(text: str, found: TokenLikelihood, chosen: np.ndarray) -> Bits:
    """Bits and bytes of the chosen tokens, each of which reaches to where the next one begins."""
    lengths = [_n_bytes(character) for character in text]
    until = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    starts = found.span[:, 0]
    if not len(starts):
        return Bits(0.0, 0)
    ends = np.append(starts[1:], found.span[-1, 1])
    n_bytes = int((until[ends] - until[starts])[chosen].sum())
    return Bits(float(found.log_probability[chosen].sum()), n_bytes)


def _n_bytes(text: str) -> int:
    return len(text.encode("utf-8", errors="surrogatepass"))
