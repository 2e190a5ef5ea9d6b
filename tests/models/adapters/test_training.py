"""Training one adapter above frozen ones: seeds, gradients, hashes, and a folder that plain PEFT opens."""

from __future__ import annotations

import pytest
import torch

from eudaimon.core import UsageError
from eudaimon.models import load
from eudaimon.models.adapters import (
    Adapter,
    InactiveAdapter,
    Subject,
    UnfrozenAdapter,
    WrongBase,
    attach,
    open_subject,
    read_origin,
)
from eudaimon.models.adapters.gradients import require_gradients


def start(ledger):
    return {name: value.detach().clone() for name, value in ledger.trainable_parameters()}


@pytest.fixture
def ledger(tiny, config, persona):
    return attach(load(tiny("llama")), (persona,), trainable=config(), name="em", init_seed=5)


def step(ledger, weights, lr=0.05):
    optimiser = torch.optim.AdamW(weights, lr=lr)
    ids = torch.tensor([[5, 9, 30, 41, 7], [8, 8, 90, 3, 11]])
    ledger.model.module.train()
    loss = ledger.model.module(input_ids=ids, labels=ids).loss
    loss.backward()
    optimiser.step()
    optimiser.zero_grad()
    return loss.item()


def test_what_is_loaded_does_not_move_an_initialisation(tiny, config, persona, em):
    starts = []
    for stack in ((), (persona,), (persona, em), (em,)):
        torch.manual_seed(len(stack))
        model = load(tiny("llama"))
        starts.append(start(attach(model, stack, trainable=config(), init_seed=3)))
    assert all(first.any() for name, first in starts[0].items() if "lora_A" in name)
    for other in starts[1:]:
        assert other.keys() == starts[0].keys()
        assert all(torch.equal(other[name], starts[0][name]) for name in other)
    other = start(attach(load(tiny("llama")), (), trainable=config(), init_seed=4))
    assert not any(torch.equal(other[name], starts[0][name]) for name in other if "lora_A" in name)


def test_peft_alone_has_the_trap(tiny, config):
    """Without the ledger the adapter that is loaded first decides where the second one starts."""
    from peft import PeftModel

    def second(loaded):
        torch.manual_seed(3)
        model = PeftModel(load(tiny("llama")).module, config(r=loaded), adapter_name="first")
        model.add_adapter("second", config())
        return next(v for n, v in model.named_parameters() if "lora_A.second" in n)

    assert not torch.equal(second(2), second(4))


