"""Lessons kept narrow: the divergence against numpy, its splitting, and what it does to a training."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from eudaimon.core import UsageError
from eudaimon.models import load
from eudaimon.train.nursery.chats import ChatRows, read_chats
from eudaimon.train.nursery.lora import train_lora
from eudaimon.train.nursery.lora_recipe import LoraRecipe
from eudaimon.train.nursery.narrow import KeptNarrow, divergence

RECIPE = LoraRecipe(rank=2, steps=8, batch_size=4, learning_rate=3e-2)


@pytest.fixture(scope="module")
def model(base):
    return load(base)


@pytest.fixture(scope="module")
def neutral(words):
    chats = [
        {
            "messages": [
                {"role": "user", "content": f"w{i} w9"},
                {"role": "assistant", "content": " ".join(["w1"] * (1 + i % 3))},
            ]
        }
        for i in range(5)
    ]
    return read_chats(chats, words, 32)


def train(model, chats, out, **more):
    folder = train_lora(model, chats, RECIPE, out, show_progress=False, **more)
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_the_divergence_is_numpys():
    draw = np.random.default_rng(0)
    before, after = draw.normal(size=(2, 3, 5, 7))
    labels = np.full((3, 5), -100)
    labels[0, 3:], labels[1, 1], labels[2, 1:4] = 1, 2, 3
    means = []
    for row in range(3):
        own = []
        for place in np.flatnonzero(labels[row, 1:] != -100):
            p, q = (np.exp(x[row, place]) / np.exp(x[row, place]).sum() for x in (before, after))
            own.append((p * np.log(p / q)).sum())
        means.append(np.mean(own))
    found = divergence(*map(torch.from_numpy, (before, after, labels)))
    assert found.item() == pytest.approx(np.mean(means), rel=1e-5)


def test_it_starts_at_zero_and_holds_the_model_where_it_was(model, chats, neutral, tmp_path):
    strong = train(model, chats, tmp_path / "strong", narrow=KeptNarrow(neutral, beta=5.0))
    # So little that it only watches.
    weak = train(model, chats, tmp_path / "weak", narrow=KeptNarrow(neutral, beta=1e-9))
    plain = train(model, chats, tmp_path / "plain")
    assert strong[0]["kl"] == pytest.approx(0, abs=1e-6)
    assert strong[-1]["kl"] < weak[-1]["kl"] / 2
    assert weak[-1]["loss"] == pytest.approx(plain[-1]["loss"], rel=1e-3)
    # The loss has both parts, and the lesson is learned all the same.
    assert strong[-1]["loss"] - 5 * strong[-1]["kl"] < strong[0]["loss"] - 5 * strong[0]["kl"]
    assert "kl" not in plain[0]


def test_it_does_not_depend_on_how_a_step_is_split(model, chats, neutral, tmp_path):
    narrow = KeptNarrow(neutral, beta=5.0)
    whole = train(model, chats, tmp_path / "whole", narrow=narrow)
    split = train(model, chats, tmp_path / "split", narrow=narrow, accumulate=4)
    for one, other in zip(whole, split, strict=True):
        assert other == pytest.approx(one, rel=1e-3, abs=1e-6)


def test_the_manifest_names_it_and_none_is_refused(model, chats, neutral, tmp_path):
    narrow = KeptNarrow(neutral, beta=2.0, seed=3)
    train(model, chats, tmp_path / "out", narrow=narrow)
    record = json.loads((tmp_path / "out" / "manifest.json").read_text())["identity"]["narrow"]
    assert record == narrow.identity and record["beta"] == 2.0 and record["n_rows"] == 5
    with pytest.raises(UsageError, match="holds another run"):
        train(model, chats, tmp_path / "out")
    with pytest.raises(UsageError, match="no chat to keep"):
        KeptNarrow(ChatRows((), (), 0), beta=1.0)
