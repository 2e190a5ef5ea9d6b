"""What a step's key depends on, and what it does not."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from eudaimon.core.errors import UsageError
from eudaimon.study.definition import build
from eudaimon.study.graph import Graph
from eudaimon.study.step import Step

FIELDS = st.fixed_dictionaries(
    {"seed": st.integers(0, 9), "rows": st.integers(0, 3), "pause": st.sampled_from([0.0, 0.5, 1e-9])},
    optional={"device": st.sampled_from(["cpu", "cuda:1"])},
)


class Recipe(BaseModel):
    rate: float = 1e-3
    words: tuple[str, ...] = ()
    bars: bool = True
    _exclude_from_cls_uid: ClassVar[tuple[str, ...]] = ("bars",)


class Trained(Step):
    recipe: Recipe = Recipe()
    table: dict[str, int] = Field(default_factory=dict)
    given: dict[str, Step] = Field(default_factory=dict)
    best: Step | None = None


def scientific(fields):
    return {name: value for name, value in fields.items() if name != "device"}


@settings(max_examples=30, deadline=None)
@given(one=FIELDS, other=FIELDS)
def test_keys_are_equal_when_the_scientific_fields_are(steps, one, other):
    a, b = steps.Seeded(**one), steps.Seeded(**dict(reversed(other.items())))
    assert (a.key == b.key) == (scientific(one) == scientific(other))
    assert (a == b) == (a.key == b.key) == (hash(a) == hash(b))


@settings(max_examples=20, deadline=None)
@given(seeds=st.lists(st.integers(), min_size=1, max_size=4), name=st.text(max_size=300))
def test_a_step_is_built_again_from_its_definition(steps, seeds, name):
    step = steps.Mixed(parts=tuple(steps.Seeded(seed=seed, device="cuda:1") for seed in seeds), name=name)
    again = build(step.key, Graph([step]).definitions)
    assert again.model_dump() == step.model_dump() and again.inputs == step.inputs
    assert again.inputs["parts.0"].device == "cuda:1"
    assert len(step.key.encode()) < 200 and "/" not in step.key and step.key.isprintable()


def test_defaults_count_whether_they_are_written_out_or_not(steps):
    assert steps.Seeded(seed=1, rows=50).key == steps.Seeded(seed=1).key
    assert Trained(recipe=Recipe(rate=1e-3)).key == Trained().key


def test_where_a_step_runs_does_not_count(steps):
    assert steps.Mixed(parts=(steps.Seeded(seed=1, device="cuda"),)).key == (
        steps.Mixed(parts=(steps.Seeded(seed=1),)).key
    )
    assert Trained(recipe=Recipe(bars=False)).key == Trained().key


def test_every_scientific_field_counts():
    variants = [
        Trained(),
        Trained(recipe=Recipe(rate=2e-3)),
        Trained(recipe=Recipe(words=("a", "b"))),
        Trained(recipe=Recipe(words=("a,b",))),
        Trained(table={"a": 1}),
        Trained(table={"b": 1}),
        Trained(given={"b": Trained()}),
        Trained(given={"c": Trained()}),
        Trained(best=Trained()),
    ]
    assert len({step.key for step in variants}) == len(variants)
    assert Trained(table={"a": 1, "b": 2}).key == Trained(table={"b": 2, "a": 1}).key


def test_a_new_version_of_the_code_is_a_new_identity(steps, monkeypatch):
    before = steps.Mixed(parts=(steps.Seeded(seed=1),)).key
    monkeypatch.setattr(steps.Seeded, "version", 2)
    assert steps.Mixed(parts=(steps.Seeded(seed=1),)).key != before


def test_a_changed_copy_has_a_key_of_its_own(steps):
    step = steps.Seeded(seed=1)
    assert step.inputs == {} and step.key  # both are cached now
    assert step.model_copy(update={"seed": 2}).key == steps.Seeded(seed=2).key != step.key
    assert step.model_copy() == step
    mixed = steps.Mixed(parts=(step,))
    assert mixed.key and mixed.model_copy(update={"parts": (steps.Seeded(seed=2),)}).inputs == {
        "parts.0": steps.Seeded(seed=2)
    }
    with pytest.raises(ValidationError):
        step.model_copy(update={"sede": 2})


def test_inputs_have_roles(steps):
    step = Trained(given={"teacher": steps.Seeded(seed=1)}, best=steps.Seeded(seed=2))
    assert step.inputs == {"given.teacher": steps.Seeded(seed=1), "best": steps.Seeded(seed=2)}


def test_a_key_reads(steps):
    assert steps.Seeded(seed=3, rows=7).key.startswith("Seeded-rows=7,seed=3-")


def test_a_step_inside_another_model_is_refused(steps):
    class Holder(BaseModel):
        step: Step

    class Outer(Step):
        holder: Holder

    with pytest.raises(UsageError, match=r"holder\.step"):
        _ = Outer(holder=Holder(step=steps.Seeded(seed=1))).key


def test_a_step_that_no_worker_can_import_is_refused():
    class Inner(Step):
        seed: int = 0

    with pytest.raises(UsageError, match="no worker can import"):
        _ = Graph([Inner()]).definitions


def test_two_kinds_of_one_name_are_refused(steps):
    class Seeded(Step):
        seed: int

    with pytest.raises(UsageError, match="called Seeded"):
        Graph([Seeded(seed=1), steps.Seeded(seed=1)])