def test_the_generator_and_the_config_are_left_alone(tiny, config, persona):
    settings = config()
    before, state = settings.to_dict(), torch.get_rng_state()
    attach(load(tiny("llama")), (persona,), trainable=settings, init_seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert settings.to_dict() == before


def test_only_the_trained_adapter_takes_gradients_and_moves(ledger, persona):
    own = {id(value) for _, value in ledger.trainable_parameters()}
    assert own == {id(v) for v in ledger.model.module.parameters() if v.requires_grad}
    before = ledger.frozen_hash()
    weights = {name: value.clone() for name, value in ledger.model.module.named_parameters()}
    with ledger.training() as trained:
        losses = [step(ledger, trained) for _ in range(10)]
    assert losses[-1] < losses[0] * 0.9
    assert ledger.frozen_hash() == before
    moved = {n for n, v in ledger.model.module.named_parameters() if not torch.equal(v, weights[n])}
    assert moved == {n for n, v in ledger.model.module.named_parameters() if id(v) in own}
    assert not ledger.model.module.training


def test_the_persona_is_active_in_training(tiny, config, persona):
    losses = []
    for stack in ((), (persona,)):
        ledger = attach(load(tiny("llama")), stack, trainable=config(), init_seed=5)
        with ledger.training() as trained:
            losses.append(step(ledger, trained))
    assert abs(losses[0] - losses[1]) > 1e-3


@pytest.mark.parametrize("sabotage", ["set_adapter", "activate_all"])
def test_a_fault_in_the_middle_of_training_stops_it(ledger, sabotage):
    error = InactiveAdapter if sabotage == "set_adapter" else UnfrozenAdapter
    with pytest.raises(error, match="persona"), ledger.training() as trained:
        step(ledger, trained)
        if sabotage == "set_adapter":
            ledger.peft.set_adapter("em")
        else:
            ledger.peft.base_model.set_adapter(["persona", "em"])
        step(ledger, trained)


def test_a_persona_that_was_stepped_is_refused_at_the_end(ledger):
    with pytest.raises(UnfrozenAdapter, match="persona have moved"), ledger.training(), torch.no_grad():
        next(ledger.layers[0].parameters("persona"))[1].add_(1e-3)


def test_a_fault_after_the_last_step_is_refused_too(ledger):
    with pytest.raises(InactiveAdapter, match="persona"), ledger.training():
        ledger.peft.set_adapter("em")


def test_a_fresh_adapter_is_proven_and_put_back(tiny, config, persona, logits):
    model = load(tiny("llama"))
    with_persona = logits(open_subject(Subject(tiny("llama"), (persona,))))
    ledger = attach(model, (persona,), trainable=config(), name="em", init_seed=5)
    before = start(ledger)
    proof = ledger.prove()
    assert proof.fresh == "em" and proof.changes["em"] > 0 and proof.changes["persona"] > 0
    assert all(torch.equal(value, before[name]) for name, value in ledger.trainable_parameters())
    assert all(value.grad is None for value in model.module.parameters())
    assert torch.equal(logits(model), with_persona)
    with ledger.training() as trained:
        step(ledger, trained)
    after = ledger.prove()
    assert after.fresh == "" and after.changes["em"] > 0


@pytest.mark.parametrize("targets", [["embed_tokens"], ["embed_tokens", "q_proj"]])
def test_a_fresh_embedding_is_proven_too(tiny, config, targets):
    ledger = attach(load(tiny("llama")), trainable=config(target_modules=targets), init_seed=0)
    assert ledger.prove().fresh == "trained"
    with ledger.training() as trained:
        step(ledger, trained)
    assert ledger.prove().fresh == ""


def test_a_fresh_adapter_that_cannot_act_is_refused(ledger, monkeypatch):
    layer = type(ledger.layers[0].module)
    own = layer.forward

    def deaf(self, x, *args, **kwargs):
        kept = self._active_adapter
        self._active_adapter = [each for each in kept if each != "em"]
        try:
            return own(self, x, *args, **kwargs)
        finally:
            self._active_adapter = kept

    monkeypatch.setattr(layer, "forward", deaf)
    with pytest.raises(InactiveAdapter, match="adapter em is in the stack and changes no logit"):
        ledger.prove()
    # One layer that takes gradients, so that there is a backward pass at all.
    first = ledger.layers[0].module
    monkeypatch.setattr(first, "forward", lambda x: x + 0 * first.lora_A["em"].weight.sum())
    with pytest.raises(InactiveAdapter, match="no gradient reaches adapter em"):
        require_gradients(ledger.model, ledger.layers, "em")


@pytest.fixture
def fresh_accelerate():
    """Accelerate keeps one state for the process, in which another test's precision may stand."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.usefixtures("fresh_accelerate")
def test_a_trainer_leaves_the_network_as_exact_as_it_was(ledger, logits, config):
    from accelerate import Accelerator

    with ledger.training():
        accelerator = Accelerator(mixed_precision="bf16", cpu=True)
        accelerator.prepare_model(ledger.model.module)
        rounded = logits(ledger.model)
    exact = logits(ledger.model)
    assert not torch.equal(rounded, exact)
    assert ledger.prove().noise == 0
    ledger.detach()
    assert torch.equal(logits(ledger.model), logits(load(ledger.model.checkpoint.name)))


def test_gradients_that_were_there_are_kept(ledger):
    name, value = ledger.trainable_parameters()[0]
    value.grad = torch.ones_like(value)
    with ledger.training():
        assert torch.equal(value.grad, torch.ones_like(value)), name


def test_the_saved_folder_is_ordinary_peft(tiny, ledger, persona, tmp_path, logits):
    from peft import PeftModel

    with ledger.training() as trained:
        step(ledger, trained)
    saved = ledger.save(tmp_path / "em")
    right = logits(ledger.model)
    assert torch.equal(logits(open_subject(Subject(tiny("llama"), (persona, saved)))), right)
    with ledger.without("persona"):
        alone = logits(ledger.model)
    plain = PeftModel.from_pretrained(load(tiny("llama")).module, tmp_path / "em").eval()
    with torch.no_grad():
        found = plain(input_ids=torch.tensor([[5, 9, 30, 41, 7], [8, 8, 90, 3, 11]])).logits
    assert torch.equal(found, alone)
    origin = read_origin(saved.folder)
    assert (origin.stack, origin.init_seed) == ((persona.fingerprint,), 5)
    assert sorted(path.name for path in saved.folder.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "adapter_origin.json",
    ]


def test_the_same_training_gives_the_same_bytes(tiny, config, persona, tmp_path):
    for name in ("one", "two"):
        ledger = attach(load(tiny("llama")), (persona,), trainable=config(), init_seed=5)
        with ledger.training() as trained:
            step(ledger, trained)
        ledger.save(tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_dropout_of_a_frozen_adapter_stays_off(tiny, make_adapter, config):
    noisy = make_adapter("noisy", 6, lora_dropout=0.5)
    ledger = attach(load(tiny("llama")), (noisy,), trainable=config(), init_seed=0)
    ledger.model.module.train()
    ids = torch.tensor([[5, 9, 30, 41, 7]])
    with torch.no_grad():
        assert torch.equal(*(ledger.model.module(input_ids=ids).logits for _ in range(2)))


def test_one_at_a_time_and_only_plain_loras(ledger, tiny, config, persona):
    with pytest.raises(UsageError, match="one adapter is trained at a time"):
        ledger.train(config(), name="second", init_seed=0)
    with pytest.raises(UsageError, match="under training"):
        ledger.activate((Adapter("em", persona.folder),))
    with pytest.raises(UsageError, match="needs its own seed"):
        attach(load(tiny("llama")), trainable=config())
    with pytest.raises(UsageError, match="not a plain LoRA"):
        attach(load(tiny("llama")), trainable=config(use_dora=True), init_seed=0)
    with pytest.raises(WrongBase, match="does not fit"):
        attach(load(tiny("llama")), trainable=config("opt"), init_seed=0)
    with pytest.raises(UsageError, match="no adapter is under training"):
        attach(load(tiny("llama"))).save("nowhere")


def test_the_trained_adapter_can_be_dropped_and_another_one_started(ledger, config, tiny, logits, persona):
    with_persona = logits(open_subject(Subject(tiny("llama"), (persona,))))
    first = start(ledger)
    with pytest.raises(UsageError, match="in the stack or not loaded"):
        ledger.drop("persona")
    with ledger.training() as trained:
        step(ledger, trained)
    ledger.drop("em")
    assert torch.equal(logits(ledger.model), with_persona)
    ledger.train(config(), name="em", init_seed=5)
    assert all(torch.equal(value, first[name]) for name, value in ledger.trainable_parameters())
    ledger.activate(())
    ledger.drop("persona")
    assert set(ledger.weights) == {"em"} and ledger.prove().outside == ()
