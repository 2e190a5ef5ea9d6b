"""What was pooled of each answer so far: with its conversation, alone, and of its last tokens.

The states are those of `eudaimon.models.pooling`, one token merged at a time. The window moves by quarters of
``window_tokens``: it holds the last three whole quarters and the one that is being filled, so that what fits
three of them stands whole in a window, with a quarter of other tokens at most beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core import Pooling
from eudaimon.models.pooling import State, finish, merge

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WHOLE, ANSWER, WINDOW = 0, 1, 2
"""The views: the conversation with the answer so far, the answer alone in its context, its last tokens."""
QUARTERS = 4


class Pools:
    """Rows of running states ``[rows, 2 + quarters, sites, d]``, float32; rows leave and join.

    ``n_content`` are the content tokens of each row's prompt, ``n_answer`` the tokens of its answer so far.
    """

    def __init__(
        self,
        poolings: Sequence[Pooling],
        prompts: dict[Pooling, State],
        n_content: Int[np.ndarray, "rows"],
        window_tokens: int,
    ) -> None:
        """From the states of the prompts' content, ``[rows, sites, d]`` each; no answer has a token yet."""
        self.poolings = tuple(poolings)
        self.n_content = np.asarray(n_content, dtype=np.int64)
        self.n_answer = np.zeros_like(self.n_content)
        self.window_tokens = window_tokens
        self.quarter = max(1, window_tokens // QUARTERS)
        self._latest: Tensor | None = None
        self._states: dict[Pooling, State] = {
            pooling: tuple(
                _with_views(part, empty) for part, empty in zip(state, EMPTY[pooling], strict=True)
            )
            for pooling, state in prompts.items()
            if pooling != "last"
        }

    def __len__(self) -> int:
        return len(self.n_content)

    def add(self, hidden: Float[Tensor, "rows sites d"]) -> None:
        """One more token of every answer."""
        import torch

        hidden = hidden.float()
        self._latest = hidden
        filling = 2 + (self.n_answer // self.quarter) % QUARTERS
        begun = self.n_answer % self.quarter == 0
        fresh = np.flatnonzero(begun & (self.n_answer >= QUARTERS * self.quarter))
        if len(fresh):
            self._clear(fresh, filling[fresh])
        chosen = np.zeros((len(self), 2 + QUARTERS, 1, 1), dtype=bool)
        chosen[:, :2] = True
        chosen[np.arange(len(self)), filling] = True
        mask = torch.from_numpy(chosen).to(hidden.device)
        for pooling, state in self._states.items():
            self._states[pooling] = _added(pooling, state, hidden[:, None], mask)
        self.n_answer = self.n_answer + 1

    def values(
        self, rows: Int[np.ndarray, "looks"], views: Int[np.ndarray, "looks"]
    ) -> Float[np.ndarray, "looks sites poolings d"]:
        """Pooled activations of chosen views of chosen rows, which have a token of their answer at least."""
        import torch

        assert self._latest is not None
        device = self._latest.device
        row, view = torch.from_numpy(rows).to(device), torch.from_numpy(views).to(device)
        n_sites = self._latest.shape[1]
        counts = torch.from_numpy(self.tokens(rows, views)).to(device).repeat_interleave(n_sites)
        found = []
        for pooling in self.poolings:
            if pooling == "last":
                found.append(self._latest[row])
                continue
            state = tuple(part[row, view] for part in self._viewed(pooling))
            flat = tuple(part.flatten(0, 1) for part in state)
            found.append(finish(pooling, flat, counts).view(len(rows), n_sites, -1))
        block: np.ndarray = torch.stack(found, dim=2).cpu().numpy()
        return block

    def tokens(
        self, rows: Int[np.ndarray, "looks"], views: Int[np.ndarray, "looks"]
    ) -> Int[np.ndarray, "looks"]:
        """How many tokens are pooled in a view of a row."""
        answer = self.n_answer[rows]
        window = np.minimum(answer, (QUARTERS - 1) * self.quarter + (answer - 1) % self.quarter + 1)
        alone = np.where(views == ANSWER, answer, window)
        return np.asarray(np.where(views == WHOLE, self.n_content[rows] + answer, alone))

    def looked_at(
        self, rows: Sequence[int], whole: Sequence[bool]
    ) -> tuple[Int[np.ndarray, "looks"], Int[np.ndarray, "looks"]]:
        """Rows and views that count: the conversation only while it fits one window, and where it may.

        The window is the answer itself until that is longer than a window.
        """
        found = []
        for row, may in zip(rows, whole, strict=True):
            answer = int(self.n_answer[row])
            if may and int(self.n_content[row]) + answer <= self.window_tokens:
                found.append((row, WHOLE))
            found.append((row, ANSWER))
            if answer > QUARTERS * self.quarter:
                found.append((row, WINDOW))
        both = np.array(found, dtype=np.int64).reshape(-1, 2)
        return both[:, 0].copy(), both[:, 1].copy()

    def select(self, rows: Tensor) -> None:
        """Go on with these rows only."""
        own = rows.cpu().numpy()
        self.n_content, self.n_answer = self.n_content[own], self.n_answer[own]
        self._latest = None if self._latest is None else self._latest[rows]
        self._states = {
            pooling: tuple(part[rows] for part in state) for pooling, state in self._states.items()
        }

    def join(self, other: Pools) -> None:
        """Go on with the rows of another one as well."""
        import torch

        self.n_content = np.concatenate([self.n_content, other.n_content])
        self.n_answer = np.concatenate([self.n_answer, other.n_answer])
        self._latest = None  # until the next token nobody looks
        self._states = {
            pooling: tuple(torch.cat(pair) for pair in zip(state, other._states[pooling], strict=True))
            for pooling, state in self._states.items()
        }

    def _viewed(self, pooling: Pooling) -> State:
        """The states with the quarters merged to a window: ``[rows, 3, sites, d]``."""
        import torch

        state = self._states[pooling]
        if pooling == "mean":
            return (torch.cat([state[0][:, :2], state[0][:, 2:].sum(dim=1, keepdim=True)], dim=1),)
        window: State = tuple(part[:, 2] for part in state)
        for quarter in range(1, QUARTERS):
            window = merge(pooling, window, tuple(part[:, 2 + quarter] for part in state))
        return tuple(
            torch.cat([part[:, :2], own[:, None]], dim=1) for part, own in zip(state, window, strict=True)
        )

    def _clear(self, rows: Int[np.ndarray, "n"], views: Int[np.ndarray, "n"]) -> None:
        for pooling, state in self._states.items():
            for part, empty in zip(state, EMPTY[pooling], strict=True):
                part[rows, views] = empty


EMPTY: dict[Pooling, tuple[float, ...]] = {
    "mean": (0.0,),
    "max": (-float("inf"),),
    "softmax": (-float("inf"), 0.0, 0.0),
    "last": (0.0,),
}
"""The parts of a state in which nothing was pooled."""


def _with_views(part: Tensor, empty: float) -> Tensor:
    """The state of a prompt as that of the conversation; answer and quarters hold nothing."""
    import torch

    rest = torch.full((len(part), 1 + QUARTERS, *part.shape[1:]), empty, device=part.device)
    return torch.cat([part.float()[:, None], rest], dim=1)


def _added(pooling: Pooling, state: State, hidden: Tensor, mask: Tensor) -> State:
    """The state with one more token where the mask says so."""
    import torch

    if pooling == "mean":
        return (torch.addcmul(state[0], hidden, mask.to(hidden.dtype)),)
    nothing = -float("inf")
    one = torch.where(mask, hidden, nothing)
    if pooling == "max":
        return (torch.maximum(state[0], one),)
    weight = mask.to(hidden.dtype).expand_as(one)
    return merge(pooling, state, (one, weight, torch.where(mask, hidden, 0.0)))


def empty_states(
    poolings: Sequence[Pooling], rows: int, sites: int, width: int, device: torch.device
) -> dict[Pooling, State]:
    """States ``[rows, sites, d]`` of prompts of which nothing was pooled."""
    import torch

    return {
        pooling: tuple(torch.full((rows, sites, width), empty, device=device) for empty in EMPTY[pooling])
        for pooling in poolings
    }
