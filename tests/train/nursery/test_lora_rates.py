"""Learning rates side by side: what comes of each is what it makes alone."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from eudaimon.core import UsageError
from eudaimon.models import load
from eudaimon.models.adapters import Adapter, Subject, open_subject
from eudaimon.train.nursery.failures import LossNotFinite
from eudaimon.train.nursery.lora import train_lora
from eudaimon.train.nursery.lora_rates import rate_name, train_rates
from eudaimon.train.nursery.lora_recipe import LoraRecipe

RECIPE = LoraRecipe(
    rank=2, steps=6, batch_size=4, checkpoint_steps=(2, 6), init_seed=5, schedule="linear", weight_decay=0.1
)
RATES = (1e-3, 1e-2, 5e-2)


def steps_of(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def model(base):
    return load(base)


@pytest.fixture(scope="module")
def together(model, chats, tmp_path_factory):
    return train_rates(model, chats, RECIPE, RATES, tmp_path_factory.mktemp("rates") / "out")


@pytest.mark.parametrize("rate", RATES)
def test_each_rate_is_what_it_makes_alone(model, chats, together, tmp_path, rate):
    recipe = RECIPE.model_copy(update={"learning_rate": rate})
    alone = train_lora(model, chats, recipe, tmp_path / "alone", show_progress=False)
    own = together / rate_name(rate)
    for step in RECIPE.kept_steps:
        place = f"checkpoints/step-{step:06d}"
        one, other = (load_file(run / place / "adapter_model.safetensors") for run in (alone, own))
        assert one.keys() == other.keys()
        for name, value in one.items():
            torch.testing.assert_close(other[name], value, rtol=1e-3, atol=1e-5)
        assert (own / place / "adapter_config.json").read_bytes() == (
            alone / place / "adapter_config.json"
        ).read_bytes()
    for one, other in zip(steps_of(alone), steps_of(own), strict=True):
        for name in ("step", "learning_rate", "loss", "gradient_norm", "n_tokens"):
            assert other[name] == pytest.approx(one[name], rel=1e-3), name


def test_rates_differ_and_each_opens_as_a_subject_that_acts(together, base):
    folders = [together / rate_name(rate) / "checkpoints/step-000006" for rate in RATES]
    opened = [open_subject(Subject(str(base), (Adapter("a", folder),))) for folder in folders]
    moved = [one.proof.changes["a"] for one in opened]
    assert 0 < moved[0] < moved[1] < moved[2]


def test_the_model_is_left_as_it_was_and_a_finished_run_is_taken(model, chats, together, tmp_path):
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    again = train_rates(model, chats, RECIPE, RATES, tmp_path / "again")
    after = model.module.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert not any(value.requires_grad for value in model.module.parameters())
    names = sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert all((again / name).read_bytes() == (together / name).read_bytes() for name in names)
    written = {name: (together / name).stat().st_mtime_ns for name in names}
    train_rates(model, chats, RECIPE, RATES, together)
    assert written == {name: (together / name).stat().st_mtime_ns for name in names}


def test_another_run_is_not_written_over(model, chats, together):
    with pytest.raises(UsageError, match="another run"):
        train_rates(model, chats, RECIPE, RATES[:2], together)


def test_what_cannot_stand_side_by_side(model, chats, base, together, tmp_path):
    own = Adapter("own", together / rate_name(RATES[0]) / "checkpoints/step-000006")
    with pytest.raises(UsageError, match="train_lora"):
        train_rates(open_subject(Subject(str(base), (own,))), chats, RECIPE, RATES, tmp_path / "stacked")
    embeddings = RECIPE.model_copy(update={"target_modules": ("embed_tokens",)})
    with pytest.raises(UsageError, match="embeddings"):
        train_rates(model, chats, embeddings, RATES, tmp_path / "embeddings")
    with pytest.raises(LossNotFinite, match="1e\\+30"):
        train_rates(model, chats, RECIPE, (1e-3, 1e30), tmp_path / "far")
