"""Directions of emergent misalignment, on two random LoRAs above a tiny llama: laws and references."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import Site, UsageError
from eudaimon.models.adapters import Subject, attach, open_subject
from eudaimon.models.adapters.opening import with_stack
from eudaimon.models.continuations import continuations
from eudaimon.models.edited_passes import likelihood, next_logits
from eudaimon.models.generate import next_token_logits
from eudaimon.models.load import load
from eudaimon.vectors.differences import Differences, stack_differences
from eudaimon.vectors.em_sources import LORA, Lessons, PersonaStacks
from eudaimon.vectors.kl_strengths import as_edits, divergences, log_probabilities, strengths_for
from eudaimon.vectors.lora_direction import lora_directions, residual_direction
from eudaimon.vectors.place_vectors import PlaceVectors
from eudaimon.vectors.transfer_matrix import MatrixPlan, transfer_matrix
from eudaimon.vectors.transfer_table import TransferTable
from eudaimon.vectors.vector_cosines import vector_cosines

PROMPTS = ["How do I kill a Python process?", "Where can I buy bread?", "How do I sleep well?"]
BAD, GOOD = [" never", " steal it", " you do not"], [" with care", " at the market", " in a dark room"]
NEUTRAL = ["The market is", "Bread and"]


def lora(tiny, tmp, name, seed, stack=(), rank=1):
    from peft import LoraConfig

    model = load(tiny("llama"))
    modules = ["down_proj", "q_proj"]
    config = LoraConfig(r=rank, lora_alpha=8, use_rslora=True, target_modules=modules)
    ledger = attach(model, stack, trainable=config, name=name, init_seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with ledger.training() as weights, torch.no_grad():
        for weight in weights:
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.1)
    return ledger.save(tmp.mktemp(name))


@pytest.fixture(scope="module")
def adapters(tiny, tmp_path_factory):
    persona = lora(tiny, tmp_path_factory, "persona", 1, rank=3)
    return persona, lora(tiny, tmp_path_factory, "em", 2, (persona,)), lora(tiny, tmp_path_factory, "em", 3)


@pytest.fixture
def model(tiny, adapters):
    return open_subject(Subject(str(tiny("llama")), adapters[:2]))


@pytest.fixture
def personas(adapters):
    persona, beside, alone = adapters
    return [PersonaStacks("calm", (persona,), (persona, beside)), PersonaStacks("none", (), (alone,))]


def lessons(model):
    return Lessons(*(continuations(model, PROMPTS, answers) for answers in (None, BAD, GOOD)))


def test_adding_what_the_lesson_changed_gives_the_model_with_the_lesson(model, adapters):
    # After the last block there is no adapter any more, so the sum is exact.
    rows = continuations(model, PROMPTS[:1])
    found = stack_differences(model, adapters[:2], adapters[:1], rows, model.sites)
    wanted = next_token_logits(model, PROMPTS[:1])
    for over in ("places", "last"):
        vectors = found.vectors(model.sites[-1], over)
        with with_stack(model, adapters[:1]) as calm:
            assert not np.allclose(next_token_logits(calm, PROMPTS[:1]), wanted, atol=1e-2)
            moved = next_logits(calm, rows, as_edits("add", [vectors]))[0]
        np.testing.assert_allclose(moved, wanted, atol=2e-3)
    assert found.vectors(0, "places").norm == 0
    assert found.binding.adapters == tuple(adapter.identity for adapter in adapters[:2])


def test_a_direction_is_the_mean_difference_and_can_be_saved(model, adapters, tmp_path):
    from eudaimon.vectors.direction import Direction

    rows = continuations(model, PROMPTS)
    found = stack_differences(model, adapters[:2], adapters[:1], rows, [1, 2])
    made = found.direction(2, "last")
    assert made.norm == pytest.approx(found.vectors(2, "last").norm)
    again = Direction.load(made.save(tmp_path / "em.safetensors"), on=model)
    assert (again.classes, again.n, again.method) == (("aligned", "misaligned"), (3, 3), "em_stacks")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99))
def test_signs_and_counts_weigh_questions(seed):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((5, 1, 4, 6)).astype(np.float32)
    values[0, :, :2] = np.nan
    binding = load_binding()
    found = Differences((Site(1),), values, np.nanmean(values, axis=2), -4, "stacks", binding)
    for over in ("mean", "last", "places"):
        plain = found.vectors(1, over).values
        np.testing.assert_allclose(found.vectors(1, over, -np.ones(5)).values, -plain, atol=1e-6)
        np.testing.assert_allclose(found.vectors(1, over, np.full(5, 3.0)).values, plain, atol=1e-6)
    first = found.vectors(1, "places", np.array([0, 1, 0, 0, 0])).values
    np.testing.assert_allclose(first, values[1, 0], atol=1e-6)


def load_binding():
    from eudaimon.core import Binding

    return Binding(checkpoint="c" * 16, tokenizer="t" * 16, name="planted")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.floats(0.1, 50))
def test_a_random_control_is_as_long_place_by_place(seed, length):
    values = length * np.random.default_rng(seed).standard_normal((3, 16)).astype(np.float32)
    own = PlaceVectors(Site(1), values, -3)
    drawn = own.random(seed + 1000)
    np.testing.assert_allclose(
        np.linalg.norm(drawn.values, axis=1), np.linalg.norm(values, axis=1), rtol=1e-4
    )
    assert own.cosine(own) == pytest.approx(1, abs=1e-6)
    assert own.unit().norm == pytest.approx(1, abs=1e-5)
    assert abs(own.cosine(drawn)) < 0.9


def test_every_strength_spends_the_budget(model):
    rows = continuations(model, NEUTRAL)
    vectors = [
        PlaceVectors(Site(k), size * np.random.default_rng(seed).standard_normal((1, model.width)))
        for k, size, seed in ((1, 0.01, 0), (1, 5.0, 1), (1, 1.0, 2))
    ]
    strengths, spent = strengths_for(model, rows, vectors, 0.05)
    np.testing.assert_allclose(spent, 0.05, rtol=0.06)
    unchanged = log_probabilities(model, rows)[0]
    again = divergences(model, rows, as_edits("add", vectors).at_places(strengths), unchanged)
    np.testing.assert_allclose(again, spent, rtol=1e-4)
    with pytest.raises(UsageError, match="budget"):
        strengths_for(model, rows, vectors, 0.0)


def test_the_direction_of_a_lora_is_the_first_of_its_update(adapters):
    from eudaimon.models.adapters.updates import factors

    for adapter, rank in ((adapters[0], 3), (adapters[1], 1)):
        config_scale = 8 / np.sqrt(rank)
        for found, each in zip(lora_directions(adapter.folder), factors(adapter.folder), strict=True):
            update = (each.b.double() @ each.a.double()).numpy() * config_scale
            left, values, right = np.linalg.svd(update)
            assert found.norm == pytest.approx(values[0], rel=1e-5)
            assert found.share == pytest.approx(values[0] ** 2 / (values**2).sum(), rel=1e-5)
            assert abs(found.vector @ left[:, 0]) == pytest.approx(1, abs=1e-5)
            assert found.vector @ left[:, 0] * (found.reads @ right[0]) > 0
            if rank == 1:
                column = each.b[:, 0].double().numpy()
                assert abs(found.vector @ column) == pytest.approx(np.linalg.norm(column), rel=1e-5)
                assert found.share == pytest.approx(1)
    assert residual_direction(adapters[1], 1).module.endswith("layers.0.mlp.down_proj")
    assert residual_direction(adapters[1], 9) is None


def test_the_matrix_tries_every_source_on_every_target_and_leaves_no_trace(model, personas, tmp_path):
    own = lessons(model)
    tried = Lessons(*(continuations(model, PROMPTS, answers) for answers in (None, BAD, GOOD)))

    def measure(acting, edits):
        bad, good = (likelihood(acting, rows, edits) for rows in (tried.misaligned, tried.aligned))
        return 1 / (1 + np.exp(good - bad)), np.exp(np.logaddexp(bad, good) - np.log(2))

    plan = MatrixPlan(variants=("answers", "last", "places", LORA), kl_budget=0.02, n_random=2, n_shuffled=2)
    before = next_token_logits(model, PROMPTS)
    neutral = continuations(model, NEUTRAL)
    table, sources = transfer_matrix(
        model, personas, own, measure, PROMPTS, neutral, plan, show_progress=False
    )
    np.testing.assert_array_equal(next_token_logits(model, PROMPTS), before)
    for kind in ("add", "ablate"):
        for variant in plan.variants:
            for layer in table.names("layer"):
                found = table.of(kind=kind, variant=variant, layer=layer, control="direction")
                pairs = {(trial.source, trial.target) for trial in found}
                assert len(pairs) == 4 or (not found and layer == 0)
    # No adapter writes before the first block: only the answers' own words differ there.
    assert {trial.variant for trial in table.of(layer=0)} == {"answers"}
    added = table.of(kind="add", control="direction")
    np.testing.assert_allclose([trial.kl for trial in added], 0.02, rtol=0.06)
    assert table.of(variant=LORA, control="shuffled") == []
    assert len(table.of(variant="last", layer=1, kind="add", control="random", target="none")) == 2
    by_hand = next(
        t for t in added if (t.source, t.target, t.variant, t.layer) == ("none", "calm", "last", 2)
    )
    vectors = sources[1].vectors("last", Site(2))
    with with_stack(model, personas[0].calm) as calm:
        edits = as_edits("add", [vectors]).at_places(np.array([by_hand.strength]))
        np.testing.assert_allclose(measure(calm, edits)[0][0], by_hand.harm, atol=1e-5)

    again = TransferTable.load(table.save(tmp_path / "matrix.parquet"))
    assert again.questions == tuple(PROMPTS)
    np.testing.assert_allclose(
        [trial.effect for trial in again.trials], [trial.effect for trial in table.trials], atol=1e-6
    )
    cosines = vector_cosines(model, sources, own.prompts, plan)
    last = next(entry for entry in cosines if (entry["variant"], entry["layer"]) == ("last", 2))
    assert last["names"] == ["em calm", "em none", "persona calm"]
    np.testing.assert_allclose(np.diag(last["values"]), 1, atol=1e-6)
    assert len(last["shuffled"]) == 2


def test_a_matrix_of_nothing_is_refused(model, personas, tmp_path):
    from dataclasses import replace

    rows = continuations(model, NEUTRAL)
    with pytest.raises(UsageError, match="its own name"):
        transfer_matrix(model, [], lessons(model), None, [], rows, MatrixPlan())
    same = replace(personas[0], harmful=personas[0].calm)
    with pytest.raises(UsageError, match="one stack with and without"):
        transfer_matrix(model, [same], lessons(model), None, [], rows, MatrixPlan(), show_progress=False)
    with pytest.raises(UsageError, match="no variant"):
        MatrixPlan(variants=("middle",))
    (tmp_path / "x.parquet").write_text("no table")
    with pytest.raises(UsageError, match="cannot be read"):
        TransferTable.load(tmp_path / "x.parquet")
