"""Random draws by stratum that know a unit only while it passes by: memory does not grow with the corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from eudaimon.core.errors import UsageError

BUCKETS = 4096
"""The parts of a stratum's random order, a power of two; units of one part are held in memory."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a control draws: a document, or a span of one, with its source stratum and its size in tokens."""

    id: str
    stratum: str
    n_tokens: int

    def __post_init__(self) -> None:
        if self.n_tokens < 0:
            raise ValueError(f"unit {self.id} has {self.n_tokens} tokens")


@dataclass(frozen=True)
class Draw:
    """Units drawn at random, told by the random order alone: ``unit in draw`` says whether one is.

    Per stratum the tokens wanted, drawn and missing, and in ``last`` the place in the order of the last unit
    drawn. ``missing`` names strata that hold too little: the whole stratum was drawn, and it was not enough.
    """

    n: int
    wanted: Mapping[str, int]
    drawn: Mapping[str, int]
    missing: Mapping[str, int]
    last: Mapping[str, bytes]
    purpose: str
    seed: int

    def __contains__(self, unit: Unit) -> bool:
        last = self.last.get(unit.stratum)
        return last is not None and order(self.seed, self.purpose, unit.id) <= last

    def told(self) -> dict[str, object]:
        """Wanted, drawn and missing tokens and the number of units, as JSON values."""
        return {
            "n": self.n,
            "wanted": dict(self.wanted),
            "drawn": dict(self.drawn),
            "missing": dict(self.missing),
        }


def draw(wanted: Mapping[str, int], units: Callable[[], Iterable[Unit]], *, purpose: str, seed: int) -> Draw:
    """Units that are first in a random order, of each stratum as many tokens as wanted, to half a unit.

    ``units`` is called twice and must give the same units, in whatever order, each with an id of its own.
    The order is a hash of seed, purpose and id: a larger draw holds what a smaller one does, and more. The
    first pass adds up tokens in `BUCKETS` parts of the order, the second holds the units of the part where
    enough is reached. Raises `UsageError` when fewer than 0 tokens are wanted.
    """
    if negative := sorted(stratum for stratum, n in wanted.items() if n < 0):
        raise UsageError(f"{wanted[negative[0]]} tokens are wanted of {negative[0]}", right="0 or more")
    tokens: dict[str, list[int]] = {}
    counts: dict[str, list[int]] = {}
    for unit in units():
        if unit.stratum in wanted:
            bucket = _bucket(order(seed, purpose, unit.id))
            tokens.setdefault(unit.stratum, [0] * BUCKETS)[bucket] += unit.n_tokens
            counts.setdefault(unit.stratum, [0] * BUCKETS)[bucket] += 1
    border: dict[str, int] = {}
    before: dict[str, tuple[int, int]] = {}
    for stratum, parts in tokens.items():
        border[stratum], *rest = _reached(parts, counts[stratum], wanted[stratum])
        before[stratum] = (rest[0], rest[1])
    held: dict[str, list[tuple[bytes, int]]] = {stratum: [] for stratum in border}
    for unit in units() if border else ():
        if (part := border.get(unit.stratum)) is not None:
            place = order(seed, purpose, unit.id)
            if _bucket(place) == part:
                held[unit.stratum].append((place, unit.n_tokens))
    drawn, last, n = dict.fromkeys(sorted(wanted), 0), {}, 0
    for stratum, units_of in held.items():
        part = border[stratum]
        drawn[stratum], found = before[stratum]
        if part:
            last[stratum] = _end(part - 1)
        for place, n_tokens in sorted(units_of):
            if drawn[stratum] + n_tokens / 2 > wanted[stratum]:
                break
            last[stratum] = place
            drawn[stratum] += n_tokens
            found += 1
        n += found
    missing = {
        stratum: n_wanted - drawn[stratum]
        for stratum, n_wanted in sorted(wanted.items())
        if n_wanted > drawn[stratum] == sum(tokens.get(stratum, ()))
    }
    return Draw(n, dict(sorted(wanted.items())), drawn, missing, last, purpose, seed)


def order(seed: int, purpose: str, name: str) -> bytes:
    """The place of a unit in the random order of a seed and purpose: 32 bytes."""
    key = f"{seed}\0{purpose}\0{name}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(key).digest()


def _bucket(place: bytes) -> int:
    return int.from_bytes(place[:2], "big") * BUCKETS >> 16


def _end(bucket: int) -> bytes:
    """The last place that is in a bucket."""
    return ((bucket + 1) * 65536 // BUCKETS - 1).to_bytes(2, "big") + b"\xff" * 30


def _reached(tokens: list[int], counts: list[int], wanted: int) -> tuple[int, int, int]:
    """The first bucket in which more than wanted is reached, or the last; tokens and units before it."""
    total = n = 0
    for bucket, (more, units) in enumerate(zip(tokens, counts, strict=True)):
        if total + more > wanted or bucket == BUCKETS - 1:
            return bucket, total, n
        total, n = total + more, n + units
    raise AssertionError("a stratum has buckets")
