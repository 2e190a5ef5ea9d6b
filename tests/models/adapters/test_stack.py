"""Laws of stacks on every family: a sum of its parts, exact toggling, identity after detaching."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import Site, UsageError
from eudaimon.models import (
    Intervention,
    capture,
    capture_tokens,
    generate,
    intervene,
    load,
    next_token_logits,
    tap,
)
from eudaimon.models.adapters import (
    InactiveAdapter,
    StackOrderChanged,
    Subject,
    as_model,
    attach,
    open_subject,
    random_adapter,
    switch,
    with_stack,
)

FAMILIES = ("llama", "qwen2", "gemma2", "gpt2", "gpt_neox", "opt", "bert", "roberta")


@pytest.fixture(scope="module")
def opened(tiny, persona, em):
    return open_subject(Subject(tiny("llama"), (persona, em)))


@pytest.fixture
def stacked(opened, persona, em):
    """The opened model with both adapters acting, whatever the test before it did."""
    opened.book.activate((persona, em))
    return opened


def states(model):
    """Every weight and every hook's count, by name."""
    weights = {name: value.detach().clone() for name, value in model.module.named_parameters()}
    return weights, sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.module.modules())


@pytest.mark.parametrize("family", FAMILIES)
def test_attach_then_detach_is_identity_bit_for_bit(tiny, make_adapter, logits, family, texts):
    adapter = make_adapter("one", 3, family=family)
    model = load(tiny(family))
    clean, (weights, hooks) = logits(model), states(model)
    types = [type(part) for part in model.module.modules()]
    ledger = attach(model, (adapter,))
    assert not torch.equal(logits(model), clean)
    with ledger.active(()):
        assert torch.equal(logits(model), clean)
    ledger.detach()
    assert torch.equal(logits(model), clean)
    after, hooks_after = states(model)
    assert after.keys() == weights.keys() and hooks_after == hooks
    assert all(torch.equal(after[name], weights[name]) for name in weights)
    assert [type(part) for part in model.module.modules()] == types
    assert not any(value.requires_grad for value in model.module.parameters())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_function_sees_the_stack(tiny, make_adapter, family, texts):
    adapter = make_adapter("one", 3, family=family)
    base = load(tiny(family))
    model = open_subject(Subject(tiny(family), (adapter,)))
    assert model.binding.adapters == (adapter.fingerprint,)
    sites = [Site(1), Site(model.n_layers)]
    changed = capture(model, texts, sites, template=False)
    assert changed.binding == model.binding
    plain = capture(base, texts, sites, template=False)
    assert not np.allclose(changed.values, plain.values, atol=1e-3)
    with with_stack(model, ()) as off:
        assert np.array_equal(capture(off, texts, sites, template=False).values, plain.values)
        assert off.binding == base.binding
    for site in (Site(2), Site(2, "attention"), Site(2, "mlp")):
        u = np.eye(model.width, dtype=np.float32)[0]
        before = capture_tokens(model, texts[:2], [site], template=False).values[:, 0] @ u
        with intervene(model, [Intervention("add", site, u, 2.0)]):
            after = capture_tokens(model, texts[:2], [site], template=False).values[:, 0] @ u
        np.testing.assert_allclose(after, before + 2.0, atol=2e-5)
    if model.is_causal:
        one, other = (next_token_logits(each, texts[:3], template=False) for each in (model, base))
        assert not np.allclose(one, other, atol=1e-3)
        spoken = [
            generate(each, texts[:3], max_new_tokens=6, template=False, temperature=0)
            for each in (model, base)
        ]
        assert spoken[0] != spoken[1]


def test_tap_reads_the_forward_of_the_stack(stacked):
    with tap(stacked, [2]) as taken:
        stacked.module(input_ids=torch.tensor([[5, 9, 30]]))
    assert taken.binding == stacked.binding


