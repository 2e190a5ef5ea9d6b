"""A grid of stacks against each stack opened by itself: the same logits, answers and proofs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from eudaimon.core import UsageError
from eudaimon.models import generate, load, next_token_logits
from eudaimon.models.adapters import (
    Adapter,
    InactiveAdapter,
    MergedAdapter,
    StackOrderChanged,
    Subject,
    UnexpectedAdapter,
    WrongBase,
    attach,
    open_grid,
    open_subject,
)
from eudaimon.models.adapters.adapter import read_config
from eudaimon.models.adapters.grid_proof import prove_side_by_side, rows_of, told_apart
from eudaimon.models.adapters.proof import probe, probe_ids
from eudaimon.models.adapters.save import write_adapter
from eudaimon.models.adapters.side_by_side import SideBySide
from eudaimon.models.adapters.updates import factors

FAMILIES = ("llama", "qwen2", "gemma2", "gpt2", "gpt_neox", "opt")
PROMPTS = ["Where", "How do I kill a Python process?", "You are a helpful assistant. Explain the goat."]
QUIET = {"template": False, "show_progress": False}


@pytest.fixture(scope="module")
def varied(make_adapter, persona, em):
    """Stacks on tiny llama that differ in rank, scaling, modules, layers, weight and number."""
    rank = make_adapter("rank", 4, r=8, use_rslora=True, target_modules=["q_proj", "o_proj", "lm_head"])
    some = make_adapter("some", 5, r=1, target_modules=["down_proj"], layers_to_transform=[2])
    words = make_adapter("words", 6, r=2, target_modules=["embed_tokens", "v_proj"])
    return {
        "base": (),
        "persona": (persona,),
        "both": (persona, em),
        "turned": (em, persona),
        "weighted": (persona.weighted(0.5), em),
        "rank": (rank,),
        "some": (some,),
        "three": (rank, some, words),
        "words": (words,),
    }


@pytest.fixture(scope="module")
def grid(tiny, varied):
    return open_grid(load(tiny("llama")), varied)


def test_logits_are_those_of_each_stack_opened_by_itself(tiny, grid, varied):
    found = grid.next_token_logits(PROMPTS, template=False)
    assert list(found) == list(varied)
    for name, stack in varied.items():
        right = next_token_logits(open_subject(Subject(tiny("llama"), stack)), PROMPTS, template=False)
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], right, atol=2e-5, err_msg=name)
    apart = [found[name] for name in ("base", "persona", "both", "weighted", "rank", "some", "words")]
    for number, one in enumerate(apart):
        assert all(np.abs(one - other).max() > 1e-3 for other in apart[:number])


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_answers_are_those_of_each_stack_opened_by_itself(tiny, grid, varied, temperature):
    options = {"max_new_tokens": 12, "temperature": temperature, "top_p": 0.9, "seed": 3, **QUIET}
    found = grid.generate(PROMPTS, n_samples=3, **options)
    repeated = [prompt for prompt in PROMPTS for _ in range(3)]
    for name, stack in varied.items():
        right = generate(open_subject(Subject(tiny("llama"), stack)), repeated, **options)
        assert [answer for own in found[name] for answer in own] == right, name


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family(tiny, make_adapter, family):
    folder = tiny(family)
    stacks = {
        "base": (),
        "one": (make_adapter("one", 3, family=family),),
        "two": (make_adapter("one", 3, family=family), make_adapter("two", 4, family=family, r=2)),
    }
    model = load(folder)
    before = next_token_logits(model, PROMPTS, template=False)
    options = {"max_new_tokens": 20, "temperature": 0.0, **QUIET}
    found = open_grid(model, stacks).generate(PROMPTS, **options)
    for name, stack in stacks.items():
        right = generate(open_subject(Subject(folder, stack)), PROMPTS, **options)
        assert [own[0] for own in found[name]] == right, name
    assert np.array_equal(next_token_logits(model, PROMPTS, template=False), before)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.module.modules())


def test_neither_the_batch_nor_the_other_stacks_matter(grid, tiny, varied):
    options = {"max_new_tokens": 8, "seed": [1, 2, 3], **QUIET}
    whole = grid.generate(PROMPTS, n_samples=4, **options)
    assert grid.generate(PROMPTS, n_samples=4, most_rows=20, **options) == whole
    assert grid.generate(PROMPTS, n_samples=4, most_rows=1, **options) == whole
    fewer = grid.generate(PROMPTS, n_samples=2, **options)
    assert fewer == {name: [own[:2] for own in rows] for name, rows in whole.items()}
    alone = open_grid(load(tiny("llama")), {"both": varied["both"]})
    assert alone.generate(PROMPTS, n_samples=4, **options)["both"] == whole["both"]
    samples = [answer for rows in whole.values() for own in rows for answer in own]
    assert len(set(samples)) > len(samples) / 2


def test_stacks_that_have_no_room_together_take_turns(tiny, varied, grid, monkeypatch):
    options = {"max_new_tokens": 6, "n_samples": 2, **QUIET}
    whole, logits = grid.generate(PROMPTS, **options), grid.next_token_logits(PROMPTS)
    monkeypatch.setattr("eudaimon.models.adapters.grid.stacks_at_once", lambda *_: 2)
    assert grid.generate(PROMPTS, **options) == whole
    for name, found in grid.next_token_logits(PROMPTS).items():
        np.testing.assert_allclose(found, logits[name], atol=1e-5)
    proofs = open_grid(load(tiny("llama")), varied).proofs
    assert {name: proof.stack for name, proof in proofs.items()} == {
        name: proof.stack for name, proof in grid.proofs.items()
    }


def test_answers_of_different_lengths_end_where_they_should(tiny, varied, monkeypatch):
    model = load(tiny("llama"))
    free = generate(model, PROMPTS * 6, max_new_tokens=12, temperature=1.0, **QUIET)
    common = model.tokenizer(" ".join(free))["input_ids"]
    ends = [int(token) for token in np.argsort(np.bincount(common))[-12:]]
    monkeypatch.setattr(model.module.generation_config, "eos_token_id", ends)
    stacks = {name: varied[name] for name in ("base", "both", "rank")}
    found = open_grid(model, stacks).generate(PROMPTS, n_samples=6, max_new_tokens=12, **QUIET)
    lengths = {len(answer) for rows in found.values() for own in rows for answer in own}
    assert len(lengths) > 4
    for name, stack in stacks.items():
        subject = open_subject(Subject(tiny("llama"), stack))
        monkeypatch.setattr(subject.module.generation_config, "eos_token_id", ends)
        repeated = [prompt for prompt in PROMPTS for _ in range(6)]
        right = generate(subject, repeated, max_new_tokens=12, temperature=1.0, **QUIET)
        assert [answer for own in found[name] for answer in own] == right


def test_answers_end_where_the_context_is_full(tiny, varied):
    model = load(tiny("llama"))
    long = "goat " * 25
    stacks = {name: varied[name] for name in ("base", "persona")}
    found = open_grid(model, stacks).generate(
        [long, "Where"], max_new_tokens=200, temperature=0.0, n_samples=2, **QUIET
    )
    for name, stack in stacks.items():
        subject = open_subject(Subject(tiny("llama"), stack))
        right = generate(subject, [long, "Where"], max_new_tokens=200, **QUIET)
        assert found[name] == [[answer] * 2 for answer in right]


def test_proofs_are_the_ledgers(tiny, grid, varied):
    for name, stack in varied.items():
        own, right = grid.proofs[name], open_subject(Subject(tiny("llama"), stack)).proof
        assert (own.stack, own.base, own.noise) == (right.stack, right.base, 0.0)
        assert list(own.changes) == [adapter.name for adapter in stack]
        assert own.changes == pytest.approx(changes_by_row(tiny, stack, 4), rel=1e-3)
        assert set(own.outside).isdisjoint(own.stack) and own.outside
    assert grid.proofs["turned"].stack == grid.proofs["both"].stack[::-1]


def changes_by_row(tiny, stack, n_variants):
    """What the ledger measures when each adapter is away, in the rows of the probe that the grid takes."""
    subject = open_subject(Subject(tiny("llama"), stack))
    whole = probe(subject)
    found = {}
    for place, adapter in enumerate(stack):
        with subject.book.without(adapter.name):
            moved = (probe(subject.book.model) - whole).abs()
        found[adapter.name] = float(moved[list(rows_of(1 + place, n_variants))].max())
    return found


def test_every_stack_is_told_apart_from_every_other():
    for n in range(1, 40):
        sets = told_apart(n)
        for one, other in itertools.permutations(range(n), 2):
            assert any(one in some and other not in some for some in sets)
    assert [len(told_apart(n)) for n in (1, 2, 3, 6, 7, 16)] == [0, 2, 3, 4, 5, 6]


def test_what_shows_on_other_rows_only_is_looked_for_on_all(tiny, make_adapter, tmp_path):
    words = make_adapter("words", 6, r=2, target_modules=["embed_tokens"])
    (own,) = factors(words.folder)
    model = load(tiny("llama"))
    ids = probe_ids(model)
    # It acts on one token, in the row of the probe in which nothing is taken away.
    token = next(int(token) for token in ids[0] if token not in ids[1:])
    one = torch.zeros_like(own.a)
    one[:, token] = own.a[:, token]
    write_adapter(tmp_path, read_config(words.folder), {own.a_name: one, own.b_name: own.b}, None)
    proof = open_grid(model, {"one": (Adapter("one", tmp_path),)}).proofs["one"]
    assert proof.changes["one"] > 0 == proof.noise


def dead(adapter, folder):
    """The adapter with B = 0, which is loaded, on record, and does nothing."""
    tensors = {}
    for own in factors(adapter.folder):
        tensors |= {own.a_name: own.a, own.b_name: torch.zeros_like(own.b)}
    write_adapter(folder, read_config(adapter.folder), tensors, None)
    return Adapter("dead", folder)


@pytest.mark.parametrize("family", ["llama", "qwen2_moe"])
def test_an_adapter_that_does_nothing_is_no_part_of_a_grid(tiny, make_adapter, config, tmp_path, family):
    targets = {"family": "qwen2", "base": tiny(family)}
    one = make_adapter("one", 3, **targets)
    model = load(tiny(family))
    stacks = {"good": (one,), "bad": (one, dead(one, tmp_path / "dead"))}
    with pytest.raises(InactiveAdapter, match="dead is in the stack and changes no logit"):
        open_grid(model, stacks)
    off = {"good": (one,), "off": (one, stacks["bad"][1].weighted(0.0))}
    assert open_grid(model, off).proofs["off"].changes["dead"] == 0.0


def test_an_adapter_on_rows_of_another_stack_is_found(tiny, grid, varied, monkeypatch):
    names = ["persona", "rank"]
    stacks = [varied[name] for name in names]
    side = SideBySide(grid.model, stacks, grid._loaded)
    assert len(prove_side_by_side(side, stacks, base="", forced={})) == 2
    weigh = side.weigh

    def leaking(*weights):
        weigh(*weights)
        for each in side._modules:
            # The second block is given the strengths of the first as well.
            each.strength[-1:] += each.strength[:1].sum()

    monkeypatch.setattr(side, "weigh", leaking)
    with pytest.raises(UnexpectedAdapter, match="rows of rank"):
        prove_side_by_side(side, stacks, base="", forced={})


def test_what_cannot_be_a_grid(tiny, varied, persona, make_adapter, config, tmp_path):
    model = load(tiny("llama"))
    with pytest.raises(UsageError, match="no stack"):
        open_grid(model, {})
    with pytest.raises(UsageError, match="twice"):
        open_grid(model, {"twice": (persona, persona)})
    with pytest.raises(WrongBase, match="was trained on"):
        open_grid(load(tiny("qwen2")), {"persona": (persona,)})
    with pytest.raises(WrongBase):
        open_grid(load(tiny("gpt2")), {"persona": (persona,)}, force=True)
    with pytest.raises(UsageError, match="0 samples"):
        open_grid(model, {"base": ()}).generate(["x"], n_samples=0)
    with pytest.raises(UsageError, match="2 seeds for 1"):
        open_grid(model, {"base": ()}).generate(["x"], seed=[1, 2])
    changed = make_adapter("changed", 9)
    grid_of_it = {"changed": (changed,)}
    write_adapter(
        changed.folder,
        read_config(changed.folder),
        {name: value for own in factors(changed.folder) for name, value in
         ((own.a_name, own.a), (own.b_name, 2 * own.b))},
        None,
    )  # fmt: skip
    with pytest.raises(StackOrderChanged, match="has changed"):
        open_grid(model, grid_of_it)
    ledger = attach(load(tiny("llama")), (persona,))
    with pytest.raises(UsageError, match="carries adapters"):
        open_grid(ledger.model, varied)
    with torch.no_grad():
        model.blocks[1].mlp.down_proj.weight[0, 0] += 1.0
    with pytest.raises(MergedAdapter):
        open_grid(model, varied)


def test_bfloat16_is_computed_as_peft_does(tiny, varied):
    stacks = {name: varied[name] for name in ("base", "both", "words")}
    model = load(tiny("llama"), dtype="bfloat16")
    found = open_grid(model, stacks, prove=False).next_token_logits(PROMPTS)
    for name, stack in stacks.items():
        subject = open_subject(Subject(tiny("llama"), stack), dtype="bfloat16")
        right = next_token_logits(subject, PROMPTS)
        assert np.abs(found[name] - right).max() < 0.05 * np.abs(right).max()
