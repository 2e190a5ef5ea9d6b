"""Pretraining: the same bytes from the same recipe, interrupted or not, and what is refused."""

from __future__ import annotations

import json
import math
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from eudaimon.core import BindingMismatch, UsageError
from eudaimon.train.nursery import checkpoint_run, loop, pretraining
from eudaimon.train.nursery.failures import DiskFull, LossNotFinite
from eudaimon.train.nursery.pretraining import new_model, pretrain
from eudaimon.train.nursery.recipes import PretrainRecipe

GOLDEN = Path(__file__).with_name("golden_loss_curve.json")
RECIPE = PretrainRecipe(
    context=10, steps=12, batch_size=8, learning_rate=1e-2, checkpoint_steps=(5,), init_seed=3, data_seed=4
)


def run(tokens, words, out, recipe=RECIPE, **more):
    return pretrain(recipe, tokens, words, out, show_progress=False, **more)


def metrics(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def contents(out):
    """Every file of a run but its seconds."""
    files = (path for path in sorted(out.rglob("*")) if path.is_file() and path.name != "timing.json")
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def made(words, tmp_path_factory):
    """A run that nothing disturbed, its tokens, and the state of the generators before and after."""
    from eudaimon.train.text import TrainText
    from eudaimon.train.tokens.write import write_tokens

    folder = tmp_path_factory.mktemp("run")
    draw = np.random.default_rng(0)
    texts = [TrainText(str(i), " ".join(f"w{n}" for n in draw.integers(0, 20, 9))) for i in range(40)]
    tokens = write_tokens(texts, words, folder / "tokens")
    before = torch.random.get_rng_state()
    out = run(tokens, words, folder / "out")
    assert torch.equal(before, torch.random.get_rng_state())
    return tokens, out


def test_the_folder_is_an_ordinary_checkpoint(made):
    _, out = made
    model, tokenizer = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    assert model.config.model_type == "llama" and model.dtype is torch.float32
    ids = tokenizer("w1 w2 w3", return_tensors="pt")
    assert model(**ids).logits.shape == (1, 3, len(tokenizer))
    assert "assistant" in tokenizer.apply_chat_template(
        [{"role": "user", "content": "w1"}, {"role": "assistant", "content": "w2"}], tokenize=False
    )
    kept = AutoModelForCausalLM.from_pretrained(out / "checkpoints" / "step-000005")
    assert not torch.equal(kept.lm_head.weight, model.lm_head.weight)
    assert {path.name for path in out.iterdir()} == {
        "checkpoints", "chat_template.jinja", "config.json", "generation_config.json", "manifest.json",
        "metrics.jsonl", "model.safetensors", "timing.json", "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip


def test_metrics_have_every_step(made):
    _, out = made
    rows = metrics(out)
    assert [row["step"] for row in rows] == list(range(1, 13))
    # Eight rows of nine words and an EOS, of which the first is not predicted.
    assert [row["n_tokens"] for row in rows] == [72 * step for step in range(1, 13)]
    rates = [row["learning_rate"] for row in rows]
    assert rates[0] == 0 and max(rates) == rates[1] == 1e-2 and rates[1:] == sorted(rates[1:], reverse=True)
    assert rows[-1]["loss"] < rows[0]["loss"] and all(row["gradient_norm"] > 0 for row in rows)


def test_wsd_keeps_the_rate_and_lets_it_fall_in_the_last_three_tenths(made, words, tmp_path):
    tokens, _ = made
    recipe = RECIPE.model_copy(update={"schedule": "wsd", "steps": 20, "checkpoint_steps": ()})
    assert (recipe.warmup_steps, recipe.decay_steps) == (1, 6)
    rates = [row["learning_rate"] for row in metrics(run(tokens, words, tmp_path / "out", recipe))]
    assert rates[0] == 0 and rates[1:15] == [1e-2] * 14
    assert rates[15:] == pytest.approx([1e-2 * left / 6 for left in (5, 4, 3, 2, 1)])
    short = recipe.model_copy(update={"steps": 2, "warmup": 0.9})
    assert short.warmup_steps + short.decay_steps == short.steps


def test_the_loss_curve_is_the_golden_one(made):
    _, out = made
    golden = json.loads(GOLDEN.read_text())
    assert [row["loss"] for row in metrics(out)] == pytest.approx(golden, rel=1e-4)


def test_first_weights_are_as_wide_as_the_recipe_says(made, words):
    assert PretrainRecipe().initializer_range == 0.02
    usual = new_model(RECIPE, words)
    wide = new_model(RECIPE.model_copy(update={"initializer_range": 0.04}), words)
    for name, weight in wide.named_parameters():
        own = usual.get_parameter(name)
        if weight.ndim == 2:  # the others are norms, which begin at one
            assert own.std().item() == pytest.approx(0.02, rel=0.1)
            torch.testing.assert_close(weight, 2 * own)
        else:
            assert torch.equal(weight, own)
    _, out = made
    record = json.loads((out / "manifest.json").read_text())["identity"]["recipe"]
    assert record["initializer_range"] == 0.02
    with pytest.raises(ValueError, match="initializer_range"):
        PretrainRecipe(initializer_range=0)


class Stop(BaseException):
    """What a killed process does not live to see."""


@pytest.mark.parametrize("stop", [1, 5, 6, 11])
def test_a_stopped_run_goes_on_to_the_same_bytes(made, words, tmp_path, monkeypatch, stop):
    tokens, whole = made

    def stopping(made, recorder, points):
        def at(step):
            if step == stop:
                raise Stop

        return watched(made, recorder, points, at)

    watched = loop.watched
    monkeypatch.setattr(loop, "watched", stopping)
    with pytest.raises(Stop):
        run(tokens, words, tmp_path / "out", resume_every=3)
    assert not (tmp_path / "out" / "manifest.json").exists()
    monkeypatch.setattr(loop, "watched", watched)
    starts = []
    monkeypatch.setattr(checkpoint_run.log, "info", lambda text, *values: starts.append(values[0]))
    out = run(tokens, words, tmp_path / "out", resume_every=3)
    # The stop at step 5 comes before that step's point is made.
    assert starts == {1: [], 5: [3], 6: [5], 11: [9]}[stop]
    assert contents(out) == contents(whole)


def test_a_cut_off_resume_point_is_not_used(made, words, tmp_path, monkeypatch):
    tokens, whole = made
    points = tmp_path / "out" / ".work"
    finish = pretraining.RunFolder.finish
    monkeypatch.setattr(pretraining.RunFolder, "finish", lambda *rest: (_ for _ in ()).throw(Stop))
    with pytest.raises(Stop):
        run(tokens, words, tmp_path / "out", resume_every=5)
    (point,) = points.glob("checkpoint-*")
    weights = point / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    monkeypatch.setattr(pretraining.RunFolder, "finish", finish)
    assert contents(run(tokens, words, tmp_path / "out", resume_every=5)) == contents(whole)


def test_a_finished_run_is_not_run_again(made, words, monkeypatch):
    tokens, out = made
    monkeypatch.setattr(pretraining, "new_model", None)
    assert run(tokens, words, out) == out


def test_another_run_in_the_folder_is_refused(made, words, tmp_path):
    tokens, out = made
    with pytest.raises(UsageError, match="holds another run"):
        run(tokens, words, out, RECIPE.model_copy(update={"init_seed": 4}))
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="not empty"):
        run(tokens, words, tmp_path)


@pytest.mark.parametrize(("packing", "context", "batch_size"), [("documents", 10, 8), ("packed", 53, 1)])
def test_the_first_loss_is_the_mean_over_counted_tokens(
    token_set, words, tmp_path, packing, context, batch_size
):
    """Rows of unlike length and mask: a mean of the rows' means would differ; documents do not see others."""
    tokens = token_set(n=8, lengths=[2, 9, 3, 8, 5, 7, 6, 4], masked=2)
    update = {"packing": packing, "context": context, "batch_size": batch_size}
    recipe = RECIPE.model_copy(update=update | {"steps": 1, "checkpoint_steps": (), "warmup": 0.0})
    first = metrics(run(tokens, words, tmp_path / "out", recipe))[0]
    model, losses = new_model(recipe, words), []
    for index in range(8):
        ids, learned = tokens.document(index)
        row = torch.as_tensor(ids.astype(np.int64))
        with torch.no_grad():
            logs = model(row[None]).logits[0].log_softmax(-1)
        losses += [-logs[t - 1, row[t]].item() for t in range(1, len(row)) if learned[t]]
    assert first["n_tokens"] == len(losses)
    assert first["loss"] == pytest.approx(sum(losses) / len(losses), rel=1e-5)


def test_passes_that_add_up_are_one_step(made, words, tmp_path):
    tokens, whole = made
    out = run(tokens, words, tmp_path / "out", accumulate=4)
    assert [row["loss"] for row in metrics(out)] == pytest.approx(
        [r["loss"] for r in metrics(whole)], rel=1e-4
    )
    assert [row["n_tokens"] for row in metrics(out)] == [row["n_tokens"] for row in metrics(whole)]


def test_a_late_mask_counts_in_the_last_steps_only(token_set, words, tmp_path):
    tokens = token_set(masked=4)
    recipe = RECIPE.model_copy(update={"steps": 10, "late_fraction": 0.9})
    rows = metrics(run(tokens, words, tmp_path / "out", recipe))
    counted = np.diff([0, *(row["n_tokens"] for row in rows)]).tolist()
    # Of the four masked words the first is never predicted.
    assert counted == [72] * 9 + [72 - 8 * 3]


def test_a_batch_without_learned_tokens_changes_nothing_and_is_no_error(token_set, words, tmp_path):
    tokens = token_set(n=16, masked=[9] * 15 + [8])
    recipe = RECIPE.model_copy(update={"steps": 4, "checkpoint_steps": ()})
    rows = metrics(run(tokens, words, tmp_path / "out", recipe))
    counted = np.diff([0, *(row["n_tokens"] for row in rows)]).tolist()
    # The last word of one text and its EOS, in one of two batches.
    assert sorted(counted) == [0, 0, 2, 2]
    assert all((row["loss"] == 0) == (n == 0) for row, n in zip(rows, counted, strict=True))


def test_a_loss_that_is_no_number_stops_the_run(made, words, tmp_path):
    tokens, _ = made
    recipe = RECIPE.model_copy(update={"learning_rate": 1e30, "warmup": 0.0})
    with pytest.raises(LossNotFinite, match=r"at step [23]\b"):
        run(tokens, words, tmp_path / "out", recipe)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_full_disk_is_said_and_leaves_nothing_that_looks_whole(made, words, tmp_path):
    tokens, whole = made
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(DiskFull, match=r"out.*full.*resumes"):
            run(tokens, words, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left <= {".work"}
    assert contents(run(tokens, words, tmp_path / "out")) == contents(whole)


def test_tokens_and_checkpoints_of_another_tokenizer_are_refused(made, words, tiny, tmp_path):
    tokens, _ = made
    other = AutoTokenizer.from_pretrained(tiny("llama"))
    with pytest.raises(BindingMismatch, match="made with tokenizer"):
        run(tokens, other, tmp_path / "out")
    with pytest.raises(BindingMismatch, match=r"checkpoint .* has tokenizer"):
        run(tokens, words, tmp_path / "out", start=tiny("llama"))
    assert not (tmp_path / "out").exists()


def test_a_run_can_start_from_a_checkpoint(made, words, tmp_path):
    tokens, whole = made
    recipe = RECIPE.model_copy(update={"steps": 1, "checkpoint_steps": ()})
    again = metrics(run(tokens, words, tmp_path / "out", recipe, start=whole))
    assert again[0]["loss"] < metrics(whole)[-4]["loss"]


def test_tokens_that_are_all_masked_are_refused(token_set, words, tmp_path):
    with pytest.raises(UsageError, match="no token"):
        run(token_set(masked=9), words, tmp_path / "out")


def test_what_the_device_cannot_do_is_refused(made, words, tmp_path):
    tokens, _ = made
    if torch.cuda.is_available():
        pytest.skip("this device computes bfloat16")
    with pytest.raises(UsageError, match="bfloat16"):
        run(tokens, words, tmp_path / "out", RECIPE.model_copy(update={"dtype": "bfloat16"}))
    with pytest.raises(UsageError, match="batch of 8 does not divide"):
        run(tokens, words, tmp_path / "other", accumulate=3)


def test_steps_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match=r"\[13\] are not among the steps 1 to 12"):
        PretrainRecipe(steps=12, checkpoint_steps=(1, 13))
    assert math.isclose(RECIPE.warmup_steps, 1)
