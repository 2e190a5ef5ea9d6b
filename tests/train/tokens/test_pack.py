from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.train import TokenSet, TrainText, order, pack, write_tokens
from eudaimon.train.tokens.storage import token_writer

MODES = ("documents", "packed", "stream")


def numbered(folder, lengths, masked=()):
    """A set in which every token is another number, from 1; ``masked`` are the numbers not learned."""
    with token_writer(folder, tokenizer="t", vocabulary=1 << 20, pad=0) as writer:
        start = 1
        for length in lengths:
            ids = np.arange(start, start + length)
            writer.append(ids, np.isin(ids, list(masked)), "")
            start += length
    return TokenSet.open(folder)


def everything(rows):
    return rows.arrays(range(len(rows)))


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 20), min_size=1, max_size=30).filter(any),
    masked=st.sets(st.integers(1, 100)),
    length=st.integers(2, 12),
    mode=st.sampled_from(MODES),
    seed=st.none() | st.integers(0, 3),
)
def test_every_token_once_and_learned_exactly_where_it_should_be(
    tmp_path_factory, lengths, masked, length, mode, seed
):
    tokens = numbered(tmp_path_factory.mktemp("set"), lengths, masked)
    batch = everything(pack(tokens, length, mode=mode, seed=seed))
    ids, labels = batch["input_ids"], batch["labels"]
    assert ids.shape[1] == length
    assert sorted(ids[ids > 0].tolist()) == list(range(1, sum(lengths) + 1))
    first = set((np.cumsum(lengths) - lengths + 1).tolist())
    for row_ids, row_labels in zip(ids.tolist(), labels.tolist(), strict=True):
        for column, (token, label) in enumerate(zip(row_ids, row_labels, strict=True)):
            learned = token > 0 and token not in masked and token not in first and column > 0
            assert label == (token if learned else -100)
    if mode != "packed":
        assert np.array_equal(batch["attention_mask"], ids > 0)
    assert (np.diff((ids > 0).astype(int), axis=1) <= 0).all(), "padding is on the right only"


def row_by_row(rows, index):
    """One row of ``rows``, piece after piece: input ids, labels, positions and what is not padding."""
    plan, column = rows.pieces, 0
    ids, labels = np.zeros(rows.length, np.int64), np.full(rows.length, -100)
    positions, filled = np.zeros(rows.length, np.int64), np.zeros(rows.length, np.int64)
    for piece in range(plan.rows[index], plan.rows[index + 1]):
        start, n = plan.starts[piece], plan.lengths[piece]
        for place in range(n):
            ids[column] = rows.tokens.tokens[start + place]
            first = column == 0 or (place == 0 and plan.opens[piece])
            if rows.tokens.loss[start + place] and not first:
                labels[column] = ids[column]
            positions[column], filled[column], column = place, 1, column + 1
    positions[column:] = np.arange(rows.length - column)
    return {"input_ids": ids, "labels": labels, "position_ids": positions, "attention_mask": filled}


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 20), min_size=1, max_size=12).filter(any),
    masked=st.sets(st.integers(1, 60)),
    length=st.integers(2, 12),
    mode=st.sampled_from(MODES),
    seed=st.integers(0, 9),
)
def test_rows_gathered_at_once_are_those_filled_one_by_one(
    tmp_path_factory, lengths, masked, length, mode, seed
):
    tokens = numbered(tmp_path_factory.mktemp("set"), lengths, masked)
    rows = pack(tokens, length, mode=mode)
    chosen = np.random.default_rng(seed).integers(-len(rows), len(rows), 5)
    batch = rows.arrays(chosen)
    assert set(batch) == {"input_ids", "labels", "position_ids" if mode == "packed" else "attention_mask"}
    for i, index in enumerate(chosen):
        expected = row_by_row(rows, index % len(rows))
        for name, values in batch.items():
            assert (values[i] == expected[name]).all(), name


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_labels_are_the_characters_that_are_not_masked(tokenizers, texts, tmp_path_factory, data):
    """From text to labels, by characters, with the tokenizer whose tokens spell the text byte by byte."""
    batch = [*data.draw(st.lists(texts, min_size=1, max_size=4)), TrainText("z", "goat")]
    batch = [TrainText(text.id, text.text, text.no_loss) for text in batch]
    tokenizer = tokenizers["bytes"]
    tokens = write_tokens(batch, tokenizer, tmp_path_factory.mktemp("set"))
    row = everything(pack(tokens, tokens.n_tokens, mode="stream"))
    pieces = tokenizer.convert_ids_to_tokens(row["input_ids"][0].tolist())
    learned = (row["labels"][0] != -100).tolist()
    for text in batch:
        inside = {place for start, end in text.no_loss for place in range(start, end)}
        hidden = [place in inside for place, letter in enumerate(text.text) for _ in letter.encode()]
        first = True
        while (piece := pieces.pop(0)) != "<eos>":
            assert learned.pop(0) == (not first and not any(hidden[: len(piece)]))
            hidden, first = hidden[len(piece) :], False
        learned.pop(0)
        assert not hidden
    assert not pieces


@pytest.mark.parametrize("mode", MODES)
def test_without_a_seed_rows_keep_the_order_and_with_one_it_follows_from_it(mode, tmp_path):
    tokens = numbered(tmp_path, [4] * 3000)
    plain = everything(pack(tokens, 12, mode=mode))["input_ids"]
    assert (np.diff(plain[:, 0]) > 0).all()
    shuffled = [everything(pack(tokens, 12, mode=mode, seed=seed))["input_ids"] for seed in (1, 1, 2)]
    assert np.array_equal(shuffled[0], shuffled[1])
    assert not np.array_equal(shuffled[0], shuffled[2])
    assert abs(np.corrcoef(np.arange(len(shuffled[0])), shuffled[0][:, 0])[0, 1]) < 0.2


