"""Masks against a slow reference that spells tokens out along the text and knows nothing of offsets."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.models.fingerprint import tokenizer_hash
from eudaimon.train import TrainText, token_mask
from eudaimon.train.tokens.encoder import Encoder

SPECIAL = ("<bos>", "<eos>", "[CLS]", "[SEP]", "</s>")


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_token_is_masked_when_a_masked_character_is_in_it(kind, tokenizers, texts, data):
    tokenizer, text = tokenizers[kind], data.draw(texts)
    [(ids, masked)] = Encoder(tokenizer).encode([text])
    pieces = tokenizer.convert_ids_to_tokens(ids.tolist())
    inside = {place for start, end in text.no_loss for place in range(start, end)}
    owned = covered(kind, text.text, pieces)
    assert masked.tolist() == [_masked(owned, index, inside) for index in range(len(pieces))]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_ids_are_the_tokenizers_own_end_in_eos_and_texts_keep_apart(kind, tokenizers, texts, data):
    tokenizer, batch = tokenizers[kind], data.draw(st.lists(texts, max_size=3))
    encoded = Encoder(tokenizer).encode(batch)
    assert len(encoded) == len(batch)
    for text, (ids, masked) in zip(batch, encoded, strict=True):
        own = tokenizer(text.text)["input_ids"]
        if tokenizer.eos_token_id is not None and own[-1:] != [tokenizer.eos_token_id]:
            own.append(tokenizer.eos_token_id)
        assert ids.tolist() == own
        [(_, alone)] = Encoder(tokenizer).encode([text])
        assert masked.tolist() == alone.tolist()


def _masked(owned, index, inside):
    if owned[index] is not None:
        return bool(owned[index] & inside)
    before = next((owned[i] for i in range(index, -1, -1) if owned[i] is not None), None)
    after = next((owned[i] for i in range(index, len(owned)) if owned[i] is not None), None)
    sides = [side for side in (before, after) if side is not None]
    return bool(sides) and all(side & inside for side in sides)


def covered(kind, text, pieces):
    """For each token, the set of characters that it came from; None for a special token."""
    if kind == "words":
        found = iter([set(range(*match.span())) for match in re.finditer(r"\S+", text)])
        return [None if piece in SPECIAL else next(found) for piece in pieces]
    units, size = SPELLING[kind](text)
    owned, used = [], 0
    for piece in pieces:
        if piece in SPECIAL:
            owned.append(None)
            continue
        n = size(piece)
        owned.append(set().union(*units[used : used + n]))
        used += n
    assert used == len(units)
    return owned


def _bytes(text, prefix=False):
    """Each byte belongs to its character, a space put in front to the first; a token is a letter a byte."""
    owners = [{place} for place, letter in enumerate(text) for _ in letter.encode()]
    return [{0}] * (prefix and text != "" and not text.startswith(" ")) + owners, len


def _sentencepiece_bpe(text):
    owners = [{place} for place, letter in enumerate(text) for _ in letter.replace(" ", "▁").encode()]
    front = [{0}] * len("▁".encode()) if text else []
    return front + owners, lambda piece: 1 if piece.startswith("<0x") else len(piece.encode())


def _word_pieces(text):
    """Lower case without accents and blanks; an accent belongs to the letter before it."""
    owners = []
    for place, letter in enumerate(text):
        plain = [
            c for c in unicodedata.normalize("NFD", letter) if unicodedata.category(c) not in ("Mn", "Cf")
        ]
        owners += [{place} for c in plain if not c.isspace()]
        if not plain and place - 1 in set().union(*owners[-1:]) and unicodedata.category(letter) == "Mn":
            owners[-1] = owners[-1] | {place}
    return owners, lambda piece: len(piece.removeprefix("##"))


def _unigram(text):
    """NFKC of the shortest stretches that do not compose with each other; a blank in front."""

    def normal(part):
        return unicodedata.normalize("NFKC", part)

    stretches = []
    for place, letter in enumerate(text):
        last = "".join(text[i] for i in stretches[-1]) if stretches else ""
        if last and normal(last + letter) != normal(last) + normal(letter):
            stretches[-1].append(place)
        else:
            stretches.append([place])
    owners = [set(part) for part in stretches for _ in normal("".join(text[i] for i in part))]
    front = [set(stretches[0])] if text and not text.startswith(" ") else []
    return front + owners, len


SPELLING = {
    "bytes": _bytes,
    "bytes-trimmed": _bytes,
    "bytes-nested": _bytes,
    "bytes-prefixed": lambda text: _bytes(text, prefix=True),
    "sentencepiece-bpe": _sentencepiece_bpe,
    "word-pieces": _word_pieces,
    "unigram": _unigram,
}


def test_a_span_that_ends_where_no_token_is_leaves_the_text_whole(tokenizers):
    text = "the goat  "
    for tokenizer in tokenizers.values():
        encoder = Encoder(tokenizer)
        [(whole, _), (ids, masked)] = encoder.encode([TrainText("a", text), TrainText("b", text, ((4, 10),))])
        assert ids.tolist() == whole.tolist()
        assert masked.any() and not masked.all()


@settings(max_examples=30, deadline=None)
@given(
    widths=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=12),
    spans=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted).map(tuple), max_size=4),
)
def test_any_offsets_against_characters(widths, spans):
    offsets, place = [], 0
    for gap, width in widths:
        offsets.append((place + gap, place + gap + width))
        place += gap + width
    text = "x" * max(place, 40)
    inside = {at for start, end in spans for at in range(start, end)}
    owned = [set(range(*edges)) or None for edges in offsets]
    found = token_mask(text, spans, np.array(offsets).reshape(-1, 2))
    assert found.dtype == bool
    assert found.tolist() == [_masked(owned, index, inside) for index in range(len(offsets))]


def test_a_span_outside_the_text_is_an_error():
    with pytest.raises(UsageError, match="reach from 0 to 3, the text has 2"):
        token_mask("ab", [(0, 3)], [(0, 2)])
    with pytest.raises(ValueError, match=r"text a has 2 characters: \[1, 3\) is no span of it"):
        TrainText("a", "ab", ((1, 3),))
    with pytest.raises(ValueError, match="weight 0"):
        TrainText("a", "ab", weight=0)


def test_a_slow_tokenizer_is_an_error(words):
    from transformers import PythonBackend

    class Slow(PythonBackend):
        def __init__(self):
            pass

    with pytest.raises(UsageError, match="Slow is slow: it does not say which characters"):
        Encoder(Slow())


def test_half_a_character_is_an_error_that_names_the_text(words):
    with pytest.raises(UsageError, match="text odd holds a lone surrogate at character 3"):
        Encoder(words).encode([TrainText("fine", "goat"), TrainText("odd", "the\ud83dgoat")])


def test_padding_and_truncation_of_a_call_change_nothing(tokenizers):
    from copy import deepcopy

    tokenizer = deepcopy(tokenizers["bytes"])
    texts = [TrainText("a", "the goat is no goat", ((4, 8),)), TrainText("b", "goat")]
    before, name = Encoder(tokenizer).encode(texts), tokenizer_hash(tokenizer)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer(["goat", "the goat is a goat"], padding=True, truncation=True, max_length=3)
    assert tokenizer.backend_tokenizer.truncation
    for (ids, masked), (again, masked_again) in zip(before, Encoder(tokenizer).encode(texts), strict=True):
        assert ids.tolist() == again.tolist()
        assert masked.tolist() == masked_again.tolist()
    assert tokenizer_hash(tokenizer) == name
    assert tokenizer.backend_tokenizer.truncation, "the tokenizer itself is left as it was"


@pytest.mark.parametrize("name", ["word-pieces", "unigram", "bytes-trimmed"])
def test_a_masked_accent_masks_its_letter(name, tokenizers):
    tokenizer = tokenizers[name]
    [(ids, masked)] = Encoder(tokenizer).encode([TrainText("a", "no e\u0301 no", ((4, 5),))])
    [hidden] = np.array(tokenizer.convert_ids_to_tokens(ids.tolist()))[masked]
    assert hidden == {"word-pieces": "e", "unigram": "é", "bytes-trimmed": "Ìģ"}[name]
