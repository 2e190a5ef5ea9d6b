"""Estimates: what must hold of them whatever the model, and one that was counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.train import LORA_RECIPES, PERSONA_RECIPES
from eudaimon.train.em.recipe import EM_RECIPES
from eudaimon.train.needs.division import RUNTIME_GB, Held, divide
from eudaimon.train.needs.machine import find_machine
from eudaimon.train.needs.needs import answer_needs, lora_needs, reading_needs
from eudaimon.train.needs.shape import SHAPES
from eudaimon.train.needs.table import study_needs

GPU = find_machine("h100-80gb")
QWEN = SHAPES["qwen2.5-7b"]
ROWS = {"n_rows": 6000, "tokens_a_row": 400}


def test_a_seven_billion_lesson_counted_by_hand():
    found = lora_needs(QWEN, LORA_RECIPES["rank32"], GPU, passes=8, **ROWS)
    weights, lora = 7.616 * 2, 0.0807 * 16
    at_once = 2 * 2048
    kept = at_once * 28 * (26 * 3584 + 6 * 3584 + 4 * 512 + 8 * 18944) / 1e9
    logits = at_once * 152064 * 12 / 1e9
    assert found.memory_gb == pytest.approx(weights + lora + kept + logits + RUNTIME_GB, abs=0.2)
    # Two rows of 400 tokens a pass are too few to keep this GPU busy.
    assert found.hours == pytest.approx(3000 * 4 * 28 * 0.001 / 3600, rel=0.01)
    longer = lora_needs(QWEN, LORA_RECIPES["rank32"], GPU, passes=8, n_rows=6000, tokens_a_row=2000)
    assert longer.hours == pytest.approx(4 * 7.616e9 * 12e6 / (989e12 * 0.3) / 3600, rel=0.01)
    assert (found.gpus, found.n_tokens) == (1, 2_400_000)
    assert found.fullest_gb == found.memory_gb and found.gpu_hours == found.hours


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), st.sampled_from([1, 2, 4, 8]), st.integers(1, 9000))
def test_fewer_rows_at_once_never_take_more_memory_and_time_grows_with_rows(name, passes, n_rows):
    shape, recipe = SHAPES[name], LORA_RECIPES["rank32"]
    one = lora_needs(shape, recipe, GPU, n_rows=n_rows, tokens_a_row=100, passes=passes)
    finer = lora_needs(shape, recipe, GPU, n_rows=n_rows, tokens_a_row=100, passes=2 * passes)
    twice = lora_needs(shape, recipe, GPU, n_rows=2 * n_rows, tokens_a_row=100, passes=passes)
    assert finer.memory_gb <= one.memory_gb == twice.memory_gb
    assert twice.hours == pytest.approx(2 * one.hours) and finer.hours >= one.hours
    assert one.memory_gb > 2e-9 * shape.n_parameters
    assert one.gpus * GPU.memory_gb > one.memory_gb
    assert one.memory_gb <= one.gpus * one.fullest_gb + 0.1 and one.gpu_hours == one.gpus * one.hours


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), st.integers(1, 4000), st.integers(1, 512))
def test_more_rows_together_take_more_memory_and_not_more_time(name, n_answers, rows):
    few = answer_needs(SHAPES[name], GPU, n_answers=n_answers, new_tokens=50, rows=rows)
    many = answer_needs(SHAPES[name], GPU, n_answers=n_answers, new_tokens=50, rows=2 * rows)
    assert many.memory_gb >= few.memory_gb
    # The last batch may be less full, and is a step all the same.
    assert many.hours <= 1.5 * few.hours
    longer = answer_needs(SHAPES[name], GPU, n_answers=n_answers, new_tokens=100, rows=rows)
    assert longer.hours >= 2 * few.hours


def test_reading_counted_by_hand():
    found = reading_needs(QWEN, GPU, n_tokens=22_000)
    # 220 tokens a pass, whose logits fit: calling 28 layers takes longer than the products or the weights.
    assert found.hours == pytest.approx(100 * 28 * 0.001 / 3600)
    slow = GPU.model_copy(update={"teraflops": 100.0})
    passes = 2 * QWEN.n_parameters * 22_000 / (100e12 * 0.3)
    assert reading_needs(QWEN, slow, n_tokens=22_000).hours == pytest.approx(passes / 3600)
    assert found.memory_gb == pytest.approx(7.616 * 2 + 220 * 152064 * 12 / 1e9 + RUNTIME_GB, abs=0.1)
    assert (found.gpus, found.n_tokens) == (1, 22_000)


def test_the_largest_model_needs_several_gpus():
    parts = study_needs(SHAPES["qwen2.5-72b"], GPU, EM_RECIPES["rank32"], PERSONA_RECIPES["published"])
    assert min(part.needs.gpus for part in parts) >= 3
    small = study_needs(QWEN, GPU, EM_RECIPES["rank32"], PERSONA_RECIPES["published"])
    assert all(part.needs.gpus == 1 for part in small)
    assert [part.name for part in small][-2:] == ["lesson", "answers"]


def test_blocks_are_divided_as_counted_by_hand():
    # 3 GPUs of 9 GB for 10 layers of 2: 4, 5 and 1 of them; of 24 GB in all, 8 + 3 + 1, 10 and 2 + 1.
    machine = GPU.model_copy(update={"memory_gb": 15.0, "usable": 0.9})
    held = Held(layers=10, a_layer=2.0, first=3.0, last=1.0, back=1.0)
    assert held.total_gb == 24
    assert divide(held, machine) == (3, 12 + RUNTIME_GB)
    roomy = machine.model_copy(update={"memory_gb": 30.0})
    assert divide(held, roomy) == (1, 24 + RUNTIME_GB)
    # What the last GPU holds alone is not divided: more GPUs do not help.
    heavy = Held(layers=2, a_layer=1.0, first=0.0, last=40.0, back=0.0)
    assert divide(heavy, machine) == (2, 41 + RUNTIME_GB)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.floats(0.1, 5), st.floats(0, 5), st.floats(0, 5))
def test_a_division_holds_everything_once_and_fits_where_it_can(layers, a_layer, first, last):
    held = Held(layers=layers, a_layer=a_layer, first=first, last=last, back=0.0)
    gpus, fullest = divide(held, GPU)
    assert gpus * (fullest - RUNTIME_GB) >= held.total_gb * (1 - 1e-9)
    assert fullest <= GPU.usable * GPU.memory_gb or gpus == layers
    more, less_full = divide(held, GPU.model_copy(update={"memory_gb": GPU.memory_gb / 2}))
    assert more >= gpus and less_full <= fullest + 1e-9


def test_mistakes():
    with pytest.raises(UsageError, match="no machine"):
        find_machine("abacus")
    with pytest.raises(UsageError, match="all weights"):
        study_needs(QWEN, GPU, EM_RECIPES["full"], PERSONA_RECIPES["published"])
