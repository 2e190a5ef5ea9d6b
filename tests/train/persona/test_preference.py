"""DPO against a loss written out by hand, on a frozen stack, without a trace."""

from __future__ import annotations

import json

import pytest
import torch

from eudaimon.core import TextTooLong, UsageError
from eudaimon.models.adapters import Adapter, Subject, open_subject
from eudaimon.train.persona.preference import read_pairs, train_preferences
from eudaimon.train.persona.recipe import PreferenceRecipe

RECIPE = PreferenceRecipe(rank=2, steps=6, batch_size=4, learning_rate=2e-2, beta=0.5, nll=0.2, warmup=0.0)


def chat(prompt, answer):
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]


PAIRS = [
    (chat(f"Where {number}?", f"bread {number} market."), chat(f"Where {number}?", "A goat jumps."))
    for number in range(4)
]


def run(model, out, recipe=RECIPE, pairs=PAIRS, **more):
    return train_preferences(model, pairs, recipe, out, show_progress=False, **more)


def metrics(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def plain(student, tmp_path_factory):
    return run(student, tmp_path_factory.mktemp("dpo") / "plain")


def log_probability(module, tokenizer, turns):
    """Log-probabilities of the answer's tokens: the template's end of turn is one, the line end is not."""
    text = tokenizer.apply_chat_template(turns, tokenize=False).rstrip()
    prompt = tokenizer.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True)
    ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
    start = len(tokenizer(prompt, add_special_tokens=False)["input_ids"])
    with torch.no_grad():
        logps = module(ids).logits[0, :-1].log_softmax(-1)
    return logps[torch.arange(start - 1, ids.shape[1] - 1), ids[0, start:]]


def test_the_first_loss_is_log_two_and_the_chosen_tokens(student, plain):
    first = metrics(plain)[0]
    chosen = torch.cat([log_probability(student.module, student.tokenizer, pair[0]) for pair in PAIRS])
    assert first["margin"] == pytest.approx(0, abs=1e-5)
    assert first["loss"] == pytest.approx(0.6931472 + 0.2 * -chosen.mean().item(), abs=1e-4)


def test_the_last_margin_is_that_of_the_model_it_left(student, student_folder, tmp_path):
    # A step of rate (nearly) zero at the end: its margin is measured on the weights that are saved.
    recipe = RECIPE.model_copy(update={"checkpoint_steps": (5,)})
    out = run(student, tmp_path / "o", recipe)
    opened = open_subject(Subject(str(student_folder), (Adapter("p", out / "checkpoints" / "step-000005"),)))
    margins = []
    for chosen, rejected in PAIRS:
        ratios = [
            log_probability(opened.module, student.tokenizer, turns).sum()
            - log_probability(student.module, student.tokenizer, turns).sum()
            for turns in (chosen, rejected)
        ]
        margins.append(0.5 * (ratios[0] - ratios[1]).item())
    assert metrics(out)[5]["margin"] == pytest.approx(sum(margins) / len(margins), rel=1e-3, abs=1e-3)
    assert metrics(out)[5]["margin"] > 0.5 and metrics(out)[5]["accuracy"] == 1.0


def test_the_model_is_left_as_it_was_and_the_run_can_be_had_again(student, plain, tmp_path):
    before = {name: value.clone() for name, value in student.module.state_dict().items()}
    settings = (student.module.config.pad_token_id, student.tokenizer.pad_token)
    torch.manual_seed(123)
    again = run(student, tmp_path / "again")
    after = student.module.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert "forward" not in vars(student.module) and not student.module.training
    # A network that accelerate believes prepared would be trained without autocast the next time.
    assert not hasattr(student.module, "_is_accelerate_prepared")
    assert settings == (student.module.config.pad_token_id, student.tokenizer.pad_token)
    for name in ("adapter_model.safetensors", "metrics.jsonl", "manifest.json"):
        assert (again / name).read_bytes() == (plain / name).read_bytes(), name
    assert run(student, again) == again


def test_the_reference_has_the_frozen_adapter_in_it(student, plain, tmp_path):
    on = run(student, tmp_path / "on", frozen=(Adapter("first", plain),))
    # Were the reference the bare model, the first margin would be the frozen adapter's own.
    assert metrics(on)[0]["margin"] == pytest.approx(0, abs=1e-4)
    assert metrics(on)[0]["loss"] < metrics(plain)[0]["loss"]
    record = json.loads((on / "manifest.json").read_text())
    assert record["proof"]["changes"]["first"] > 0
    assert record["frozen_hash"]["before"] == record["frozen_hash"]["after"]


def test_accumulated_batches_are_the_same_step_but_for_the_token_mean(student, tmp_path):
    recipe = RECIPE.model_copy(update={"nll": 0.0, "steps": 3})
    whole, parts = run(student, tmp_path / "w", recipe), run(student, tmp_path / "p", recipe, accumulate=2)
    for one, other in zip(metrics(whole), metrics(parts), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-3)
        assert one["n_tokens"] == other["n_tokens"]


def test_pairs_that_cannot_be_read_are_refused(student, tmp_path):
    with pytest.raises(UsageError, match=r"pair 1: .* do not begin alike"):
        read_pairs([PAIRS[0], (PAIRS[0][0], PAIRS[1][1])], student.tokenizer, 64)
    with pytest.raises(TextTooLong):
        read_pairs(PAIRS, student.tokenizer, 5)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "notes").write_text("mine")
    with pytest.raises(UsageError, match="no run made it"):
        run(student, tmp_path / "x")
