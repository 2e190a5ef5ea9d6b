"""A tokenizer's rules, with the character span of every token."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.core.errors import UsageError
from eudaimon.models.fingerprint import tokenizer_hash as hash_of_rules
from eudaimon.train.text import TrainText
from eudaimon.train.tokens.marks import with_marks
from eudaimon.train.tokens.mask import token_mask


class Encoder:
    """Token ids and masks of texts; works on a copy, the tokenizer is left as it is.

    The copy neither pads nor cuts off, and does not trim: a byte-level tokenizer with ``trim_offsets``
    reports `` word`` without its space, so that a masked space would leave the token that holds it unmasked.
    Every text ends in the tokenizer's EOS, where it has one. Raises `UsageError` for a tokenizer that is not
    a fast one, which does not know where its tokens come from.
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
        # Offsets take time to make and to read: only where a span needs them.
        for masked, encode in ((False, self._rules.encode_batch_fast), (True, self._rules.encode_batch)):
            chosen = [index for index, text in enumerate(texts) if bool(text.no_loss) is masked]
            for index, encoding in zip(chosen, encode([texts[i].text for i in chosen]), strict=True):
                made[index] = self._finish(texts[index], encoding)
        return made

    def _finish(self, text: TrainText, encoding: Any) -> tuple[Int[np.ndarray, "n"], Bool[np.ndarray, "n"]]:
        ids = encoding.ids
        if ended := self._end is not None and (not ids or ids[-1] != self._end):
            ids.append(self._end)
        if not text.no_loss:
            return np.array(ids, np.int64), np.zeros(len(ids), bool)
        n_edges = 2 * (len(ids) - ended)
        edges = np.fromiter(chain.from_iterable(encoding.offsets), np.int64, count=n_edges)
        # The EOS put in here has no characters, like one of the template.
        offsets = np.concatenate([edges, np.zeros(2 * ended, np.int64)]).reshape(-1, 2)
        if not text.text.isascii():
            offsets = with_marks(text.text, offsets)
        return np.array(ids, np.int64), token_mask(text.text, text.no_loss, offsets)


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


def tokenizer_hash(tokenizer: Any) -> str:
    """The tokenizer's hash as `Checkpoint.tokenizer_hash`, whatever it was last asked to pad or to cut off.

    transformers writes padding and truncation of a call into the backend, where they would change the hash.
    """
    plain = copy.deepcopy(tokenizer)
    plain.backend_tokenizer.no_padding()
    plain.backend_tokenizer.no_truncation()
    return hash_of_rules(plain)


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
