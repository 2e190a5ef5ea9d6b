"""Capture against transformers' own hidden states, on every family, under every way of batching."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eudaimon.core import Message, Site, UsageError
from eudaimon.models import Intervention, capture, capture_tokens, intervene, load

FAMILIES = (
    "gpt2", "llama", "qwen2", "qwen3", "mistral", "gemma", "gemma2", "gemma3", "gpt_neox", "opt", "qwen2_moe",
    "mixtral", "bert", "roberta",
)  # fmt: skip
POOLINGS = ("mean", "last", "max", "softmax")


def expected(model, texts, states, pool, pooling):
    rows = []
    for text in texts:
        code = model.tokenizer(text, return_special_tokens_mask=True)
        content = np.array(code["special_tokens_mask"]) == 0
        hidden = states(model, code["input_ids"])
        rows.append(pool(hidden, content, np.flatnonzero(content)[-1], pooling))
    return np.stack(rows)


@pytest.mark.parametrize("family", FAMILIES)
def test_equals_transformers_for_every_batching(tiny_model, family, texts, states, pool):
    model = tiny_model(family)
    sites = range(model.n_layers + 1)
    for options in (
        {"share_prefixes": False, "token_budget": 1},
        {"share_prefixes": False, "token_budget": 100_000},
        {"share_prefixes": True, "token_budget": 64},
        {"share_prefixes": True},
    ):
        got = capture(model, texts, sites, pooling=POOLINGS, template=False, **options)
        for index, pooling in enumerate(POOLINGS):
            right = expected(model, texts, states, pool, pooling)
            np.testing.assert_allclose(got.values[:, :, index], right, atol=1e-5, rtol=0, err_msg=pooling)
    assert got.values.dtype == np.float32
    assert got.binding == model.binding


@pytest.mark.parametrize("family", FAMILIES)
def test_long_shared_prefix_is_computed_once_and_changes_nothing(tiny_model, family, monkeypatch):
    model = tiny_model(family)
    prefix = "You are a helpful assistant. Explain how the heart pumps blood through the body. " * 2
    questions = [prefix + text for text in ("Why?", "How do I?", "", "Where is the market?", "Why? How?")]
    tokens = count_tokens(model, monkeypatch)
    shared = capture(model, questions, [0, 2, model.n_layers], pooling=POOLINGS, template=False)
    few = tokens.pop()
    alone = capture(
        model, questions, [0, 2, model.n_layers], pooling=POOLINGS, template=False, share_prefixes=False
    )
    np.testing.assert_allclose(shared.values, alone.values, atol=1e-5, rtol=0)
    assert (few < 0.6 * tokens.pop()) == model.is_causal


def test_a_prefix_is_shared_below_the_first_layer_with_full_attention(tiny_model):
    # Gemma 3's first layers see a window; the keys of layers that are never reached stay empty.
    model = tiny_model("gemma3")
    texts = ["You are a helpful assistant. Explain how the heart pumps. " * 2 + word for word in "abcdef"]
    shared = capture(model, texts, [1], pooling=POOLINGS, template=False)
    alone = capture(model, texts, [1], pooling=POOLINGS, template=False, share_prefixes=False)
    np.testing.assert_allclose(shared.values, alone.values, atol=1e-5)


def test_bfloat16_models_give_float32_close_to_the_full_precision(tiny, tiny_model, texts):
    half = load(tiny("llama"), dtype="bfloat16")
    got = capture(half, texts, [1, 4], pooling=POOLINGS)
    right = capture(tiny_model("llama"), texts, [1, 4], pooling=POOLINGS)
    assert got.values.dtype == np.float32
    np.testing.assert_allclose(got.values, right.values, atol=0.1)
    assert got.binding == right.binding


def count_tokens(model, monkeypatch):
    counts = [0]
    forward = model.trunk.forward

    def counted(*args, **kwargs):
        counts[-1] += kwargs["input_ids"].numel()
        return forward(*args, **kwargs)

    monkeypatch.setattr(model.trunk, "forward", counted)

    class Counter:
        def pop(self):
            counts.append(0)
            return counts[-2]

    return Counter()


@pytest.mark.parametrize("family", ["llama", "gpt2", "mistral", "bert"])
def test_beginnings_and_copies_are_read_from_one_row(tiny_model, family, monkeypatch):
    model = tiny_model(family)
    sentence = "Where can I buy fresh bread near the market in the morning?"
    words = sentence.split()
    texts = [" ".join(words[:n]) for n in range(1, len(words) + 1)] * 2
    alone = capture(model, texts, [1, 3], pooling=POOLINGS, template=False, share_prefixes=False)
    tokens = count_tokens(model, monkeypatch)
    shared = capture(model, texts, [1, 3], pooling=POOLINGS, template=False)
    np.testing.assert_allclose(shared.values, alone.values, atol=1e-5, rtol=0)
    if model.is_causal:
        assert tokens.pop() < 2.5 * len(model.tokenizer(sentence)["input_ids"])


@pytest.mark.parametrize("family", ["llama", "mistral", "bert"])
@pytest.mark.parametrize("share", [True, False])
def test_tokens_pool_to_what_capture_pools(tiny_model, family, share, texts, pool):
    model = tiny_model(family)
    texts += ["", "You are a helpful assistant. Explain"]
    options = {"share_prefixes": share, "template": False, "token_budget": 90}
    tokens = capture_tokens(model, texts, [0, 2, 4], **options)
    pooled = capture(model, texts, [0, 2, 4], pooling=POOLINGS, **options)
    assert len(tokens) == len(texts)
    for index, states in enumerate(tokens):
        assert len(states) == pooled.n_tokens[index]
        for place, pooling in enumerate(POOLINGS):
            if len(states):
                own = np.ones(len(states), dtype=bool)
                right = pool(np.moveaxis(states, 1, 0), own, -1, pooling)
                np.testing.assert_allclose(pooled.values[index, :, place], right, atol=1e-5)


def test_spans_point_into_the_plain_text(tiny_model):
    for family, template in (("llama", True), ("gemma", True), ("gpt2", False), ("bert", False)):
        text = "Where can I buy fresh bread?"
        tokens = capture_tokens(tiny_model(family), [text], [1], template=template, system="Be kind.")
        assert "".join(text[a:b] for a, b in tokens.spans).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt_neox", "opt", "bert", "mixtral", "gemma3"])
def test_sublayers_add_up_or_are_what_the_modules_return(tiny_model, family):
    model = tiny_model(family)
    sites = [Site(1, "block"), Site(2, "attention"), Site(2, "mlp"), Site(2, "block")]
    got = capture_tokens(model, ["How do I kill a Python process?"], sites, template=False)
    before, attention, mlp, after = np.moveaxis(got.values, 1, 0)
    if family in ("gpt2", "llama", "gpt_neox", "opt", "mixtral"):
        np.testing.assert_allclose(before + attention + mlp, after, atol=1e-5)
    else:
        assert not np.allclose(attention, mlp)
        assert not np.allclose(attention, after)


def test_forward_stops_after_the_last_site(tiny_model, texts):
    model = tiny_model("llama")
    reached = []
    handles = [
        block.register_forward_hook(lambda *_, k=k: reached.append(k)) for k, block in enumerate(model.blocks)
    ]
    capture(model, texts, [2, 1])
    for handle in handles:
        handle.remove()
    assert set(reached) == {0, 1}


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma", "bert"])
def test_odd_texts_never_crash(tiny_model, family):
    model = tiny_model(family)
    odd = ["", "\ud800 lone \udfff", "a\x00b", " ", "\n", "<eos>", "[SEP]", "\u202eabc", "word " * 3000, "x"]
    got = capture(model, odd, [0, 2, 4], pooling=POOLINGS)
    filled = got.n_tokens > 0
    assert np.isfinite(got.values[filled]).all()
    assert np.isnan(got.values[~filled][:, :, POOLINGS.index("mean")]).all()
    assert got.n_tokens[0] == 0
    assert got.truncated.tolist() == [text.startswith("word word") for text in odd]
    replaced = capture(model, ["\ufffd lone \ufffd"], [0, 2, 4], pooling=POOLINGS)
    np.testing.assert_allclose(got.values[1], replaced.values[0], atol=1e-5)


def test_one_text_is_not_taken_for_a_list(tiny_model):
    for texts in ("How?", (Message(role="user", content="How?"),)):
        with pytest.raises(UsageError, match="one text"):
            capture(tiny_model("llama"), texts, [1])


def test_numpy_integers_name_sites(tiny_model):
    got = capture(tiny_model("gpt2"), ["x"], [np.int64(2)])
    assert got.sites == (Site(2),)


def test_no_texts_give_no_rows(tiny_model):
    got = capture(tiny_model("gpt2"), [], [1, 2])
    assert got.values.shape == (0, 2, 1, 32)
    assert len(capture_tokens(tiny_model("gpt2"), [], [1])) == 0


def test_order_of_the_texts_does_not_matter(tiny_model, texts):
    model = tiny_model("qwen3")
    order = np.random.default_rng(0).permutation(len(texts))
    straight = capture(model, texts, [1, 4], pooling=("mean", "last"))
    mixed = capture(model, [texts[k] for k in order], [1, 4], pooling=("mean", "last"))
    np.testing.assert_allclose(mixed.values, straight.values[order], atol=1e-5)
    again = capture(model, texts, [1, 4], pooling=("mean", "last"))
    np.testing.assert_array_equal(again.values, straight.values)


def test_a_conversation_that_continues_another(tiny_model, states):
    model = tiny_model("qwen2")
    start = (Message(role="user", content="Where can I buy bread?"),)
    longer = (*start, Message(role="assistant", content="At the market."))
    longest = (*longer, Message(role="user", content="How do I kill a process?"))
    shared = capture(model, [start, longer, longest], [2, 4], pooling=POOLINGS)
    alone = capture(model, [start, longer, longest], [2, 4], pooling=POOLINGS, share_prefixes=False)
    np.testing.assert_allclose(shared.values, alone.values, atol=1e-5)


def test_system_prompt_is_read_but_is_not_content(tiny_model, states, pool):
    model = tiny_model("llama")
    got = capture(model, ["Where is the market?"], [3], pooling=("mean", "last"), system="You are kind.")
    string = (
        "<bos><|im_start|>system\nYou are kind.<|im_end|>\n<|im_start|>user\nWhere is the market?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    code = model.tokenizer(string, add_special_tokens=False, return_offsets_mapping=True)
    offsets = np.array(code["offset_mapping"])
    begin = string.index("Where")
    content = (offsets[:, 0] < begin + 20) & (offsets[:, 1] > begin)
    hidden = states(model, code["input_ids"])[3]
    np.testing.assert_allclose(got.at(3, "mean")[0], pool(hidden, content, -1, "mean"), atol=1e-5)
    np.testing.assert_allclose(got.at(3, "last")[0], hidden[-1], atol=1e-5)


def test_concurrent_reads_do_not_mix(tiny_model, texts):
    from concurrent.futures import ThreadPoolExecutor

    model = tiny_model("gpt2")
    right = [capture(model, [text], [1, 3]).values for text in texts]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda text: capture(model, [text], [1, 3]).values, texts * 3))
    for index, values in enumerate(got):
        np.testing.assert_allclose(values, right[index % len(texts)], atol=1e-6)


def test_capture_sees_interventions_and_shares_only_what_it_may(tiny_model):
    model = tiny_model("llama")
    texts = ["Where can I", "Where can I buy fresh", "Where can I buy fresh bread?"]
    push = Intervention.along("add", 2, np.ones(model.width), 3.0, positions="last")
    with intervene(model, [push]):
        shared = capture(model, texts, [2, 4], pooling=POOLINGS, template=False)
        alone = capture(model, texts, [2, 4], pooling=POOLINGS, template=False, share_prefixes=False)
    plain = capture(model, texts, [2, 4], pooling=POOLINGS, template=False)
    np.testing.assert_allclose(shared.values, alone.values, atol=1e-5)
    moved = (shared.at(2, "last") - plain.at(2, "last")) @ push.vector
    np.testing.assert_allclose(moved, 3.0, atol=1e-4)


@pytest.mark.parametrize(
    ("sites", "options", "message"),
    [
        ([9], {}, "has no site 9"),
        ([Site(0, "mlp")], {}, "has no site 0.mlp"),
        ([], {}, "empty or repeated"),
        ([1, 1], {}, "empty or repeated"),
        ([1], {"pooling": "median"}, "median cannot be used"),
        ([1], {"pooling": "all"}, "capture_tokens"),
    ],
)
def test_mistakes_are_named(tiny_model, sites, options, message):
    with pytest.raises(UsageError, match=message):
        capture(tiny_model("gpt2"), ["x"], sites, **options)


def test_minilm_last_layer_equals_masked_mean_of_a_plain_forward(minilm, texts):
    got = capture(minilm, texts, [minilm.n_layers])
    batch = minilm.tokenizer(texts, padding=True, return_tensors="pt", return_special_tokens_mask=True)
    special = batch.pop("special_tokens_mask")
    with torch.no_grad():
        hidden = minilm.module(**batch).last_hidden_state
    mask = (special == 0).float()[..., None]
    right = (hidden * mask).sum(1) / mask.sum(1)
    np.testing.assert_allclose(got.at(minilm.n_layers), right.numpy(), atol=1e-5)


def test_the_mean_within_a_span_is_that_of_its_tokens(tiny_model):
    model = tiny_model("llama")
    question, answer = "Why does it rain?", "Because of the clouds."
    turns = [Message(role="user", content=question), Message(role="assistant", content=answer)]
    tokens = capture_tokens(model, [tuple(turns), question], [1, 2], template=False)
    start = len(question) + 1
    got = tokens.mean_within([(start, start + len(answer)), (0, 0)])
    assert (got.poolings, got.sites, got.binding) == (("mean",), (Site(1), Site(2)), model.binding)
    own = tokens.spans[: tokens.offsets[1]]
    inside = own[:, 1] > start
    assert 0 < inside.sum() == got.n_tokens[0] < len(own)
    np.testing.assert_allclose(got.at(2)[0], tokens.text(0)[inside, 1].mean(axis=0), rtol=1e-6)
    assert got.n_tokens[1] == 0 and np.isnan(got.at(1)[1]).all()
    whole = tokens.mean_within([(0, start + len(answer)), (0, len(question))])
    right = capture(model, [tuple(turns), question], [1, 2], template=False)
    np.testing.assert_allclose(whole.values, right.values, atol=1e-6)
    assert (whole.n_tokens == right.n_tokens).all()
    with pytest.raises(UsageError, match="1 spans for 2 texts"):
        tokens.mean_within([(0, 1)])
