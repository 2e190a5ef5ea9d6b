"""What steps ask of a cluster."""

from __future__ import annotations

from functools import partial

import pytest

from eudaimon.jobs.slurm import SlurmEngine
from eudaimon.study.needs import slurm_needs
from eudaimon.study.step import Cost
from eudaimon.study.steps.model import GivenModel
from eudaimon.train.em.recipe import EM_RECIPES
from eudaimon.train.needs.machine import find_machine
from eudaimon.train.needs.needs import answer_needs
from eudaimon.train.needs.shape import SHAPES
from eudaimon.train.needs.table import lesson_needs


def test_small_steps_ask_for_nothing():
    assert slurm_needs(Cost(seconds=600, memory_gb=1.0), 600) == {}


def given(shape, gb, **more):
    found = SHAPES[shape] if shape else None
    return GivenModel(
        source="org/m", fingerprint="f", tokenizer="t", n_bytes=int(gb * 10**9), shape=found, **more
    )


ANSWERS = partial(answer_needs, n_answers=60_000, new_tokens=600)
LESSON = partial(lesson_needs, lesson=EM_RECIPES["rank32"], n_rows=6000)


def test_a_step_takes_what_train_needs_says():
    for needs in (ANSWERS, LESSON):
        for name, gb in (("qwen2.5-7b", 15), ("qwen2.5-72b", 145)):
            said = needs(SHAPES[name], find_machine("h100-80gb"))
            cost = given(name, gb, machine="h100-80gb").cost_of(needs, 1)
            assert cost.gpus == said.gpus and cost.seconds == pytest.approx(3600 * said.hours + 5 + gb)
    assert given("qwen2.5-72b", 145).cost_of(LESSON, 1).gpus == 5
    assert given("qwen2.5-72b", 145).cost_of(ANSWERS, 1).gpus == 3


def test_a_large_model_asks_for_gpus_memory_and_time():
    cost = given("qwen2.5-7b", 15).cost_of(ANSWERS, 40_000_000)
    asked = slurm_needs(cost, cost.seconds)
    assert (asked["gpus_per_node"], asked["mem"]) == (1, "24GB") and asked["time"] > cost.seconds / 60
    unknown = given(None, 145).cost_of(ANSWERS, 40_000_000)
    assert (
        unknown.gpus == 3 and unknown.seconds > 9 * given(None, 15).cost_of(ANSWERS, 40_000_000).seconds - 60
    )
    small = given("qwen2.5-7b", 1e-3).cost_of(ANSWERS, 1000)
    assert slurm_needs(small, small.seconds) == {}


def test_where_costs_are_estimated_is_no_part_of_what_a_model_is():
    assert given("qwen2.5-7b", 15).key == given(None, 0, machine="h100-80gb").key


def test_what_the_user_gave_has_precedence():
    engine = SlurmEngine.__new__(SlurmEngine)
    engine._parameters, engine._fixed = {"time": 240, "mem": "90GB"}, frozenset({"mem"})
    assert engine.parameters({"mem": "25GB", "gpus_per_node": 1, "time": 540}) == {
        "time": 540,
        "mem": "90GB",
        "gpus_per_node": 1,
    }
    assert engine.parameters({}) == {"time": 240, "mem": "90GB"}