def test_a_document_a_row_and_a_long_one_goes_on(tmp_path):
    tokens = numbered(tmp_path, [3, 7, 1])
    assert everything(pack(tokens, 4))["input_ids"].tolist() == [
        [1, 2, 3, 0], [4, 5, 6, 7], [8, 9, 10, 0], [11, 0, 0, 0],
    ]  # fmt: skip


def test_best_fit_fills_rows_with_whole_documents(tmp_path):
    tokens = numbered(tmp_path, [5, 3, 6, 2, 8])
    batch = everything(pack(tokens, 8, mode="packed"))
    assert batch["input_ids"].tolist() == [
        [1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 12, 13, 14, 15, 16], [17, 18, 19, 20, 21, 22, 23, 24],
    ]  # fmt: skip
    assert batch["position_ids"].tolist() == [
        [0, 1, 2, 3, 4, 0, 1, 2], [0, 1, 2, 3, 4, 5, 0, 1], [0, 1, 2, 3, 4, 5, 6, 7],
    ]  # fmt: skip
    lengths = np.random.default_rng(0).integers(20, 60, 2000)
    many = pack(numbered(tmp_path / "many", lengths), 128, mode="packed")
    assert lengths.sum() / (len(many) * 128) > 0.95


def test_a_packed_document_stays_within_its_window(tmp_path):
    lengths = np.random.default_rng(0).integers(1, 9, 5000)
    tokens = numbered(tmp_path, lengths)
    ids = everything(pack(tokens, 8, mode="packed"))["input_ids"]
    documents = np.searchsorted(tokens.ends, ids[ids > 0] - 1, side="right")
    place = np.unique(documents, return_index=True)[1]
    assert (np.argsort(place) // 1024 == np.arange(5000) // 1024).all()


def test_packed_documents_do_not_see_each_other(tiny, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny("llama")).eval()
    tokens = numbered(tmp_path, [5, 3, 4])
    [row] = pack(tokens, 16, mode="packed").__getitems__([0])
    inputs = {name: row[name][None] for name in ("input_ids", "position_ids")}
    with torch.no_grad():
        together = model(**inputs, use_cache=False).logits[0]
        blind = model(inputs["input_ids"], use_cache=False).logits[0]
        place = 0
        while (end := place + 1) <= tokens.n_tokens:
            while end < tokens.n_tokens and row["position_ids"][end] != 0:
                end += 1
            alone = model(row["input_ids"][None, place:end]).logits[0]
            assert torch.allclose(together[place:end], alone, atol=1e-4)
            place = end
    assert not torch.allclose(together, blind, atol=1e-2), "without positions documents do see each other"


def test_padding_needs_no_attention_mask(tiny, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny("llama")).eval()
    tokens = numbered(tmp_path, [5, 9])
    losses = []
    for mask in (True, False):
        rows = pack(tokens, 9, attention_mask=mask).__getitems__([0, 1])
        assert ("attention_mask" in rows[0]) is mask
        with torch.no_grad():
            losses.append(model(**{name: torch.stack([row[name] for row in rows]) for name in rows[0]}).loss)
    assert torch.allclose(*losses, atol=1e-5)


def test_the_trainer_reads_rows(tiny, tmp_path):
    from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

    rows = pack(numbered(tmp_path / "tokens", [5, 9, 3, 7]), 8, mode="packed")
    arguments = TrainingArguments(
        tmp_path / "out", max_steps=2, per_device_train_batch_size=2, report_to=[], use_cpu=True,
        disable_tqdm=True, save_strategy="no",
    )  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(tiny("llama"))
    result = Trainer(model=model, args=arguments, train_dataset=rows).train()
    assert result.global_step == 2
    assert np.isfinite(result.training_loss)


def test_rows_by_number(tmp_path):
    rows = pack(numbered(tmp_path, [3, 3, 3]), 4)
    assert len(rows) == 3
    assert rows[-1]["input_ids"].tolist() == rows[2]["input_ids"].tolist() == [7, 8, 9, 0]
    assert [row["input_ids"][0].item() for row in rows.__getitems__([2, 0])] == [7, 1]
    for index in (3, -4):
        with pytest.raises(IndexError):
            rows[index]
    assert pickle.loads(pickle.dumps(rows))[1]["labels"].tolist() == [-100, 5, 6, -100]


def test_an_unknown_mode_and_rows_without_a_target_are_errors(tmp_path):
    tokens = numbered(tmp_path, [3])
    with pytest.raises(UsageError, match=r"no packing 'best'.*documents, packed, stream"):
        pack(tokens, 4, mode="best")
    with pytest.raises(UsageError, match="rows of 1 tokens"):
        pack(tokens, 1)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(0, 200), seed=st.integers(0, 1 << 40), epoch=st.integers(0, 50))
def test_an_order_is_a_permutation_that_follows_from_its_seeds(n, seed, epoch):
    found = order(n, seed, epoch)
    assert sorted(found.tolist()) == list(range(n))
    assert np.array_equal(found, order(n, seed, epoch))
    if n >= 20:
        assert not np.array_equal(found, order(n, seed, epoch + 1))
        assert not np.array_equal(found, order(n, seed + 1, epoch))


def test_an_order_is_the_same_for_ever():
    assert order(8, 0).tolist() == [3, 2, 1, 6, 0, 7, 4, 5]
