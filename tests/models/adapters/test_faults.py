"""Planted faults: each way in which others' adapters went silently wrong is refused here, by name."""

from __future__ import annotations

import json
import shutil
import threading

import pytest
import torch

from eudaimon.core import BindingMismatch, EudaimonError, UsageError
from eudaimon.models import capture, generate, load, next_token_logits
from eudaimon.models.adapters import (
    Adapter,
    AdapterError,
    InactiveAdapter,
    MergedAdapter,
    StackOrderChanged,
    Subject,
    UnexpectedAdapter,
    UnfrozenAdapter,
    WrongBase,
    attach,
    open_grid,
    open_subject,
    proof,
    random_adapter,
    require_same_stack,
    with_stack,
)
from eudaimon.models.adapters.adapter import read_config
from eudaimon.models.adapters.save import write_adapter
from eudaimon.models.adapters.updates import factors


@pytest.fixture
def opened(tiny, persona, em):
    return open_subject(Subject(tiny("llama"), (persona, em)))


def uses(model):
    return (
        lambda: next_token_logits(model, ["Where?"]),
        lambda: generate(model, ["Where?"], max_new_tokens=2),
        lambda: capture(model, ["Where?"], [1]),
        lambda: model.module(input_ids=torch.tensor([[5, 9]])),
        lambda: model.book.prove(),
    )


def refused(model, error, match):
    for use in uses(model):
        with pytest.raises(error, match=match):
            use()


def test_set_adapter_that_deactivates_the_persona(opened, logits):
    clean = logits(opened)
    opened.book.peft.set_adapter("em")
    refused(opened, InactiveAdapter, "adapter persona is in the stack and inactive in 12 of 12 layers")
    opened.book.activate(opened.stack)
    assert torch.equal(logits(opened), clean)


def test_the_same_in_one_layer_only(opened):
    opened.book.layers[5].module.set_adapter(["em"])
    refused(opened, InactiveAdapter, "inactive in 1 of 12 layers")


def test_order_silently_changed(opened):
    opened.book.peft.base_model.set_adapter(["em", "persona"], inference_mode=True)
    refused(opened, StackOrderChanged, "order of the stack has changed")


def test_an_adapter_outside_of_the_stack_switched_on(tiny, opened, persona, em):
    with with_stack(opened, (persona,)) as alone:
        opened.book.peft.base_model.set_adapter(["persona", "em"], inference_mode=True)
        refused(alone, UnexpectedAdapter, "em is not in the stack and acts")


def test_disable_adapter_of_peft(opened, logits):
    clean = logits(opened)
    with opened.book.peft.disable_adapter():
        refused(opened, InactiveAdapter, "all adapters are disabled")
    # PEFT turns gradients on when it enables again.
    refused(opened, UnfrozenAdapter, "takes gradients")
    opened.book.activate(opened.stack)
    assert torch.equal(logits(opened), clean)


def test_merged_by_peft(opened):
    opened.book.peft.merge_adapter(["persona"])
    refused(opened, MergedAdapter, "persona is merged into the base")


def test_merged_by_hand_is_seen_by_the_proof(opened):
    ledger = opened.book
    layer = ledger.layers[0].module
    with torch.no_grad():
        layer.base_layer.weight += layer.get_delta_weight("persona")
    with pytest.raises(MergedAdapter, match="base's weights are not those of"):
        ledger.prove()


def test_merged_before_the_ledger_was_opened(tiny, persona, em):
    from peft import PeftModel

    model = load(tiny("llama"))
    PeftModel.from_pretrained(model.module, persona.folder).merge_and_unload()
    with pytest.raises(MergedAdapter, match="something was merged or trained"):
        attach(model, (em,))


@pytest.mark.parametrize(
    "family", ["llama", "gemma2", "gpt2", "gpt_neox", "opt", "qwen2_moe", "mixtral", "bert", "roberta"]
)
def test_a_moved_base_is_seen_in_every_family(tiny, family):
    model = load(tiny(family))
    attach(model).detach()
    with torch.no_grad():
        next(model.blocks[1].parameters()).view(-1)[3] += 1e-4
    with pytest.raises(MergedAdapter, match="something was merged or trained"):
        attach(model)


def test_a_reweighted_adapter(opened):
    opened.book.layers[3].module.scaling["em"] *= 2
    refused(opened, StackOrderChanged, "adapter em acts with 2 times its strength")


def test_gradients_turned_on_by_set_adapter(opened):
    opened.book.peft.base_model.set_adapter(["persona", "em"])
    refused(opened, UnfrozenAdapter, "adapter persona takes gradients")


