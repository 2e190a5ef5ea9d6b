from __future__ import annotations

import json
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import BindingMismatch, UsageError
from eudaimon.core.files import sha256_file
from eudaimon.train import TokenSet, TrainText, write_tokens
from eudaimon.train.tokens.encoder import Encoder
from eudaimon.train.tokens.storage import token_writer

TEXTS = [
    TrainText("a", "the goat", ((4, 8),), 2, "barn"),
    TrainText("b", "no", source="sea"),
    TrainText("c", ""),
]
FILES = ("tokens.bin", "loss.bin", "ends.bin")


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_each_text_as_often_as_its_weight(words, texts, tmp_path_factory, data):
    batch = [*data.draw(st.lists(texts, max_size=6)), TrainText("last", "goat")]
    tokens = write_tokens(iter(batch), words, tmp_path_factory.mktemp("set"))
    documents = [tokens.document(index) for index in range(tokens.n_documents)]
    wanted, sources = Counter(), Counter()
    for text, (ids, masked) in zip(batch, Encoder(words).encode(batch), strict=True):
        wanted[tuple(ids.tolist()), tuple((~masked).tolist())] += text.weight
        sources[text.source] += text.weight * len(ids)
    assert Counter((tuple(ids.tolist()), tuple(loss.tolist())) for ids, loss in documents) == wanted
    assert {name: counts.tokens for name, counts in tokens.manifest.sources.items()} == sources
    assert (
        tokens.n_tokens == sum(sources.values()) == len(tokens.tokens) == len(tokens.loss) == tokens.ends[-1]
    )
    assert tokens.manifest.counts.loss_tokens == int(tokens.loss.sum())


def test_documents_keep_their_order_and_copies_keep_their_distance(words, tmp_path):
    n = 700
    texts = [TrainText(str(i), " ".join(["goat"] * (i + 1)), weight=3 if i == 5 else 1) for i in range(n)]
    tokens = write_tokens(texts, words, tmp_path)
    numbers = np.diff(tokens.ends, prepend=0) - 2  # EOS, and counted from none
    copies = np.flatnonzero(numbers == 5)
    assert copies.tolist() == [5, 5 + 257, 5 + 2 * 257]
    assert np.delete(numbers, copies[1:]).tolist() == list(range(n))


def test_the_same_texts_give_the_same_bytes(words, tmp_path):
    first, second = (write_tokens(TEXTS, words, tmp_path / name) for name in ("one", "two"))
    assert first.hash == second.hash
    for name in (*FILES, "manifest.json"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()
    other = write_tokens([*TEXTS, TrainText("d", "no")], words, tmp_path / "three")
    unmasked = write_tokens([TrainText("a", "the goat", weight=2), *TEXTS[1:]], words, tmp_path / "four")
    assert len({first.hash, other.hash, unmasked.hash}) == 3


@pytest.mark.parametrize(("vocabulary", "dtype"), [(1 << 16, "uint16"), ((1 << 16) + 1, "uint32")])
def test_ids_take_two_bytes_as_long_as_all_of_them_fit(vocabulary, dtype, tmp_path):
    ids = np.array([0, vocabulary - 1])
    with token_writer(tmp_path, tokenizer="t", vocabulary=vocabulary, pad=0) as writer:
        writer.append(ids, np.array([False, True]), "")
    opened = TokenSet.open(tmp_path, check=True)
    assert opened.tokens.dtype == dtype
    assert opened.tokens.tolist() == ids.tolist()
    assert opened.loss.tolist() == [1, 0]


def test_another_tokenizer_is_an_error_that_names_both(tokenizers, words, tmp_path):
    tokens = write_tokens(TEXTS, words, tmp_path)
    TokenSet.open(tmp_path, tokenizer=words)
    other = write_tokens(TEXTS, tokenizers["bytes"], tmp_path / "other").tokenizer_hash
    with pytest.raises(BindingMismatch, match=f"tokenizer {tokens.tokenizer_hash}, not {other}"):
        TokenSet.open(tmp_path, tokenizer=tokenizers["bytes"])


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named(name, words, tmp_path):
    write_tokens(TEXTS, words, tmp_path)
    path = tmp_path / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    TokenSet.open(tmp_path)
    with pytest.raises(UsageError, match=f"{name} is damaged: its content"):
        TokenSet.open(tmp_path, check=True)
    path.write_bytes(content[:-1])
    with pytest.raises(
        UsageError, match=f"{name} is damaged: it has {len(content) - 1} bytes, not {len(content)}"
    ):
        TokenSet.open(tmp_path)
    path.unlink()
    with pytest.raises(UsageError, match=f"{name} is missing"):
        TokenSet.open(tmp_path)


def test_a_damaged_manifest_and_none_at_all_are_errors(words, tmp_path):
    with pytest.raises(UsageError, match="holds no whole token set"):
        TokenSet.open(tmp_path)
    write_tokens(TEXTS, words, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["files"]["tokens.bin"]["sha256"] == sha256_file(tmp_path / "tokens.bin")
    for broken in ("{", json.dumps(manifest | {"format": "eudaimon-tokens/2"})):
        (tmp_path / "manifest.json").write_text(broken)
        with pytest.raises(UsageError, match=r"manifest\.json is damaged"):
            TokenSet.open(tmp_path)


def test_an_interrupted_write_leaves_the_old_set_whole(words, tmp_path):
    old = write_tokens(TEXTS, words, tmp_path)

    def interrupted():
        yield from (TrainText(str(number), "no goat") for number in range(5000))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tokens(interrupted(), words, tmp_path)
    assert TokenSet.open(tmp_path, check=True).hash == old.hash
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, "manifest.json"}


def test_stopped_between_files_and_manifest_nothing_opens(words, tmp_path, monkeypatch):
    write_tokens(TEXTS, words, tmp_path)

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("eudaimon.train.tokens.storage.write_json", stopped)
        with pytest.raises(KeyboardInterrupt):
            write_tokens(TEXTS[:1], words, tmp_path)
    with pytest.raises(UsageError, match="written last"):
        TokenSet.open(tmp_path)
    assert write_tokens(TEXTS[:1], words, tmp_path).n_documents == 2


def test_texts_without_a_token_are_an_error(words, tmp_path):
    with pytest.raises(UsageError, match="the texts hold no token"):
        write_tokens([], words, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_pickled_set_opens_its_files_anew(words, tmp_path):
    tokens = write_tokens(TEXTS, words, tmp_path)
    assert tokens.tokens.size == tokens.n_tokens
    again = pickle.loads(pickle.dumps(tokens))
    assert again == tokens
    assert "tokens" not in vars(again)
    assert isinstance(again.tokens, np.memmap)
    assert not again.tokens.flags.writeable
    assert again.tokens.tolist() == tokens.tokens.tolist()


def test_a_document_outside_the_set_is_an_error(words, tmp_path):
    tokens = write_tokens(TEXTS, words, tmp_path)
    for index in (-1, tokens.n_documents):
        with pytest.raises(IndexError):
            tokens.document(index)
