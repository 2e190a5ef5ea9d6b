"""The ledger: which adapters act on a model, in what order and strength, and which one of them may move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError
from eudaimon.models.adapters import layers as lora
from eudaimon.models.adapters import load_lora
from eudaimon.models.adapters.adapter import NAME, Adapter, AdapterStack, as_stack
from eudaimon.models.adapters.digest import digest
from eudaimon.models.adapters.errors import MergedAdapter, UnfrozenAdapter
from eudaimon.models.adapters.origin import Origin
from eudaimon.models.adapters.proof import Proof, prove
from eudaimon.models.adapters.records import require_same_stack
from eudaimon.models.adapters.save import save_adapter
from eudaimon.models.model import Model
from eudaimon.models.ranks import together

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel
    from torch import nn


class Ledger:
    """What acts on one model; made by `attach` or `open_subject`, and the only hand on its adapters.

    Before every forward the LoRA layers are compared with the record: a stack that PEFT or anybody else has
    switched, disabled, merged, reweighted or unfrozen raises an `AdapterError` instead of computing.
    """

    def __init__(self, model: Model, *, force: bool = False) -> None:
        self.model = model
        self.force = force
        self.stack: AdapterStack = ()
        self.trainable: str | None = None
        self.init_seed: int | None = None
        self.layers: tuple[lora.LoraLayer, ...] = ()
        self.forced: dict[str, tuple[str, ...]] = {}
        self.peft: PeftModel | None = None
        if lora.find(model.module, {}):
            raise UsageError(
                f"{model.checkpoint.name} carries adapters already", right="one ledger holds all of them"
            )
        self.base_digest = digest(load_lora.base_parameters(model.module))
        self._loaded: dict[str, Adapter] = {}
        self._digests: dict[str, str] = {}
        self._off: frozenset[str] = frozenset()
        self._guard = model.trunk.register_forward_pre_hook(lambda _module, _args: self.check())

    @property
    def outside(self) -> tuple[str, ...]:
        """Names of the adapters that are loaded and not in the stack."""
        return tuple(name for name in self._loaded if name not in {adapter.name for adapter in self.stack})

    @property
    def acting(self) -> AdapterStack:
        """The adapters of the stack that act now: all of them, but for those taken away for a while."""
        return tuple(adapter for adapter in self.stack if adapter.name not in self._off)

    @property
    def identities(self) -> tuple[str, ...]:
        """What acts now, as a binding records it; the adapter under training is ``unsaved:NAME``."""
        unsaved = [self.trainable] if self.trainable and self.trainable not in self._off else []
        return (*(adapter.identity for adapter in self.acting), *(f"unsaved:{name}" for name in unsaved))

    @property
    def weights(self) -> dict[str, float]:
        """The strength with which each adapter should act now, in order; the trained one comes last."""
        weights = {adapter.name: adapter.weight for adapter in self.stack}
        if self.trainable:
            weights[self.trainable] = 1.0
        return {name: weight for name, weight in weights.items() if name not in self._off}

    def check(self) -> None:
        """Nothing when what acts is what is on record; raises the `AdapterError` otherwise."""
        lora.require_state(self.layers, self.weights, trainable=self.trainable)

    def verify(self) -> None:
        """`check`, and that neither the base's weights nor a loaded adapter's have moved by a bit.

        Raises `MergedAdapter` when the base's weights are not those that were loaded, `UnfrozenAdapter` when
        an adapter's are not or something besides the trained adapter takes gradients.
        """
        self.check()
        own = {id(value) for _, value in self.trainable_parameters()} if self.trainable else set()
        all_weights = self.model.module.named_parameters()
        loose = [name for name, value in all_weights if value.requires_grad and id(value) not in own]
        if loose:
            raise UnfrozenAdapter(f"{loose[0]} takes gradients, and {len(loose) - 1} more beside the trained")
        if digest(load_lora.base_parameters(self.model.module)) != self.base_digest:
            raise MergedAdapter(
                f"the base's weights are not those of {self.model.checkpoint.name} any more",
                right="adapters are stacked and never merged, and the base does not move",
                do="open the subject anew",
            )
        for name, recorded in self._digests.items():
            if self._digest(name) != recorded:
                raise UnfrozenAdapter(
                    f"the weights of frozen adapter {name} have moved",
                    right=f"as loaded from {self._loaded[name].folder}",
                )

    def require(self, stack: Sequence[Adapter]) -> None:
        """Nothing when ``stack`` is the one that acts by the record: same adapters, order and weights.

        Raises `InactiveAdapter`, `UnexpectedAdapter` or `StackOrderChanged` otherwise.
        """
        require_same_stack(stack, self.acting)

    def prove(self) -> Proof:
        """The proof from the logits of the active stack; see `eudaimon.models.adapters.proof.prove`."""
        return prove(self)

    def activate(self, stack: Sequence[Adapter]) -> None:
        """Make ``stack`` the one that acts, loading what is not loaded yet; all of it is frozen.

        An adapter that fails to load leaves the stack as it was. Raises what loading raises.
        """
        stack = as_stack(stack)
        if self.trainable in {adapter.name for adapter in stack}:
            raise UsageError(
                f"{self.trainable} is the adapter under training", right="give the other another name"
            )
        for adapter in stack:
            self._load(adapter)
        self.stack = stack
        self._apply()

    @contextmanager
    def active(self, stack: Sequence[Adapter]) -> Iterator[None]:
        """Within the block ``stack`` acts, and afterwards what acted before, also when the block raises."""
        before = self.stack
        self.activate(stack)
        try:
            yield
        finally:
            self.activate(before)

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Within the block the stack acts without one of its adapters, and afterwards with it."""
        if name not in self.weights:
            raise UsageError(f"{name} is not in the stack", right=", ".join(self.weights) or "it is empty")
        before = self._off
        self._off = before | {name}
        self._apply()
        try:
            yield
        finally:
            self._off = before
            self._apply()

    def train(self, config: LoraConfig, *, name: str = "trained", init_seed: int) -> None:
        """Add a fresh LoRA on top of the stack and make it the one adapter that takes gradients.

        Its weights depend on ``init_seed``, the config and the model's shapes only: not on what was loaded
        before. Raises `UsageError` when there is one already or the name is taken.
        """
        if self.trainable or name in self._loaded or not NAME.fullmatch(name):
            raise UsageError(
                f"{name} cannot be added for training"
                + (f" beside {self.trainable}" if self.trainable else ""),
                right="one adapter is trained at a time, under a name of its own",
            )
        self.peft = load_lora.add_fresh(self.model, self.peft, name, config, seed=init_seed)
        self.trainable, self.init_seed = name, init_seed
        self._refresh()
        self._apply()

    def trainable_parameters(self) -> list[tuple[str, nn.Parameter]]:
        """Names and weights of the adapter under training: what an optimiser may touch."""
        name = self._trained()
        return [pair for layer in self.layers for pair in layer.parameters(name)]

    def frozen_hash(self) -> str:
        """16 hex digits over everything that must not move in training: the base and the loaded adapters."""
        weights = list(load_lora.base_parameters(self.model.module))
        weights += [pair for name in self._loaded for pair in self._parameters(name)]
        return digest(weights)

    def require_unmoved(self, frozen_hash: str) -> None:
        """Nothing when the frozen weights still have this hash; raises what `verify` raises otherwise."""
        if self.frozen_hash() != frozen_hash:
            self.verify()
            raise UnfrozenAdapter("the frozen weights have not the hash that was recorded before training")

    @contextmanager
    def training(self) -> Iterator[list[nn.Parameter]]:
        """Within the block the trained adapter's weights may be stepped; proofs stand before and after it.

        Yields them. On entry the stack is proven from the logits and gradients are shown to reach the trained
        adapter; on exit the frozen weights must have the hash they had. The network gets back its mode (train
        or eval), its forward, which accelerate wraps in autocast, and loses accelerate's mark, for which the
        next training would go without autocast. Raises `AdapterError` otherwise.
        """
        self.prove()
        self._require_gradients()
        before, mode = self.frozen_hash(), self.model.module.training
        wrapped = [self.model.module, self.peft, getattr(self.peft, "base_model", None)]
        forwards = [(part, part.__dict__.get("forward")) for part in wrapped if part is not None]
        try:
            yield [value for _, value in self.trainable_parameters()]
        finally:
            self.model.module.train(mode)
            for part, forward in forwards:
                _put_back(part, forward)
        self.check()
        self.require_unmoved(before)

    def save(self, folder: str | Path, *, name: str | None = None) -> Adapter:
        """Write the trained adapter alone as an ordinary PEFT folder with its origin, and return it.

        Of several processes every one calls this, the first writes, and all wait for it.
        """
        trained = self._trained()
        assert self.peft is not None
        origin = Origin(
            base=self.model.checkpoint.fingerprint,
            base_name=Path(self.model.checkpoint.name).name,
            stack=tuple(adapter.identity for adapter in self.stack),
            init_seed=self.init_seed,
        )
        save_adapter(self.peft, trained, Path(folder), origin)
        together()
        return Adapter(name or trained, Path(folder))

    def drop(self, name: str) -> None:
        """Unload the trained adapter, or one that is not in the stack; the rest stays as it is."""
        if name not in (*self.outside, self.trainable):
            raise UsageError(
                f"{name} is in the stack or not loaded",
                right=f"outside of the stack: {', '.join(self.outside) or 'none'}",
                do="ledger.activate(stack) without it, first",
            )
        self._remove(name)
        self._apply()

    def detach(self) -> None:
        """Take every adapter out: the model is again, bit for bit, what was loaded, and unguarded."""
        self._guard.remove()
        for name in [*self._loaded, *([self.trainable] if self.trainable else [])]:
            self._remove(name)
        self.stack = ()

    def _load(self, adapter: Adapter) -> None:
        held = self._loaded.get(adapter.name)
        if held is not None and held.fingerprint == adapter.fingerprint:
            return
        before = self.stack
        if held is not None:
            # Another adapter of this name: a later checkpoint, or another cell's.
            self._remove(adapter.name)
        try:
            self.peft, forced = load_lora.add_saved(self.model, self.peft, adapter, force=self.force)
        except Exception:
            if held is not None:
                self.peft, _ = load_lora.add_saved(self.model, self.peft, held, force=True)
                self._loaded[held.name] = held
                self._refresh()
                self._digests[held.name] = self._digest(held.name)
            self.stack = before
            self._refresh()
            self._apply()
            raise
        self._loaded[adapter.name], self.forced[adapter.name] = adapter, forced
        self._refresh()
        self._digests[adapter.name] = self._digest(adapter.name)

    def _remove(self, name: str) -> None:
        assert self.peft is not None
        self.peft = load_lora.remove(self.peft, name)
        for record in (self._loaded, self._digests, self.forced):
            record.pop(name, None)
        if name == self.trainable:
            self.trainable = None
        self._refresh()

    def _refresh(self) -> None:
        self.layers = lora.find(self.model.module, {layer.name: layer.natural for layer in self.layers})

    def _apply(self) -> None:
        """Bring the layers into the state on record: what acts, how strongly, and what takes gradients."""
        if self.peft is None:
            return
        weights = self.weights
        tuner: Any = self.peft.base_model
        for layer in self.layers:
            layer.module.enable_adapters(True)
            for name, natural in layer.natural.items():
                layer.module.scaling[name] = natural * weights.get(name, 1.0)
        # Without inference_mode PEFT turns gradients on for everything that it activates.
        tuner.set_adapter([name for name, weight in weights.items() if weight], inference_mode=True)
        # This attribute of PEFT goes stale by itself.
        self.peft.active_adapter = next(reversed(weights), "")
        if self.trainable:
            for _, value in self.trainable_parameters():
                value.requires_grad_(True)

    def _parameters(self, name: str) -> list[tuple[str, nn.Parameter]]:
        return [(f"{name}/{part}", value) for layer in self.layers for part, value in layer.parameters(name)]

    def _digest(self, name: str) -> str:
        return digest(self._parameters(name))

    def _trained(self) -> str:
        if self.trainable is None:
            raise UsageError("no adapter is under training", do="ledger.train(config, init_seed=0)")
        return self.trainable

    def _require_gradients(self) -> None:
        from eudaimon.models.adapters.gradients import require_gradients

        require_gradients(self.model, self.layers, self._trained())


def _put_back(part: Any, forward: Any) -> None:
    """Undo accelerate's autocast, which stays on a network after training and rounds every later logit."""
    for left in ("forward", "_original_forward", "_is_accelerate_prepared"):
        part.__dict__.pop(left, None)
    if forward is not None:
        part.forward = forward
