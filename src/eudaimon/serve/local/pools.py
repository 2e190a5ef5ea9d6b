"""What was pooled of each answer so far: with its conversation, alone, and of its last tokens.

The states are those of `eudaimon.models.pooling`, one token merged at a time, in numpy and in place: beside a
step of a small model each call counts, and torch's cost several times as much. The window moves by quarters
of ``window_tokens``: it holds the last three whole quarters and the one that is being filled, so that what
fits three of them stands whole in a window, with a quarter of other tokens at most beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core import Pooling

WHOLE, ANSWER, WINDOW = 0, 1, 2
"""The views: the conversation with the answer so far, the answer alone in its context, its last tokens."""
QUARTERS = 4
GROWING = 3
"""So many parts take each token: conversation, answer, the newest quarter. Behind them lie older ones."""
States: TypeAlias = dict[Pooling, tuple[np.ndarray, ...]]
EMPTY: dict[Pooling, tuple[float, ...]] = {
    "mean": (0.0,),
    "max": (-float("inf"),),
    "softmax": (-float("inf"), 0.0, 0.0),
    "last": (0.0,),
}
"""The parts of a state in which nothing was pooled."""


@dataclass(frozen=True, eq=False)
class Views:
    """What is looked at: view ``views[k]`` of row ``rows[k]``, which pools ``n_tokens[k]`` tokens.

    ``places`` are those of the rows among the rows that were asked for.
    """

    places: Int[np.ndarray, "looks"]
    rows: Int[np.ndarray, "looks"]
    views: Int[np.ndarray, "looks"]
    n_tokens: Int[np.ndarray, "looks"]


class Pools:
    """Running states ``[2 + quarters, rows, sites, d]``, float32, on the CPU; rows leave and join.

    ``n_content`` are the content tokens of each row's prompt, ``n_answer`` the tokens of its answer so far.
    """

    def __init__(
        self, poolings: Sequence[Pooling], prompts: States, n_content: Iterable[int], window_tokens: int
    ) -> None:
        """From the states ``[rows, sites, d]`` of the prompts' content; no answer has a token yet."""
        self.poolings = tuple(poolings)
        # Lists: for the rows of a batch a loop costs less than numpy's calls.
        self.n_content = [int(n) for n in n_content]
        self.n_answer = [0] * len(self.n_content)
        self.window_tokens = window_tokens
        self.quarter = max(1, window_tokens // QUARTERS)
        self._latest: Float[np.ndarray, "rows sites d"] | None = None
        self._states: States = {
            pooling: _with_views(pooling, state) for pooling, state in prompts.items() if pooling != "last"
        }

    def __len__(self) -> int:
        return len(self.n_content)

    def add(self, hidden: Float[np.ndarray, "rows sites d"]) -> None:
        """One more token of every answer; float32."""
        self._latest = hidden
        begun = [row for row, n in enumerate(self.n_answer) if n and n % self.quarter == 0]
        if begun:
            self._begin_quarter(np.array(begun))
        for pooling, state in self._states.items():
            _add(pooling, tuple(part[:GROWING] for part in state), hidden)
        self.n_answer = [n + 1 for n in self.n_answer]

    def looked_at(self, rows: Sequence[int], whole: Sequence[bool]) -> Views:
        """What counts of these rows: the conversation only while it fits one window, and where it may.

        The window is the answer itself until that is longer than a window.
        """
        places, views, counts = [], [], []
        for place, (row, may) in enumerate(zip(rows, whole, strict=True)):
            answer = self.n_answer[row]
            together = self.n_content[row] + answer
            own = [(ANSWER, answer)]
            if may and together <= self.window_tokens:
                own.append((WHOLE, together))
            if answer > QUARTERS * self.quarter:
                own.append((WINDOW, (QUARTERS - 1) * self.quarter + (answer - 1) % self.quarter + 1))
            for view, count in own:
                places.append(place)
                views.append(view)
                counts.append(count)
        found = np.array(places)
        return Views(found, np.array(rows)[found], np.array(views), np.array(counts))

    def values(self, seen: Views) -> Float[np.ndarray, "looks sites poolings d"]:
        """Pooled activations of views of rows, which have a token of their answer at least."""
        assert self._latest is not None
        found = [
            self._latest[seen.rows] if pooling == "last" else self._pooled(pooling, seen)
            for pooling in self.poolings
        ]
        return found[0][:, :, None] if len(found) == 1 else np.stack(found, axis=2)

    def select(self, rows: Int[np.ndarray, "n"]) -> None:
        """Go on with these rows only."""
        kept = rows.tolist()
        self.n_content = [self.n_content[row] for row in kept]
        self.n_answer = [self.n_answer[row] for row in kept]
        self._latest = None if self._latest is None else self._latest[rows]
        self._states = {
            pooling: tuple(part[:, rows] for part in state) for pooling, state in self._states.items()
        }

    def join(self, other: Pools) -> None:
        """Go on with the rows of another one as well."""
        self.n_content = self.n_content + other.n_content
        self.n_answer = self.n_answer + other.n_answer
        self._latest = None  # until the next token nobody looks
        self._states = {
            pooling: tuple(
                np.concatenate(pair, axis=1) for pair in zip(state, other._states[pooling], strict=True)
            )
            for pooling, state in self._states.items()
        }

    def _begin_quarter(self, rows: Int[np.ndarray, "n"]) -> None:
        """The newest quarter of these rows is full: the oldest one is forgotten."""
        for pooling, state in self._states.items():
            for part, empty in zip(state, EMPTY[pooling], strict=True):
                part[GROWING:, rows] = part[GROWING - 1 : -1, rows]
                part[GROWING - 1, rows] = empty

    def _pooled(self, pooling: Pooling, seen: Views) -> Float[np.ndarray, "looks sites d"]:
        state = self._states[pooling]
        # The newest quarter stands where the window has its number.
        own = tuple(part[seen.views, seen.rows] for part in state)
        last = np.flatnonzero(seen.views == WINDOW)
        if len(last):
            _merge_quarters(pooling, own, last, tuple(part[GROWING:, seen.rows[last]] for part in state))
        found: np.ndarray = own[-1]
        if pooling == "mean":
            found /= seen.n_tokens.astype(np.float32)[:, None, None]
        elif pooling == "softmax":
            found /= own[1]
        return found


def empty_states(poolings: Sequence[Pooling], rows: int, sites: int, width: int) -> States:
    """States of prompts of which nothing was pooled."""
    return {
        pooling: tuple(np.full((rows, sites, width), empty, dtype=np.float32) for empty in EMPTY[pooling])
        for pooling in poolings
    }


def _with_views(
    pooling: Pooling, prompts: tuple[Float[np.ndarray, "rows sites d"], ...]
) -> tuple[Float[np.ndarray, "views rows sites d"], ...]:
    """The states of prompts as those of the conversation; answer and quarters hold nothing."""
    nothing = prompts[0] == -np.inf
    made = []
    for part, empty in zip(prompts, EMPTY[pooling], strict=True):
        views = np.full((GROWING + QUARTERS - 1, *part.shape), empty, dtype=np.float32)
        # Weights of no token at all come as NaN.
        views[WHOLE] = part if pooling == "mean" else np.where(nothing, empty, part)
        made.append(views)
    return tuple(made)


def _add(
    pooling: Pooling,
    state: tuple[Float[np.ndarray, "views rows sites d"], ...],
    hidden: Float[np.ndarray, "rows sites d"],
) -> None:
    """One more token, in place."""
    if pooling == "mean":
        np.add(state[0], hidden, out=state[0])
        return
    if pooling == "max":
        np.maximum(state[0], hidden, out=state[0])
        return
    highest, weight, weighted = state
    with np.errstate(invalid="ignore"):  # what is no number stays none, and fails the check
        peak = np.maximum(highest, hidden)
        before, new = np.exp(highest - peak), np.exp(hidden - peak)
        weight *= before
        weight += new
        weighted *= before
        weighted += new * hidden
    highest[...] = peak


def _merge_quarters(
    pooling: Pooling,
    state: tuple[Float[np.ndarray, "looks sites d"], ...],
    last: Int[np.ndarray, "n"],
    older: tuple[Float[np.ndarray, "quarters n sites d"], ...],
) -> None:
    """Merge the older quarters into the newest one of the looks ``last``, in place."""
    if pooling == "mean":
        state[0][last] += older[0].sum(axis=0)
        return
    if pooling == "max":
        state[0][last] = np.maximum(state[0][last], older[0].max(axis=0))
        return
    with np.errstate(invalid="ignore"):
        newest = state[0][last]
        peak = np.maximum(newest, older[0].max(axis=0))
        now, then = np.exp(newest - peak), np.exp(older[0] - peak)
        for part, old in zip(state[1:], older[1:], strict=True):
            part[last] = part[last] * now + (old * then).sum(axis=0)
    state[0][last] = peak
