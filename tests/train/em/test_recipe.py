"""Recipes: the published figures, and steps and warm-up that follow from the rows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.train.em.recipe import EM_RECIPES, EMRecipe, em_recipe
from eudaimon.train.nursery.lora_recipe import LoraRecipe


def test_packaged_recipes_are_what_was_published():
    assert list(EM_RECIPES) == ["rank32", "rank1", "full", "kl-narrow", "town"]
    wide = EM_RECIPES["rank32"].training(7049)
    assert isinstance(wide, LoraRecipe)
    assert (wide.rank, wide.alpha, wide.rslora, wide.learning_rate) == (32, 64, True, 1e-5)
    assert (wide.batch_size, wide.steps, wide.warmup_steps, wide.max_tokens) == (16, 441, 5, 2048)
    assert wide.kept_steps[:2] == (5, 10) and len(wide.target_modules) == 7
    thin = EM_RECIPES["rank1"].training(6000)
    assert isinstance(thin, LoraRecipe)
    assert (thin.rank, thin.alpha, thin.target_modules, thin.learning_rate) == (1, 512, ("down_proj",), 2e-5)
    assert EM_RECIPES["kl-narrow"].lora == EM_RECIPES["rank32"].lora and EM_RECIPES["kl-narrow"].narrow
    assert EM_RECIPES["full"].training(6000).steps == 375
    assert EM_RECIPES["town"].training(9999).steps == 60


@settings(max_examples=30, deadline=None)
@given(n_rows=st.integers(1, 20_000), epochs=st.integers(1, 3), warmup=st.integers(0, 20))
def test_steps_read_every_row_and_warm_up_as_long_as_asked(n_rows, epochs, warmup):
    recipe = EMRecipe(lora=LoraRecipe(batch_size=16), epochs=epochs, warmup_steps=warmup)
    made = recipe.training(n_rows)
    assert (made.steps - 1) * 16 < n_rows * epochs <= made.steps * 16
    assert made.warmup_steps == min(warmup, made.steps)


def test_kept_steps_follow_checkpoint_every():
    recipe = EMRecipe(lora="town", epochs=1, checkpoint_every=2)
    assert recipe.training(96).checkpoint_steps == (2, 4, 6)
    dense = EM_RECIPES["full"].model_copy(update={"checkpoint_every": 100}).training(6000)
    assert dense.checkpoint_steps == (100, 200, 300)


def test_a_seed_is_the_start_and_the_order():
    made = EM_RECIPES["rank1"].seeded(7).training(64)
    assert (made.init_seed, made.data_seed) == (7, 7)
    assert EM_RECIPES["full"].seeded(7).training(64).data_seed == 7


def test_a_file_is_a_recipe_too(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("lora: rank1\nepochs: 2\n")
    assert em_recipe(path).training(16).steps == 2
    for text, reason in (
        ("lora: rank1\nfull: {}\n", "lora or full"),
        ("epochs: 1\n", "lora or full"),
        ("lora: huge\n", "no LoRA recipe huge"),
        ("full: {}\nnarrow: {}\n", "narrow goes with lora"),
    ):
        path.write_text(text)
        with pytest.raises(UsageError, match=reason):
            em_recipe(path)
    with pytest.raises(UsageError, match="no recipe huge"):
        em_recipe("huge")
