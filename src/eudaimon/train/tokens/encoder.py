"""A tokenizer's rules, with the character span of every token."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.core.errors import UsageError
from eudaimon.models.fingerprint import tokenizer_hash
from eudaimon.train.text import TrainText
from eudaimon.train.tokens.marks import with_marks
from eudaimon.train.tokens.mask import masks


class Encoder:
    """Token ids and masks of texts; works on a copy, the tokenizer is left as it is.

    The copy neither pads nor cuts off, and does not trim: a byte-level tokenizer with ``trim_offsets``
    reports `` word`` without its space, so that a masked space would leave the token that holds it unmasked.
    Every text ends in the tokenizer's EOS, where it has one. A Unigram model that falls back to bytes reports
    one span for all bytes of a run of unknown characters: that run is masked whole. Raises `UsageError` for a
    tokenizer that is not a fast one, which does not know where its tokens come from.
    """

    def __init__(self, tokenizer: Any) -> None:
        require_fast(tokenizer)
        from tokenizers import Tokenizer

        rules = json.loads(tokenizer.backend_tokenizer.to_str())
        rules |= {"truncation": None, "padding": None, "post_processor": _untrimmed(rules["post_processor"])}
        self._rules = Tokenizer.from_str(json.dumps(rules, ensure_ascii=False))
        self._end: int | None = tokenizer.eos_token_id
        self.vocabulary = n_ids(tokenizer)
        self.tokenizer_hash = tokenizer_hash(tokenizer)
        self.pad = next(
            token for token in (tokenizer.pad_token_id, tokenizer.eos_token_id, 0) if token is not None
        )

    def encode(self, texts: Sequence[TrainText]) -> list[tuple[Int[np.ndarray, "n"], Bool[np.ndarray, "n"]]]:
        """Token ids and mask (True = not learned, as `token_mask`) of each text."""
        for text in texts:
            require_utf8(text)
        made: list[Any] = [None] * len(texts)
        plain = [index for index, text in enumerate(texts) if not text.no_loss]
        # Offsets take time to make and to read: only where a span needs them.
        for index, encoding in zip(
            plain, self._rules.encode_batch_fast([texts[i].text for i in plain]), strict=True
        ):
            ids = self._ended(encoding.ids)
            made[index] = np.array(ids, np.int64), np.zeros(len(ids), bool)
        spanned = [index for index, text in enumerate(texts) if text.no_loss]
        for index, pair in zip(spanned, self._masked([texts[i] for i in spanned]), strict=True):
            made[index] = pair
        return made

    def _masked(
        self, texts: Sequence[TrainText]
    ) -> Iterator[tuple[Int[np.ndarray, "n"], Bool[np.ndarray, "n"]]]:
        """All texts at once, laid end to end: a text of a line would pay more for numpy's calls than for its
        tokens.
        """
        encodings = self._rules.encode_batch([text.text for text in texts])
        ids, own = [], []
        for encoding in encodings:
            found = encoding.ids
            own.append(len(found))
            ids.append(self._ended(found))
        n_tokens = np.array([len(found) for found in ids], np.int64)
        base = np.cumsum([0, *(len(text.text) + 1 for text in texts)])[: len(texts)]
        text_of = np.repeat(np.arange(len(texts)), n_tokens)
        last = np.cumsum(n_tokens)
        # An EOS put in here has no characters, like one of the template.
        offsets = np.zeros((len(text_of), 2), np.int64)
        reported = np.ones(len(text_of), bool)
        reported[last[n_tokens > own] - 1] = False
        pairs = chain.from_iterable(encoding.offsets for encoding in encodings)
        offsets[reported] = np.fromiter(
            chain.from_iterable(pairs), np.int64, count=2 * int(reported.sum())
        ).reshape(-1, 2)
        offsets += base[text_of][:, None]
        joined = "\n".join(text.text for text in texts)
        if not joined.isascii():
            offsets = with_marks(joined, offsets)
        spans = [(start + at, end + at) for text, at in zip(texts, base.tolist(), strict=True)
                 for start, end in text.no_loss]  # fmt: skip
        masked = masks(np.array(spans, np.int64).reshape(-1, 2), offsets, text_of)
        flat = np.fromiter(chain.from_iterable(ids), np.int64, count=len(text_of))
        for end, n in zip(last.tolist(), n_tokens.tolist(), strict=True):
            yield flat[end - n : end], masked[end - n : end]

    def _ended(self, ids: list[int]) -> list[int]:
        """The ids with EOS at the end, where the tokenizer has one and the template put none."""
        return ids if self._end is None or ids[-1:] == [self._end] else [*ids, self._end]


def require_fast(tokenizer: Any) -> None:
    """Raise `UsageError` when the tokenizer has no backend that reports offsets."""
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(
            f"{type(tokenizer).__name__} is slow: it does not say which characters a token covers",
            right="a fast tokenizer, which has a tokenizer.json",
            do="AutoTokenizer.from_pretrained(folder, use_fast=True)",
        )


def require_utf8(text: TrainText) -> None:
    """Raise `UsageError` when the text holds half a character, which no tokenizer reads."""
    try:
        text.text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"text {text.id} holds a lone surrogate at character {error.start}",
            right="text that can be written as UTF-8",
            do='text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")',
        ) from error


def n_ids(tokenizer: Any) -> int:
    """One more than the largest token id, added tokens included."""
    return 1 + max(map(int, tokenizer.get_vocab().values()))


def _untrimmed(processor: Any) -> Any:
    """The same post-processor, and those inside it, with ``trim_offsets`` off."""
    if isinstance(processor, list):
        return [_untrimmed(part) for part in processor]
    if not isinstance(processor, dict):
        return processor
    return {key: False if key == "trim_offsets" else _untrimmed(value) for key, value in processor.items()}
