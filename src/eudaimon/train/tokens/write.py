"""From texts to a token set."""

from __future__ import annotations

import heapq
import operator
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from eudaimon.core.progress import progress
from eudaimon.train.text import TrainText
from eudaimon.train.tokens.encoder import Encoder
from eudaimon.train.tokens.storage import token_writer
from eudaimon.train.tokens.token_set import TokenSet

BATCH_TEXTS = 2048
BATCH_CHARACTERS = 1 << 20
# Copies of a text come this many documents after each other: near enough to keep the order of a corpus, too
# far to be read in one row.
COPY_DISTANCE = 256

Encoded: TypeAlias = tuple[TrainText, np.ndarray, np.ndarray]


def write_tokens(
    texts: Iterable[TrainText], tokenizer: Any, folder: str | Path, *, n_texts: int = 0
) -> TokenSet:
    """The token set made of ``texts`` in their order, in ``folder``; the same texts give the same bytes.

    Special tokens are those of the tokenizer's template, and every document ends in its EOS. A text of weight
    w is there w times: a copy follows 256 documents after the one before it, sooner only at the end of the
    corpus. Texts are read once, a batch at a time; ``n_texts`` is for the progress shown, where ``texts``
    does not know its length. A set that is there already is replaced when the new one is whole. Raises
    `UsageError` for a tokenizer without offsets and for texts that hold no token.
    """
    folder, encoder = Path(folder), Encoder(tokenizer)
    total = n_texts or operator.length_hint(texts)
    with (
        token_writer(
            folder, tokenizer=encoder.tokenizer_hash, vocabulary=encoder.vocabulary, pad=encoder.pad
        ) as writer,
        progress("tokens", total, "texts", enabled=total > 0) as advance,
    ):
        for text, ids, masked in _copied(_encoded(texts, encoder, advance)):
            writer.append(ids, masked, text.source)
    return TokenSet.open(folder)


def _encoded(texts: Iterable[TrainText], encoder: Encoder, advance: Any) -> Iterator[Encoded]:
    for batch in _batches(texts):
        for text, (ids, masked) in zip(batch, encoder.encode(batch), strict=True):
            yield text, ids, masked
        advance(len(batch))


def _batches(texts: Iterable[TrainText]) -> Iterator[list[TrainText]]:
    batch: list[TrainText] = []
    n_characters = 0
    for text in texts:
        batch.append(text)
        n_characters += len(text.text)
        if len(batch) == BATCH_TEXTS or n_characters >= BATCH_CHARACTERS:
            yield batch
            batch, n_characters = [], 0
    if batch:
        yield batch


def _copied(documents: Iterable[Encoded]) -> Iterator[Encoded]:
    """Each document as often as its weight says, the copies spread."""
    waiting: list[tuple[int, int, int, Encoded]] = []  # due, number of the text, copies left, document
    written = 0
    for number, document in enumerate(documents):
        while waiting and waiting[0][0] <= written:
            yield waiting[0][3]
            written += 1
            _again(waiting, written)
        yield document
        written += 1
        if (left := document[0].weight - 1) > 0:
            heapq.heappush(waiting, (written + COPY_DISTANCE, number, left, document))
    while waiting:
        yield waiting[0][3]
        written += 1
        _again(waiting, written)


def _again(waiting: list[tuple[int, int, int, Encoded]], written: int) -> None:
    """Take the first one off the queue, or put it further back when copies of it are left."""
    _, number, left, document = waiting[0]
    if left > 1:
        heapq.heapreplace(waiting, (written + COPY_DISTANCE, number, left - 1, document))
    else:
        heapq.heappop(waiting)
