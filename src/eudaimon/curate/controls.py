"""Controls of a filter: as much taken out at random, and as much put back of what was approved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eudaimon.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Unit:
    """What a control draws: a document, or a span of one, with its source stratum and its size in tokens."""

    id: str
    stratum: str
    n_tokens: int

    def __post_init__(self) -> None:
        if self.n_tokens < 0:
            raise ValueError(f"unit {self.id} has {self.n_tokens} tokens")


@dataclass(frozen=True, slots=True)
class Drawn:
    """Ids drawn at random in the order of the draw, and per stratum the tokens wanted, drawn and missing.

    ``missing`` names strata that hold too little: the whole stratum was drawn, and it was not enough.
    """

    ids: tuple[str, ...]
    wanted: Mapping[str, int]
    drawn: Mapping[str, int]
    missing: Mapping[str, int]
    seed: int


def random_removal(removed: Mapping[str, int], corpus: Iterable[Unit], *, seed: int) -> Drawn:
    """Units to remove at random so that each stratum loses as many tokens as a filter removed there.

    ``removed`` are tokens by stratum; ``corpus`` is all that the filter saw, what it removed included, since
    a control that knows what is bad is none. Each stratum is met to within half of the last unit drawn. One
    seed gives one order, in which a larger removal draws what a smaller one does, and more. Holds ids and
    sizes in memory, no text. Raises `UsageError` when a stratum is not in the corpus or ids repeat.
    """
    return _draw(removed, corpus, frozenset(), "removal", seed)


def backfill(
    lost: Mapping[str, int], approved: Iterable[Unit], *, seed: int, exclude: Iterable[str] = ()
) -> Drawn:
    """Units to put in so that each stratum gets back as many tokens as it lost.

    ``approved`` are units that passed the same policy and are not yet in the corpus; those whose id is in
    ``exclude`` are passed over. As Deep Ignorance replaced what it filtered within its domain. Exactness,
    order and errors as in `random_removal`; a stratum of which nothing is approved is ``missing``, not an
    error.
    """
    return _draw(lost, approved, frozenset(exclude), "backfill", seed)


def tokens_by_stratum(units: Iterable[Unit]) -> dict[str, int]:
    """The tokens of units added up by stratum, in the order of the alphabet."""
    total: dict[str, int] = {}
    for unit in units:
        total[unit.stratum] = total.get(unit.stratum, 0) + unit.n_tokens
    return dict(sorted(total.items()))


def _draw(
    wanted: Mapping[str, int], units: Iterable[Unit], exclude: frozenset[str], purpose: str, seed: int
) -> Drawn:
    if negative := sorted(stratum for stratum, n in wanted.items() if n < 0):
        raise UsageError(f"{wanted[negative[0]]} tokens are wanted of {negative[0]}", right="0 or more")
    candidates: dict[str, list[tuple[bytes, str, int]]] = {}
    seen: set[str] = set()
    for unit in units:
        if unit.id in seen:
            raise UsageError(f"unit {unit.id} comes twice", right="ids that name one unit each")
        seen.add(unit.id)
        if unit.stratum in wanted and unit.id not in exclude:
            order = _order(seed, purpose, unit.id)
            candidates.setdefault(unit.stratum, []).append((order, unit.id, unit.n_tokens))
    strange = sorted(s for s, n in wanted.items() if n and s not in candidates)
    if strange and purpose == "removal":
        raise UsageError(
            f"no unit of the corpus comes from {', '.join(strange)}", right="strata that the corpus has"
        )
    ids: list[str] = []
    drawn: dict[str, int] = {}
    for stratum in sorted(wanted):
        drawn[stratum] = 0
        for _, unit_id, n_tokens in sorted(candidates.get(stratum, ())):
            if drawn[stratum] + n_tokens / 2 > wanted[stratum]:
                break
            ids.append(unit_id)
            drawn[stratum] += n_tokens
    missing = {
        stratum: n - drawn[stratum]
        for stratum, n in sorted(wanted.items())
        if n > drawn[stratum] and drawn[stratum] == sum(size for *_, size in candidates.get(stratum, ()))
    }
    return Drawn(tuple(ids), dict(sorted(wanted.items())), drawn, missing, seed)


def _order(seed: int, purpose: str, name: str) -> bytes:
    key = f"{seed}\0{purpose}\0{name}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(key).digest()