def test_a_weight_of_a_loaded_adapter_moved(opened):
    with torch.no_grad():
        next(opened.book.layers[2].parameters("em"))[1].view(-1)[7] += 1e-6
    with pytest.raises(UnfrozenAdapter, match="weights of frozen adapter em have moved"):
        opened.book.prove()


def test_the_base_takes_gradients(opened):
    opened.module.requires_grad_(True)
    with pytest.raises(UnfrozenAdapter, match="takes gradients"):
        opened.book.prove()


def test_peft_goes_stale_and_the_ledger_does_not(tiny, persona, em):
    ledger = attach(load(tiny("llama")), (persona, em))
    ledger.peft.base_model.set_adapter(["persona"], inference_mode=True)
    # The trap itself: the attribute says em, the layers do persona alone.
    assert ledger.peft.active_adapter == "em" and ledger.peft.active_adapters == ["persona"]
    with pytest.raises(InactiveAdapter, match="adapter em is in the stack"):
        ledger.check()


def test_an_adapter_that_changes_nothing_fails_its_proof(tiny, persona, config, tmp_path):
    ledger = attach(load(tiny("llama")), trainable=config(), init_seed=0)
    idle = ledger.save(tmp_path, name="idle")
    with pytest.raises(InactiveAdapter, match="adapter idle is in the stack and changes no logit"):
        open_subject(Subject(tiny("llama"), (persona, idle)))
    model = open_subject(Subject(tiny("llama"), (persona, idle)), prove=False)
    assert model.proof is None
    assert open_subject(Subject(tiny("llama"), (persona, idle.weighted(0.0)))).proof.changes["idle"] == 0


def test_the_proof_does_not_trust_the_flags(opened, persona, monkeypatch):
    """A layer that lies about what it does is caught by the logits."""
    with with_stack(opened, (persona,)) as alone:
        layer = opened.book.layers[0].module
        own = type(layer).forward

        def leaking(self, x, *args, **kwargs):
            out = own(self, x, *args, **kwargs)
            return (
                out + self.scaling["em"] * self.lora_B["em"](self.lora_A["em"](x)) if self is layer else out
            )

        monkeypatch.setattr(type(layer), "forward", leaking)
        alone.book.check()
        with pytest.raises(UnexpectedAdapter, match="em is outside of the stack and changes the logits"):
            alone.book.prove()
    opened.book.activate((opened.stack[1],))
    monkeypatch.setattr(type(layer), "forward", lambda self, x, *a, **k: self.base_layer(x))
    opened.book.check()
    with pytest.raises(InactiveAdapter, match="em is in the stack and changes no logit"):
        opened.book.prove()


def test_a_proof_leaves_no_trace(opened, logits):
    clean = logits(opened)
    weights = {name: value.clone() for name, value in opened.module.named_parameters()}
    state = torch.get_rng_state()
    assert opened.book.prove() == opened.proof
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, weights[name]) for name, value in opened.module.named_parameters())
    assert torch.equal(logits(opened), clean)


def test_the_record_of_a_proof(opened, persona, em, logits):
    record = json.loads(json.dumps(opened.proof.to_json()))
    assert record["stack"] == [persona.fingerprint, em.fingerprint]
    assert record["noise"] == 0 and min(record["changes"].values()) > 0.01 and record["outside"] == []
    with with_stack(opened, ("em",), prove=True) as alone:
        assert alone.proof.outside == ("persona",)
        for layer in opened.book.layers:
            assert layer.module.scaling == {"persona": 2.0, "em": 2.0}


def test_another_base_of_the_same_shape(tiny, persona, tmp_path, em):
    other = load(tiny("llama"))
    with torch.no_grad():
        other.module.model.norm.weight[0] += 1
    other.module.save_pretrained(tmp_path / "other")
    other.tokenizer.save_pretrained(tmp_path / "other")
    subject = Subject(tmp_path / "other", (persona,))
    with pytest.raises(WrongBase, match=rf"trained on .* \({load(tiny('llama')).checkpoint.fingerprint}\)"):
        open_subject(subject)
    assert open_subject(subject, force=True).proof.forced == {"persona": ("base",)}


