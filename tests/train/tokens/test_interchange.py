"""datatrove itself writes what is read here, and reads what is written."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core import UsageError
from eudaimon.train import TrainText, from_datatrove, to_datatrove, write_tokens

TEXTS = [
    TrainText("a", "the goat and a boat", ((4, 8),)),
    TrainText("b", "no é 你 🐐 no", ((3, 8), (0, 2))),
    TrainText("c", "a goat", ((2, 6),)),
]


@pytest.fixture
def tokens(tokenizers, tmp_path):
    return write_tokens(TEXTS, tokenizers["bytes"], tmp_path / "set")


def test_there_and_back(tokens, tokenizers, tmp_path):
    path = to_datatrove(tokens, tmp_path / "trove" / "x.ds")
    back = from_datatrove(path, tokenizers["bytes"], tmp_path / "back")
    assert back.hash == tokens.hash
    path.with_name("x.ds.loss").unlink()
    assert from_datatrove(path, tokenizers["bytes"], tmp_path / "all", source="s").loss.all()


def test_datatrove_checks_merges_and_reads_what_is_written(tokens, tokenizers, tmp_path):
    pytest.importorskip("datatrove")
    from datatrove.io import get_datafolder
    from datatrove.pipeline.tokens import DocumentTokenizerMerger
    from datatrove.tools.check_dataset import check_dataset
    from datatrove.utils.dataset import DatatroveFileDataset

    rules = tmp_path / "tokenizer.json"
    tokenizers["bytes"].backend_tokenizer.save(str(rules))
    path = to_datatrove(tokens, tmp_path / "trove" / "x.ds", tokenizer_name=str(rules))
    check_dataset(get_datafolder(str(path.parent)), str(rules), "<eos>")
    window = DatatroveFileDataset(str(path), seq_len=9)[1]["input_ids"]
    assert window.tolist() == tokens.tokens[10:20].tolist()
    merger = DocumentTokenizerMerger(
        str(path.parent), str(tmp_path / "merged"), "all", save_loss_metadata=True, seed=1
    )
    merger.run()
    [merged] = (tmp_path / "merged").glob("*.ds")
    back = from_datatrove(merged, tokenizers["bytes"], tmp_path / "back")
    assert sorted(plain(back)) == sorted(plain(tokens))


def test_what_datatrove_writes_is_read(tokens, tokenizers, tmp_path):
    # Spans that begin and end with tokens: datatrove leaves a token that a span ends in unmasked.
    read = by_datatrove(TEXTS[:2], tokenizers["bytes"], tmp_path)
    assert plain(read) == plain(tokens)[:2]


def test_a_text_that_ends_in_its_span_is_whole_where_datatrove_cuts_it_off(tokens, tokenizers, tmp_path):
    cut = by_datatrove(TEXTS[2:], tokenizers["bytes"], tmp_path)
    ids, loss = tokens.document(2)
    assert tokenizers["bytes"].decode(ids, skip_special_tokens=True) == TEXTS[2].text
    assert loss.any() and not loss.all()
    assert cut.n_tokens < len(ids), "datatrove has changed"


def test_four_bytes_a_token(tokenizers, tmp_path):
    path = tmp_path / "x.ds"
    np.array([5, 6, 7], "<u4").tofile(path)
    np.array([1, 3], "<u8").tofile(tmp_path / "x.ds.index")
    read = from_datatrove(path, tokenizers["bytes"], tmp_path / "read")
    assert read.tokens.tolist() == [5, 6, 7]
    assert read.ends.tolist() == [1, 3]


def test_files_that_do_not_fit_together_are_errors(tokens, tokenizers, tmp_path):
    tokenizer = tokenizers["bytes"]
    with pytest.raises(UsageError, match=r"ends in \.ds"):
        to_datatrove(tokens, tmp_path / "x.bin")
    path = to_datatrove(tokens, tmp_path / "x.ds")
    loss, index = tmp_path / "x.ds.loss", tmp_path / "x.ds.index"
    loss.write_bytes(loss.read_bytes()[:-1])
    with pytest.raises(UsageError, match=rf"x\.ds\.loss speaks of {tokens.n_tokens - 1} tokens"):
        from_datatrove(path, tokenizer, tmp_path / "out")
    loss.unlink()
    whole = path.read_bytes()
    path.write_bytes(whole[:-2])
    with pytest.raises(UsageError, match=f"index ends at token {tokens.n_tokens}"):
        from_datatrove(path, tokenizer, tmp_path / "out")
    path.write_bytes(whole[:-2] + b"\xff\xff")
    with pytest.raises(UsageError, match="holds token 65535; this tokenizer ends at 299"):
        from_datatrove(path, tokenizer, tmp_path / "out")
    index.unlink()
    with pytest.raises(UsageError, match=r"x\.ds\.index is missing"):
        from_datatrove(path, tokenizer, tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()


def plain(tokenset):
    documents = (tokenset.document(index) for index in range(tokenset.n_documents))
    return [(ids.tolist(), loss.tolist()) for ids, loss in documents]


def by_datatrove(texts, tokenizer, folder):
    """The set that datatrove's own tokenizer step writes of the texts, read here."""
    pytest.importorskip("datatrove")
    from datatrove.data import Document
    from datatrove.pipeline.tokens import DocumentTokenizer

    rules = folder / "tokenizer.json"
    tokenizer.backend_tokenizer.save(str(rules))
    step = DocumentTokenizer(
        str(folder / "trove"), str(rules), eos_token="<eos>", shuffle_documents=False, save_loss_metadata=True
    )
    documents = [Document(t.text, t.id, metadata={"no_loss_ranges": list(t.no_loss)}) for t in texts]
    step.run(iter(documents))
    [path] = (folder / "trove").glob("*.ds")
    return from_datatrove(path, tokenizer, folder / "read")
