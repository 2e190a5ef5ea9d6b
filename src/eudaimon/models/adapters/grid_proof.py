"""The proof from the logits for stacks that act side by side: as the ledger's, for all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, count, islice
from math import comb
from typing import TYPE_CHECKING

from jaxtyping import Float

from eudaimon.models.adapters.adapter import AdapterStack
from eudaimon.models.adapters.errors import UnexpectedAdapter
from eudaimon.models.adapters.finite import finite_outputs, require_finite
from eudaimon.models.adapters.proof import PROBE_ROWS, PROBE_TOKENS, Proof, probe_ids, require_change
from eudaimon.models.adapters.side_by_side import SideBySide
from eudaimon.models.kernels import fast_products

if TYPE_CHECKING:
    from torch import Tensor

FEW = 4
"""Tokens of one row in which stacks are told apart: what is shown there is gross."""
LOUD = 1000.0
"""Not NaN, as in the ledger's proof: torch's attention turns some rows of NaN into zeros."""
MOVED_ROUNDING = 0.01
"""Of the largest logit: far above rounding, far below what a loud adapter does."""


def prove_side_by_side(
    side: SideBySide, stacks: Sequence[AdapterStack], *, base: str, forced: dict[str, tuple[str, ...]]
) -> list[Proof]:
    """A proof for each stack, in order; ``base`` is the digest of the base's weights.

    What adapted modules give, and every logit, must be finite (`AdapterError` otherwise).

    Every adapter of weight above zero must change the logits of its own stack's rows when it is taken away
    (`InactiveAdapter` otherwise). One run does so for all: each adapter is away in rows of its own, and rows
    in which nothing is away show the noise, so that ``changes`` and ``noise`` are those of some of the
    ledger's rows. Of an adapter that changes nothing there all rows are tried. The strengths of other stacks
    are set a thousand times too high, which must not move a stack's rows by more than rounding
    (`UnexpectedAdapter` otherwise): each pair of stacks is told apart by one such run. Layout and shapes are
    the same in runs that are compared, so that rounding is too.
    """
    own = [[adapter.weight for adapter in stack] for stack in stacks]
    side.weigh(own)
    whole = _probe(side, watched=True)
    require_finite(_largest(whole), side.model.checkpoint.name)
    noise, changes = _taken_away(side, own, whole)
    for number, stack in enumerate(stacks):
        for place, adapter in enumerate(stack):
            is_on = adapter.weight > 0
            if is_on and not changes[number][place] > noise[number]:
                changes[number][place] = _on_all_rows(side, own, whole, number, place)
            require_change(adapter.name, changes[number][place], noise[number], on=is_on)
    side.weigh(own)
    few = _probe(side, 1, FEW)
    bounds = (MOVED_ROUNDING * _largest(few)).amax(dim=1).tolist()
    for poisoned in told_apart(len(stacks)):
        side.weigh([[LOUD] * len(row) if number in poisoned else row for number, row in enumerate(own)])
        moved = _largest(few, _probe(side, 1, FEW)).amax(dim=1).tolist()
        for number, stack in enumerate(stacks):
            if number not in poisoned and not moved[number] <= bounds[number]:
                raise UnexpectedAdapter(
                    f"an adapter of another stack changes the logits of rows of {_named(stack)}",
                    right="each stack acts on its own rows",
                )
    side.weigh(own)
    everything = dict.fromkeys(adapter.identity for stack in stacks for adapter in stack)
    return [
        Proof(
            stack=tuple(adapter.identity for adapter in stack),
            changes={adapter.name: changes[number][place] for place, adapter in enumerate(stack)},
            noise=noise[number],
            outside=tuple(key for key in everything if key not in {adapter.identity for adapter in stack}),
            base=base,
            forced={a.name: forced[a.fingerprint] for a in stack if forced.get(a.fingerprint)},
        )
        for number, stack in enumerate(stacks)
    ]


def rows_of(variant: int, n_variants: int) -> range:
    """The rows of the probe in which variant 0 (nothing is away), 1 (the first adapter) ... is tried."""
    return range(variant, PROBE_ROWS, n_variants)


def told_apart(n: int) -> list[set[int]]:
    """Sets of stacks of which, for every ordered pair, at least one holds the one and not the other.

    As few as there can be: each stack is in its own half of the sets, and no half holds another (Sperner).
    """
    size = next(size for size in count() if comb(size, size // 2) >= n)
    halves = list(islice(combinations(range(size), size // 2), n))
    return [{number for number, half in enumerate(halves) if place in half} for place in range(size)]


def _taken_away(
    side: SideBySide, own: list[list[float]], whole: Tensor
) -> tuple[list[float], list[list[float]]]:
    """The noise of each stack, and how far each of its adapters moves a logit when it is taken away.

    In a mixture of experts rows meet: one that moves to another expert moves the rounding of the rows that it
    leaves. There each adapter of each stack is away in a run of its own, from all rows.
    """
    n = 1 + side.longest
    if _is_mixed(side) or n > PROBE_ROWS:
        return _largest(whole, _probe(side)).amax(dim=1).tolist(), [
            [_on_all_rows(side, own, whole, number, place) for place in range(len(row))]
            for number, row in enumerate(own)
        ]
    # Place -1 is none: rows in which nothing is away.
    side.weigh(*([_without(row, k % n - 1) for row in own] for k in range(PROBE_ROWS)))
    moved = _largest(whole, _probe(side))
    best = [moved[:, list(rows_of(variant, n))].amax(dim=1).tolist() for variant in range(n)]
    return best[0], [[best[1 + place][number] for place in range(len(row))] for number, row in enumerate(own)]


def _on_all_rows(side: SideBySide, own: list[list[float]], whole: Tensor, number: int, place: int) -> float:
    """How far a logit of one stack moves, over all rows, when one of its adapters alone is taken away."""
    side.weigh([_without(row, place) if k == number else row for k, row in enumerate(own)])
    return float(_largest(whole, _probe(side))[number].max())


def _probe(
    side: SideBySide, rows: int = PROBE_ROWS, tokens: int = PROBE_TOKENS, *, watched: bool = False
) -> Float[Tensor, "s n t vocab"]:
    """Float32 logits of the first rows and tokens of the probe batch under each stack."""
    import torch

    module, device = side.model.module, side.model.device
    ids = torch.from_numpy(probe_ids(side.model)[:rows, :tokens]).to(device).repeat(side.n_stacks, 1)
    with (
        torch.inference_mode(),
        side.acting(),
        finite_outputs(side.modules if watched else ()),
        fast_products(device),
    ):
        out = module(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
    logits: Tensor = out.logits if hasattr(out, "logits") else out.last_hidden_state
    return logits.float().view(side.n_stacks, -1, *logits.shape[1:])


def _largest(one: Tensor, other: Tensor | None = None) -> Float[Tensor, "s n"]:
    """The largest absolute value, or difference, in each row of each stack; not finite where one is not."""
    import torch

    found = torch.empty(one.shape[:2])
    for k, block in enumerate(one):
        # A stack at a time: what is made on the way stays in the processor's cache.
        low, high = torch.aminmax((block if other is None else block - other[k]).flatten(1), dim=1)
        found[k] = torch.maximum(high, -low)
    return found


def _is_mixed(side: SideBySide) -> bool:
    config = side.model.trunk.config
    return any(getattr(config, name, None) for name in ("num_experts", "num_local_experts"))


def _without(row: list[float], place: int) -> list[float]:
    return [0.0 if number == place else weight for number, weight in enumerate(row)]


def _named(stack: AdapterStack) -> str:
    return " + ".join(adapter.name for adapter in stack) or "the base"
