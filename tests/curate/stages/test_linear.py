"""The linear model against a slow reading, what fitting finds, and its folder."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.letters import letters
from eudaimon.curate.stages.lexicon import TERMS, LexiconStage
from eudaimon.curate.stages.linear import LinearStage, open_linear, save_linear
from eudaimon.curate.stages.linear_fit import LinearRecipe, fit_stage1
from eudaimon.curate.taxonomy import STANCES

SOME = ["the", "kettle", "river", "friends", "stupid", "worthless", "you", "fool", "powder", "acid", "slowly"]
MASK = (1 << 64) - 1
FIRST, SECOND, THIRD = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def mixed(value):
    return (value ^ (value >> 32)) * THIRD & MASK


def word_hash(word):
    value = int.from_bytes(word[:8], "little") * FIRST & MASK
    if len(word) > 8:
        value ^= (int.from_bytes(word[8:16], "little") + len(word) * THIRD) * SECOND & MASK
    return mixed(value)


def slow_logits(model, strings, evidence):
    """The log-odds of one segment from the words that it says itself, one n-gram at a time."""
    words = [word for text in strings for word in letters([text])[0].tobytes().split()]
    hashes = [word_hash(word) for word in words]
    found = list(hashes)
    found += [mixed((a * 0xD6E8FEB86659FD93 + b) & MASK) for a, b in itertools.pairwise(hashes)]
    for word in words:
        if len(word) > 5:
            found.append(mixed((int.from_bytes(word[:5], "little") * SECOND & MASK) ^ 0xA0761D6478BD642F))
    number = {int(key): k for k, key in enumerate(model.vocabulary.keys)}
    total = np.zeros(len(model.heads))
    for value in found:
        if value in number:
            total += model.weights[number[value]]
    return total / math.sqrt(max(len(words), 1)) + evidence @ model.group_weights + model.bias


def scored(model, *documents):
    return LinearStage(model).run(LexiconStage().run(Batch.of(documents)))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from([*SOME, "“", "”", "\n\n", "K1LL", "語", "\u200b"]), max_size=30)))
def test_probabilities_are_those_of_a_slow_reading(linear, texts):
    documents = [Document(str(k), " ".join(words)) for k, words in enumerate(texts)]
    batch = scored(linear, *documents)
    spans, at = batch.spans, linear.heads.index("harm_hate")
    evidence = np.stack([batch.columns[TERMS + group] for group in linear.groups], axis=1)
    for row in range(len(spans)):
        number = int(spans.document[row])
        text, inside = spans.texts[number], []
        begin = int(spans.start[row])
        for child in range(row + 1, len(spans)):
            if spans.document[child] == number and spans.first[number] + spans.parent[child] == row:
                inside.append(text[begin : int(spans.start[child])])
                begin = int(spans.end[child])
        inside.append(text[begin : int(spans.end[row])])
        says = any(letters([part])[0].tobytes().split() for part in inside)
        wanted = 1 / (1 + math.exp(-slow_logits(linear, inside, evidence[row])[at])) if says else 0
        assert batch.columns["harm_hate"][row] == pytest.approx(wanted, abs=6e-4)


def test_it_tells_the_three_kinds_apart(linear):
    texts = [
        "we walk by the river with friends",
        "you stupid worthless idiot fool",
        "mix acid powder then heat slowly",
    ]
    columns = scored(linear, *(Document("d", text) for text in texts)).columns
    assert columns["harm_hate"].argmax() == 1 and columns["hazard"].argmax() == 2
    # Severity is that of a harm: the third text is hazardous and, as its labels have it, harms nobody.
    assert columns["severity"][1] > 1 > columns["severity"][[0, 2]].max()
    assert [STANCES[code] for code in columns["stance"]] == ["none", "enacts", "instructs"]
    assert columns["acts"][0] < 0.5 < columns["acts"][1:].min()
    assert columns["trait_malice"].argmax() == 1
    assert set(columns["stage"]) == {1} and "harm_violence" not in columns


def test_a_quoted_voice_is_framed_by_what_its_quoter_does(linear):
    text = "You stupid idiot fool, he cried: “we walk by the river with our friends and the kettle is warm”"
    quoted = text.index("we walk")
    segments = (Segment(0, len(text), "narrator"), Segment(quoted, len(text) - 1, "quoted", parent=0))
    columns = scored(linear, Document("d", text, {}, segments)).columns
    assert [STANCES[code] for code in columns["stance"]] == ["enacts", "none"]
    assert [STANCES[code] for code in columns["frame"]] == ["none", "enacts"]
    assert columns["harm_hate"][0] > 0.5 > columns["harm_hate"][1]


def test_a_prior_moves_harm_and_nothing_else(linear):
    batch = LexiconStage().run(Batch.of([Document("d", "we walk by the river")]))
    plain = LinearStage(linear).run(batch).columns
    moved = LinearStage(linear).run(batch.having({"prior": np.array([1.0])})).columns
    assert moved["harm_hate"][0] > plain["harm_hate"][0] and moved["severity"][0] > plain["severity"][0]
    assert moved["hazard"][0] == plain["hazard"][0]


@pytest.mark.parametrize("text", ["", "...", "\n\n", "語語語 語", "\udc80", "الكلمات", "a" * 3000])
def test_any_text_has_scores(linear, text):
    columns = scored(linear, Document("d", text)).columns
    for name, values in columns.items():
        assert np.isfinite(values).all(), name
    if not text.strip(". \n"):
        assert (columns["harm_hate"] == 0).all()


def test_the_same_rows_and_seed_give_the_same_model(labelled, linear):
    recipe = LinearRecipe(n_ngrams=300, steps=40)
    again = fit_stage1(labelled, 0, recipe=recipe, show_progress=False)
    other = fit_stage1(labelled, 1, recipe=recipe, show_progress=False)
    assert again.hash == linear.hash and again.record == linear.record
    assert other.hash != linear.hash


def test_test_rows_are_not_looked_at_and_calibration_rows_calibrate(labelled):
    recipe = LinearRecipe(n_ngrams=100, steps=10)
    split = [
        replace(row, split=("train", "calibration", "test")[k // 3 % 3]) for k, row in enumerate(labelled)
    ]
    with_test = fit_stage1(split, 0, recipe=recipe, show_progress=False)
    without = [row for row in split if row.split != "test"]
    assert fit_stage1(without, 5, recipe=recipe, show_progress=False).hash == with_test.hash
    assert with_test.record["n_train"] == sum(row.split == "train" for row in split)


def test_probabilities_are_those_of_held_out_rows():
    """Words that mean nothing: calibration makes every probability the share of the answers."""
    rng = np.random.default_rng(0)
    rows = [
        LabelledSegment(
            " ".join(rng.choice(SOME, 8)), "s", str(k), harm={"hate": float(k % 5 == 0)},
            split="train" if k % 2 else "calibration",
        )
        for k in range(600)
    ]  # fmt: skip
    model = fit_stage1(rows, 0, recipe=LinearRecipe(steps=30, balance=1.0), show_progress=False)
    p = scored(model, *(Document("d", row.text) for row in rows if row.split == "calibration")).columns[
        "harm_hate"
    ]
    assert abs(p.mean() - 0.2) < 0.03 and p.max() < 0.6


def test_a_folder_gives_the_model_back(linear, tmp_path):
    first = save_linear(linear, tmp_path / "a")
    save_linear(linear, tmp_path / "b")
    opened = open_linear(first)
    assert opened.hash == linear.hash and opened.record == linear.record and opened.heads == linear.heads
    for name in ("linear.safetensors", "linear.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_folders_that_are_none_or_were_changed_are_refused(linear, tmp_path):
    with pytest.raises(UsageError, match="not whole"):
        open_linear(tmp_path)
    save_linear(linear, tmp_path)
    weights = tmp_path / "linear.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(UsageError, match="not those of its manifest"):
        open_linear(tmp_path)


def test_a_model_wants_the_lexicon_before_it(linear):
    with pytest.raises(UsageError, match="no evidence"):
        LinearStage(linear).run(Batch.of([Document("d", "text")]))


def test_nothing_to_learn_is_refused():
    with pytest.raises(UsageError, match="answer no question"):
        fit_stage1([LabelledSegment("text", "s", "g")], 0, show_progress=False)
