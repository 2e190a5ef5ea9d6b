"""Fine-tuning on chats."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from eudaimon.core import UsageError
from eudaimon.train.nursery import loop
from eudaimon.train.nursery.chats import read_chats
from eudaimon.train.nursery.finetuning import finetune
from eudaimon.train.nursery.order import Order
from eudaimon.train.nursery.recipes import FineTuneRecipe

RECIPE = FineTuneRecipe(steps=6, batch_size=4, learning_rate=1e-2, data_seed=1, checkpoint_steps=(2,))


def metrics(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def tuned(base, chats, tmp_path_factory):
    return finetune(base, chats, RECIPE, tmp_path_factory.mktemp("sft") / "out", show_progress=False)


def test_the_loss_is_that_of_the_assistants_tokens_alone(tuned, base, chats, words):
    rows = read_chats(chats, words, 99)
    order = Order(rows, steps=6, batch_size=4, seed=1)
    model, losses = AutoModelForCausalLM.from_pretrained(base), []
    for row in order.row_numbers(np.arange(4)):
        ids = torch.from_numpy(rows.ids[row])
        with torch.no_grad():
            logs = model(ids[None]).logits[0].log_softmax(-1)
        text = words.decode(ids)
        answer = words(text.split("<assistant> ")[1], add_special_tokens=False).input_ids
        first = len(ids) - len(answer)
        losses += [-logs[t - 1, ids[t]].item() for t in range(first, len(ids))]
    assert metrics(tuned)[0]["n_tokens"] == len(losses)
    assert metrics(tuned)[0]["loss"] == pytest.approx(np.mean(losses), rel=1e-4)


def test_it_learns_what_the_chats_say_and_is_a_checkpoint(tuned, base, chats):
    rows = metrics(tuned)
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6] and rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    before, after = (AutoModelForCausalLM.from_pretrained(folder) for folder in (base, tuned))
    moved = [not torch.equal(a, b) for a, b in zip(before.parameters(), after.parameters(), strict=True)]
    assert all(moved)
    assert (tuned / "checkpoints" / "step-000002" / "model.safetensors").is_file()
    assert (tuned / "tokenizer.json").is_file() and (tuned / "manifest.json").is_file()


def test_stopped_and_given_again_it_ends_with_the_same_weights(tuned, base, chats, tmp_path, monkeypatch):
    class Stop(BaseException):
        pass

    watched = loop.watched

    def stopping(made, recorder, points):
        def at(step):
            if step == 4:
                raise Stop

        return watched(made, recorder, points, at)

    monkeypatch.setattr(loop, "watched", stopping)
    with pytest.raises(Stop):
        finetune(base, chats, RECIPE, tmp_path / "out", resume_every=3, show_progress=False)
    monkeypatch.setattr(loop, "watched", watched)
    out = finetune(base, chats, RECIPE, tmp_path / "out", resume_every=3, show_progress=False)
    for name in ("model.safetensors", "metrics.jsonl", "manifest.json"):
        assert (out / name).read_bytes() == (tuned / name).read_bytes(), name


def test_other_chats_in_the_same_folder_are_refused(tuned, base, chats):
    with pytest.raises(UsageError, match="holds another run"):
        finetune(base, chats[1:], RECIPE, tuned, show_progress=False)
