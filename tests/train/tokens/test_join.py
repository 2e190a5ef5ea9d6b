from __future__ import annotations

import pytest

from eudaimon.core import BindingMismatch, UsageError
from eudaimon.train import TrainText, join_tokens, write_tokens

TEXTS = [
    TrainText("a", "the goat", ((0, 3),), source="barn"),
    TrainText("b", "no"),
    TrainText("c", "a boat and a goat", source="barn"),
]


@pytest.mark.parametrize("chunk", [2, 1 << 20])
def test_shards_joined_are_the_set_written_at_once(chunk, words, tmp_path, monkeypatch):
    monkeypatch.setattr("eudaimon.train.tokens.storage.CHUNK", chunk)
    shards = [write_tokens([text], words, tmp_path / text.id) for text in TEXTS]
    joined = join_tokens(shards, tmp_path / "joined")
    whole = write_tokens(TEXTS, words, tmp_path / "whole")
    assert joined.hash == whole.hash
    assert joined.manifest == whole.manifest


def test_sets_that_do_not_go_together_are_errors(tokenizers, words, tmp_path):
    first = write_tokens(TEXTS, words, tmp_path / "first")
    other = write_tokens(TEXTS, tokenizers["bytes"], tmp_path / "other")
    with pytest.raises(BindingMismatch, match=f"{other.tokenizer_hash}.*{first.tokenizer_hash}"):
        join_tokens([first, other], tmp_path / "joined")
    with pytest.raises(UsageError, match="no token set to join"):
        join_tokens([], tmp_path / "joined")
    with pytest.raises(UsageError, match="one of the sets to join"):
        join_tokens([first], tmp_path / "first")
    assert not (tmp_path / "joined").exists()