@settings(max_examples=25, deadline=None)
@given(first=st.floats(0, 3), second=st.floats(0, 3), seed=st.integers(0, 999))
def test_a_stack_is_the_sum_of_its_parts(opened, persona, em, first, second, seed):
    ledger = opened.book
    layer = next(layer for layer in ledger.layers if layer.name.endswith("1.mlp.down_proj"))
    x = torch.randn(3, layer.module.in_features, generator=torch.Generator().manual_seed(seed))

    def out(*stack):
        with ledger.active(stack), torch.no_grad():
            return layer.module(x)

    base = out()
    whole = out(persona.weighted(first), em.weighted(second))
    parts = base + first * (out(persona) - base) + second * (out(em) - base)
    torch.testing.assert_close(whole, parts, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(whole, out(em.weighted(second), persona.weighted(first)), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("rslora", [False, True])
def test_a_weight_scales_what_the_config_says(tiny, make_adapter, rslora):
    patterns = {"rank_pattern": {"v_proj": 2}, "alpha_pattern": {"q_proj": 3}}
    adapter = make_adapter("one", 4, use_rslora=rslora, **patterns)
    ledger = attach(load(tiny("llama")), (adapter.weighted(2.5),))
    for layer in ledger.layers:
        (a,), (b,) = ([v for n, v in layer.parameters("one") if part in n] for part in ("lora_A", "lora_B"))
        rank, alpha = (2 if "v_proj" in layer.name else 4), (3 if "q_proj" in layer.name else 8)
        assert a.shape[0] == rank
        x = torch.randn(2, layer.module.in_features)
        with torch.no_grad():
            delta = layer.module(x) - layer.module.get_base_layer()(x)
            right = 2.5 * alpha / (rank**0.5 if rslora else rank) * (x @ a.T @ b.T)
        torch.testing.assert_close(delta, right, atol=1e-4, rtol=1e-4)


def test_plain_peft_computes_the_same(tiny, persona, em, logits):
    from peft import PeftModel

    model = load(tiny("llama"))
    plain = PeftModel.from_pretrained(model.module, persona.folder, adapter_name="persona")
    plain.load_adapter(em.folder, "em")
    plain.base_model.set_adapter(["persona", "em"])
    right = logits(model).detach()
    assert torch.equal(logits(open_subject(Subject(tiny("llama"), (persona, em)))), right)


def test_weights_change_and_come_back_exactly(stacked, persona, em, logits):
    clean = logits(stacked)
    with with_stack(stacked, (persona.weighted(0.3), em.weighted(1.7))) as other:
        assert not torch.equal(logits(other), clean)
        assert other.binding.adapters == (f"{persona.fingerprint}*0.3", f"{em.fingerprint}*1.7")
    assert torch.equal(logits(stacked), clean)


def test_weight_zero_is_off_to_the_bit(stacked, persona, em, logits):
    with with_stack(stacked, (persona,)) as alone:
        right = logits(alone)
    with with_stack(stacked, (persona, em.weighted(0.0)), prove=True) as zero:
        assert torch.equal(logits(zero), right)
        assert zero.proof.changes["em"] == 0


def test_no_trace_when_the_body_raises(stacked, persona, em, logits):
    clean, (weights, hooks) = logits(stacked), states(stacked)
    with pytest.raises(ZeroDivisionError), with_stack(stacked, ("em",)):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), stacked.book.without("persona"):
        raise ZeroDivisionError
    assert torch.equal(logits(stacked), clean)
    after, hooks_after = states(stacked)
    assert hooks_after == hooks and all(torch.equal(after[name], weights[name]) for name in weights)


def test_switching_loads_the_base_once_and_retires_the_old_model(stacked, persona, em, logits):
    clean, module = logits(stacked), stacked.module
    alone = switch(stacked, (em,))
    assert alone.module is module and alone.proof.outside == ("persona",)
    for use in (lambda: stacked.binding, lambda: logits(stacked), lambda: next_token_logits(stacked, ["x"])):
        with pytest.raises(InactiveAdapter, match="adapter persona is asked for and does not act"):
            use()
    back = switch(alone, (persona, em))
    assert torch.equal(logits(back), clean) and torch.equal(logits(stacked), clean)


def test_a_stack_that_fails_to_load_leaves_the_old_one(stacked, persona, em, make_adapter, logits):
    clean = logits(stacked)
    foreign = make_adapter("persona", 9, family="qwen2")
    with pytest.raises(UsageError, match="was trained on"):
        switch(stacked, (foreign,))
    assert torch.equal(logits(stacked), clean)
    stacked.book.prove()


def test_another_adapter_of_the_same_name_takes_its_place(stacked, persona, em, make_adapter, logits):
    later = make_adapter("em", 7, r=2)
    with with_stack(stacked, (persona, later), prove=True) as model:
        assert model.binding.adapters == (persona.fingerprint, later.fingerprint)
    assert stacked.book.prove().outside == ()


def test_an_unknown_name_is_told(stacked):
    with (
        pytest.raises(UsageError, match=r"poet is not in the stack\. persona, em"),
        with_stack(stacked, ("poet",)),
    ):
        pass


def test_bfloat16_weights(tiny, persona, em, texts):
    model = open_subject(Subject(tiny("llama"), (persona, em)), dtype="bfloat16")
    assert min(model.proof.changes.values()) > 0.01
    ledger = attach(load(tiny("llama"), dtype="bfloat16"), (persona, em))
    assert ledger.base_digest == model.proof.base
    near = capture(open_subject(Subject(tiny("llama"), (persona, em))), texts, [2]).values
    np.testing.assert_allclose(capture(model, texts, [2]).values, near, atol=0.2)


def test_embeddings_take_part(tiny, make_adapter, tmp_path, logits):
    """A LoRA of an embedding starts with A = 0 and not with B = 0."""
    adapter = make_adapter("one", 4, target_modules=["embed_tokens", "q_proj"])
    control = random_adapter(adapter, 0, tmp_path / "r")
    model = open_subject(Subject(tiny("llama"), (adapter, control)))
    assert any("embedding" in name for name, _ in model.book.layers[0].parameters("one"))
    with with_stack(model, ()) as off:
        assert torch.equal(logits(off), logits(load(tiny("llama"))))


def test_an_empty_stack_is_the_base(tiny, logits):
    model = open_subject(Subject(tiny("llama")))
    assert torch.equal(logits(model), logits(load(tiny("llama"))))
    assert model.proof.changes == {} and model.binding == load(tiny("llama")).binding


def test_interventions_of_a_subject_act(tiny, persona):
    u = np.eye(32, dtype=np.float32)[3]
    plain = open_subject(Subject(tiny("llama"), (persona,)))
    model = open_subject(Subject(tiny("llama"), (persona,), (Intervention("add", Site(2), u, 3.0),)))
    one, other = (capture(each, ["Where is it?"], [2]).values[0, 0] for each in (model, plain))
    np.testing.assert_allclose(one, other + 3.0 * u, atol=1e-5)
    with pytest.raises(UsageError, match="cannot be switched"):
        switch(model, ())
    with pytest.raises(UsageError, match="cannot be switched"), with_stack(model, ()):
        pass


def test_interventions_at_chosen_positions_are_not_shared_between_texts(tiny, texts):
    change = Intervention("add", Site(1), np.eye(32, dtype=np.float32)[3], 3.0, "last")
    opened, loaded = open_subject(Subject(tiny("llama"), (), (change,))), load(tiny("llama"))
    with intervene(loaded, [change]):
        right = capture(loaded, texts, [2, 3]).values
    np.testing.assert_array_equal(capture(opened, texts, [2, 3]).values, right)


def test_interventions_of_a_subject_refuse_another_thread(tiny):
    change = Intervention("add", Site(1), np.eye(32, dtype=np.float32)[3], 3.0)
    model = open_subject(Subject(tiny("llama"), (), (change,)))
    with ThreadPoolExecutor(1) as pool, pytest.raises(InactiveAdapter, match="thread that opened it"):
        pool.submit(capture, model, ["a"], [1]).result()


def test_a_model_with_a_ledger_gets_no_second_one(stacked, tiny, config):
    with pytest.raises(UsageError, match="has a ledger"):
        attach(stacked)
    model = load(tiny("llama"))
    attach(model, (), trainable=config(), init_seed=0)
    with pytest.raises(UsageError, match="carries adapters already"):
        attach(model)


def test_a_model_under_training_says_so(tiny, config, persona):
    ledger = attach(load(tiny("llama")), (persona,), trainable=config(), init_seed=0)
    model = as_model(ledger)
    assert model.binding.adapters == (persona.fingerprint, "unsaved:trained")
    with ledger.without("trained"):
        with pytest.raises(StackOrderChanged, match="unsaved:trained acted"):
            next_token_logits(model, ["x"])
        assert as_model(ledger).binding.adapters == (persona.fingerprint,)
    with ledger.without("persona"):
        with pytest.raises(InactiveAdapter, match="persona is asked for and does not act"):
            next_token_logits(model, ["x"])
        assert as_model(ledger).binding.adapters == ("unsaved:trained",)
    assert next_token_logits(model, ["x"]).shape[0] == 1
