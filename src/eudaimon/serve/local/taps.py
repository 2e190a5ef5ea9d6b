"""Hooks that stay on a model: each forward is read by whoever wants it now, or by nobody."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eudaimon.core import Pooling, Site
from eudaimon.models.hooks import Stopped, reading
from eudaimon.models.model import Model
from eudaimon.models.pooling import Reading, State, finish
from eudaimon.models.prompts import Prompt
from eudaimon.serve.local.pools import States

if TYPE_CHECKING:
    from torch import Tensor

Take = Callable[[int, "Tensor"], None]


class Taps:
    """The hidden states at ``sites`` of the forwards of one thread; made by `tapped`."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = tuple(sites)
        self._take: Take | None = None
        self._short = False

    @contextmanager
    def taking(self, take: Take, *, short: bool = False) -> Iterator[None]:
        """Within the block every forward calls ``take`` with the number of a site and its state.

        A ``short`` one ends after the last site, and the block with it.
        """
        self._take, self._short = take, short
        try:
            with suppress(Stopped) if short else nullcontext():
                yield
        finally:
            self._take, self._short = None, False

    def read(self, site: int, hidden: Tensor) -> bool:
        """What the hooks call; True ends the forward."""
        if self._take is not None:
            self._take(site, hidden)
        return self._take is not None and self._short and site == len(self.sites) - 1


@contextmanager
def tapped(model: Model, sites: Sequence[Site]) -> Iterator[Taps]:
    """The taps of a model in this thread; no hook remains after the block."""
    taps = Taps(sites)
    with reading(model, taps.sites, taps.read):
        yield taps


class Step:
    """The newest token of each row: a copy of its hidden state at every site."""

    def __init__(self, n_sites: int) -> None:
        self._taken: list[Tensor | None] = [None] * n_sites
        self._block: np.ndarray | None = None

    def take(self, site: int, hidden: Tensor) -> None:
        """Keep the newest token at a site."""
        import torch

        # Copied: a model may go on to write into what its block gave.
        if hidden.device.type != "cpu":
            self._taken[site] = hidden[:, -1].to(torch.float32, copy=True)
            return
        if self._block is None:
            shape = (hidden.shape[0], len(self._taken), hidden.shape[2])
            self._block = np.empty(shape, dtype=np.float32)
        # numpy has no bfloat16. Its slices and copies cost less than torch's.
        self._block[:, site] = hidden.float().numpy()[:, -1]
        self._taken[site] = hidden

    def at(self, sites: Sequence[int]) -> Float[np.ndarray, "rows sites d"]:
        """Float32, on the CPU; raises `RuntimeError` where the forward did not reach a site."""
        import torch

        found = [one for site in sites if (one := self._taken[site]) is not None]
        if len(found) < len(sites):
            raise RuntimeError("the forward ended before the last site")
        if self._block is None:
            block: np.ndarray = torch.stack(found, dim=1).cpu().numpy()
            return block
        return self._block if len(sites) == len(self._taken) else self._block[:, list(sites)]


class Prefill:
    """Prompts padded on the left, pooled as they are computed: states and vectors of each row."""

    def __init__(
        self, model: Model, prompts: Sequence[Prompt], sites: Sequence[int], poolings: Sequence[Pooling]
    ) -> None:
        self.sites, self.poolings = tuple(sites), tuple(poolings)
        self.unread = np.array([prompt.last < 0 for prompt in prompts])
        self.n_tokens = np.array([int(prompt.content.sum()) for prompt in prompts], dtype=np.int64)
        width = max(map(len, prompts))
        content = np.zeros((len(prompts), width), dtype=bool)
        last = np.zeros(len(prompts), dtype=np.int64)
        for row, prompt in enumerate(prompts):
            begin = width - len(prompt)
            content[row, begin:] = prompt.content
            last[row] = begin + max(prompt.last, 0)
        rows = np.arange(len(prompts))
        self._reading = Reading(rows, content, last, len(prompts), model.device)
        self._states: dict[tuple[int, Pooling], State] = {}
        self.seconds = 0.0

    def take(self, site: int, hidden: Tensor) -> None:
        """Pool one site, if it is read."""
        if site in self.sites:
            began = time.perf_counter()
            for pooling in self.poolings:
                self._states[site, pooling] = self._reading.pool(hidden, pooling)
            self.seconds += time.perf_counter() - began

    def states(self) -> States:
        """What was pooled, ``[rows, sites, d]``, float32 on the CPU."""
        import torch

        found = {}
        for pooling in self.poolings:
            each = [self._states[site, pooling] for site in self.sites]
            parts = (torch.stack(parts, dim=1) for parts in zip(*each, strict=True))
            found[pooling] = tuple(part.float().cpu().numpy() for part in parts)
        return found

    def values(self) -> np.ndarray:
        """The pooled activations ``[rows, sites, poolings, d]``, as `capture` gives them."""
        import torch

        device = self._reading.device
        counts = torch.from_numpy(self.n_tokens).to(device)
        columns = [
            torch.stack(
                [finish(pooling, self._states[site, pooling], counts) for pooling in self.poolings], dim=1
            )
            for site in self.sites
        ]
        block: np.ndarray = torch.stack(columns, dim=1).float().cpu().numpy()
        block[self.unread] = np.nan
        return block