def test_another_shape_without_a_known_origin(tiny, make_adapter, tmp_path):
    foreign = make_adapter("one", family="opt")
    (foreign.folder / "adapter_origin.json").unlink()
    with pytest.raises(WrongBase, match="does not fit"):
        open_subject(Subject(tiny("llama"), (Adapter("one", foreign.folder),)))
    wide = make_adapter("two")
    (wide.folder / "adapter_origin.json").unlink()
    config = json.loads((wide.folder / "adapter_config.json").read_text())
    (wide.folder / "adapter_config.json").write_text(json.dumps(config | {"r": 8}))
    model = load(tiny("llama"))
    with pytest.raises(
        WrongBase, match=r"it has \(4, 64\) for .*down_proj.lora_A.weight. this base takes \(8, 64\)"
    ):
        attach(model, (Adapter("two", wide.folder),))
    narrow = config | {"target_modules": ["q_proj"]}
    (wide.folder / "adapter_config.json").write_text(json.dumps(narrow))
    with pytest.raises(WrongBase, match="this base takes nothing there"):
        open_subject(Subject(tiny("llama"), (Adapter("two", wide.folder),)))


def test_files_that_changed_since(tiny, persona, em, tmp_path):
    shutil.copytree(persona.folder, tmp_path / "copy")
    adapter = Adapter("persona", tmp_path / "copy")
    shutil.copy(em.folder / "adapter_model.safetensors", tmp_path / "copy")
    with pytest.raises(StackOrderChanged, match="the folder of adapter persona has changed"):
        open_subject(Subject(tiny("llama"), (adapter,)))
    shutil.copytree(tiny("llama"), tmp_path / "base")
    subject = Subject(tmp_path / "base")
    (tmp_path / "base" / "chat_template.jinja").write_text("{{ messages }}")
    with pytest.raises(StackOrderChanged, match="has changed since the subject was made"):
        open_subject(subject)


def test_a_cell_is_compared_with_its_record(persona, em):
    require_same_stack((persona, em), (persona, em))
    for asked, recorded, error in (
        ((persona, em), (em,), InactiveAdapter),
        ((em,), (persona, em), UnexpectedAdapter),
        ((em, persona), (persona, em), StackOrderChanged),
        ((persona, em.weighted(2)), (persona, em), StackOrderChanged),
    ):
        with pytest.raises(error, match=r"on record is (persona|em)"):
            require_same_stack(asked, recorded)


def test_two_threads_read_one_stack(opened, logits):
    right, seen = logits(opened), []
    threads = [
        threading.Thread(target=lambda: seen.append(torch.equal(logits(opened), right))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 4


def test_the_tree_of_errors(persona, tmp_path):
    for error in (InactiveAdapter, UnexpectedAdapter, UnfrozenAdapter, StackOrderChanged, MergedAdapter):
        assert issubclass(error, AdapterError) and issubclass(error, EudaimonError)
    assert issubclass(WrongBase, BindingMismatch)
    with pytest.raises(UsageError):
        random_adapter(Adapter("x", tmp_path), 0, tmp_path / "r")


def test_numbers_that_are_not_finite_do_not_hide_behind_attention(tiny, make_adapter, tmp_path, monkeypatch):
    own = make_adapter("queries", 7, target_modules=["q_proj"])
    opened = open_subject(Subject(tiny("llama"), (own,)), prove=False)
    with torch.no_grad():
        layer = next(layer for layer in opened.book.layers if ".0." in layer.name)
        layer.module.lora_B["queries"].weight.fill_(torch.nan)
    monkeypatch.setattr(opened.book, "verify", lambda: None)
    # Of short rows of NaN attention makes zeros: the logits move, as those of an adapter that acts do.
    monkeypatch.setattr(proof, "PROBE_TOKENS", 5)
    assert torch.isfinite(proof.probe(opened.book.model)).all()
    with pytest.raises(AdapterError, match=r"layers\.0\.self_attn\.q_proj that are not finite"):
        opened.book.prove()
    tensors = {}
    for pair in factors(own.folder):
        bad = torch.nan if ".0." in pair.module else 1.0
        tensors |= {pair.a_name: pair.a, pair.b_name: bad * pair.b}
    write_adapter(tmp_path / "queries", read_config(own.folder), tensors, None)
    model = load(tiny("llama"))
    with pytest.raises(AdapterError, match=r"layers\.0\.self_attn\.q_proj that are not finite"):
        open_grid(model, {"base": (), "queries": (Adapter("queries", tmp_path / "queries"),)})
    assert not any(part._forward_hooks for part in model.module.modules())


def test_logits_that_are_not_finite_are_refused(tiny, persona, monkeypatch):
    opened = open_subject(Subject(tiny("llama"), (persona,)), prove=False)
    with torch.no_grad():
        opened.module.get_output_embeddings().weight[3] = torch.inf
    monkeypatch.setattr(opened.book, "verify", lambda: None)
    with pytest.raises(AdapterError, match=r"logits of .* are not finite"):
        opened.book.prove()
