"""Many stacks on one base at once: each block of rows of a batch has the update of its own stack added."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError
from eudaimon.models.adapters.adapter import AdapterStack
from eudaimon.models.adapters.errors import AdapterError
from eudaimon.models.adapters.loaded import LoadedAdapter

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from eudaimon.models.model import Model


@dataclass(eq=False)
class _Stacked:
    """The updates of one module: factors of those stacks that have any, their ranks filled up with zeros."""

    module: nn.Module
    name: str
    own: Tensor | None
    """The stacks that have an update here, by position; None for all of them."""
    a: Tensor
    """``[s, r, in]``, for an embedding ``[s, tokens, r]``."""
    b: Tensor
    """``[s, r, out]``, scaling included."""
    owner: Tensor
    """Whose rank each is: the adapter's position in its stack ``[s, r]``, one past the longest for filler."""
    strength: Tensor
    """``[s, 1, r]``, or ``[s, n, r]`` for blocks of n rows whose strengths differ."""


class SideBySide:
    """Stacks whose factors are on the device, and the hooks that let them act.

    Within `acting`, the rows of every forward are taken as equal blocks, one for each stack in order, and
    each block is computed as the base with that stack is, up to rounding. Factors and products are float32,
    as PEFT has them, whatever the base's type is.
    """

    def __init__(
        self, model: Model, stacks: Sequence[AdapterStack], loaded: Mapping[str, LoadedAdapter]
    ) -> None:
        self.model = model
        self.n_stacks = len(stacks)
        self.longest = max((len(stack) for stack in stacks), default=0)
        names = {
            name: None
            for stack in stacks
            for adapter in stack
            for name in loaded[adapter.fingerprint].updates
        }
        self._modules = [self._stack(name, stacks, loaded) for name in names]
        self._rows = self._tokens = 0
        self.weigh([[adapter.weight for adapter in stack] for stack in stacks])

    @property
    def modules(self) -> tuple[tuple[str, nn.Module], ...]:
        """The adapted modules by name."""
        return tuple((each.name, each.module) for each in self._modules)

    @property
    def factors(self) -> tuple[tuple[str, Tensor, Tensor], ...]:
        """Factors of each module by name: ``[s, r, in]``, ``[s, r, out]`` for the stacks that have any."""
        return tuple((each.name, each.a, each.b) for each in self._modules)

    def put(self, factors: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Let these factors act from now on, as many and shaped as `factors`; gradients reach them."""
        for each, (a, b) in zip(self._modules, factors, strict=True):
            each.a, each.b = a, b

    def weigh(self, *weights: Sequence[Sequence[float]]) -> None:
        """Give each stack's adapters these strengths from now on; NaN is allowed, and filler gets a 0.

        One table (stacks by places) holds for all rows. Several are those of the rows of a block, in order:
        forwards must then have as many rows for each stack.
        """
        import torch

        table = torch.zeros(self.n_stacks, len(weights), self.longest + 1)
        for row, stacks in enumerate(weights):
            for place, own in enumerate(stacks):
                table[place, row, : len(own)] = torch.tensor([float(weight) for weight in own])
        for each in self._modules:
            here = table if each.own is None else table[each.own.cpu()]
            owner = each.owner[:, None].expand(-1, len(weights), -1)
            each.strength = here.gather(2, owner).to(each.a.device)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Within the block the stacks act in forwards of this thread; no hook remains after it."""
        handles: list[Any] = []
        owner = threading.get_ident()
        try:
            whole = self.model.module
            handles.append(whole.register_forward_pre_hook(self._note(owner), with_kwargs=True))
            for each in self._modules:
                handles.append(each.module.register_forward_hook(self._add(each, owner)))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _note(self, owner: int) -> Any:
        def before(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if threading.get_ident() == owner:
                ids = args[0] if args else kwargs["input_ids"]
                self._rows, self._tokens = ids.shape[0], ids.numel()
                if self._rows % self.n_stacks:
                    raise UsageError(
                        f"{self._rows} rows cannot be shared by {self.n_stacks} stacks",
                        right="as many rows for each stack",
                    )

        return before

    def _add(self, each: _Stacked, owner: int) -> Any:
        import torch
        from torch import nn

        is_embedding = isinstance(each.module, nn.Embedding)

        def after(_module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor | None:
            if threading.get_ident() != owner:
                return None
            x: Tensor = args[0]
            n_leading = x.numel() if is_embedding else x.numel() // x.shape[-1]
            # The head may see the last tokens only; mixtures of experts sort tokens by expert.
            if x.shape[0] != self._rows and n_leading != self._tokens:
                raise AdapterError(
                    f"{each.name} sees {n_leading} tokens of {self._rows} rows in an order of its own",
                    right="adapters on modules that see whole rows",
                )
            x = x.reshape(self.n_stacks, -1) if is_embedding else x.reshape(self.n_stacks, -1, x.shape[-1])
            y = output.reshape(self.n_stacks, -1, output.shape[-1]).float()
            if each.own is not None:
                x = x[each.own]
            inner = _looked_up(each.a, x) if is_embedding else x.float() @ each.a.mT
            n_rows, rank = each.strength.shape[1:]
            inner = (inner.view(len(inner), n_rows, -1, rank) * each.strength[:, :, None]).view(inner.shape)
            if each.own is None and torch.is_inference_mode_enabled():
                # The module has made its output for this call, and a copy costs as much as the product.
                y = y.baddbmm_(inner, each.b)
            elif each.own is None:
                y = torch.baddbmm(y, inner, each.b)
            else:
                y = y.index_add(0, each.own, inner @ each.b)
            return y.to(output.dtype).view(output.shape)

        return after

    def _stack(
        self, name: str, stacks: Sequence[AdapterStack], loaded: Mapping[str, LoadedAdapter]
    ) -> _Stacked:
        import torch

        module = self.model.module.get_submodule(name)
        parts = [
            [
                (place, loaded[adapter.fingerprint].updates[name])
                for place, adapter in enumerate(stack)
                if name in loaded[adapter.fingerprint].updates
            ]
            for stack in stacks
        ]
        own = [place for place, part in enumerate(parts) if part]
        rank = max(sum(update.rank for _, update in part) for part in parts)
        first = next(update for part in parts for _, update in part)
        device = next(module.parameters()).device
        a = torch.zeros(len(own), rank, first.a.shape[1])
        b = torch.zeros(len(own), rank, first.b.shape[1])
        owner = torch.full((len(own), rank), self.longest)
        for row, stack in enumerate(own):
            start = 0
            for place, update in parts[stack]:
                end = start + update.rank
                a[row, start:end], b[row, start:end] = update.a, update.b
                owner[row, start:end] = place
                start = end
        if isinstance(module, torch.nn.Embedding):
            a = a.mT.contiguous()
        everywhere = len(own) == len(stacks)
        return _Stacked(
            module=module,
            name=name,
            own=None if everywhere else torch.tensor(own, device=device),
            a=a.to(device),
            b=b.to(device),
            owner=owner,
            strength=torch.empty(0),
        )


def _looked_up(table: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Rows ``ids`` ``[s, m]`` of each stack's own table ``[s, tokens, r]``."""
    import torch

    stacks = torch.arange(len(table), device=table.device)[:, None]
    return table[stacks, ids]
