"""Whose words are whose, and what a policy makes of them, once the rule of each voice is known.

Rules are numbers here, so that one document and a table of many are settled by the same few lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeAlias

from eudaimon.curate.policy import STRICTNESS, Policy

NO_RULE = 0
"""The rank of a voice for which no rule holds."""

NOTHING = "nothing speaks against it"
"""The reason of a document of which all is kept as it is."""

Owned: TypeAlias = tuple[int, int, int, tuple[int, ...]]
"""Characters ``[start, end)``, the rank of the rule that counts there, and the segments for which it does."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of a document: ``rule`` is the document rule's name, ``acts`` where spans are acted on.

    ``shares`` are those of the characters that voices say, by segment rule, in [0, 1]. ``reflects``: a
    reflection is appended.
    """

    outcome: Literal["keep", "drop"]
    reason: str
    rule: str = ""
    acts: tuple[Owned, ...] = ()
    weight: int = 1
    reflects: bool = False
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ranks:
    """The segment rules of a policy by strictness: ``of[rule]`` is a rule's rank, ``rule[rank - 1]`` back.

    The stricter action ranks higher; of equally strict rules, the one that the policy names first.
    """

    of: tuple[int, ...]
    rule: tuple[int, ...]


def ranks(policy: Policy) -> Ranks:
    """How strict each segment rule of a policy is among the others."""
    order = sorted(range(len(policy.segments)), key=lambda k: (STRICTNESS.index(policy.segments[k].do), -k))
    of = [0] * len(order)
    for rank, rule in enumerate(order, start=1):
        of[rule] = rank
    return Ranks(tuple(of), tuple(order))


def owned(
    starts: Sequence[int],
    ends: Sequence[int],
    parents: Sequence[int | None],
    silent: Sequence[bool],
    found: Sequence[int],
) -> list[Owned]:
    """The characters that any voice says, in order, each with the rank that counts for the innermost voices.

    All arguments have one entry a segment: ``parents`` the segment that it is quoted in, ``silent`` whether
    it is markup, ``found`` its rule's rank, or `NO_RULE`. Raises `ValueError` where a segment is quoted in
    none of the others, or in itself.
    """
    n = len(starts)
    if all(parent is None for parent in parents) and all(ends[k] <= starts[k + 1] for k in range(n - 1)):
        return [
            (starts[k], ends[k], found[k], (k,)) for k in range(n) if not silent[k] and starts[k] < ends[k]
        ]
    nested = _owned_by_nesting(starts, ends, parents, silent, found)
    if nested is not None:
        return nested
    ancestors = [_ancestors(parents, index) for index in range(n)]
    beginning: dict[int, list[int]] = {}
    for index, start in enumerate(starts):
        beginning.setdefault(start, []).append(index)
    active: list[int] = []
    parts: list[Owned] = []
    for start, end in pairwise(sorted({*starts, *ends})):
        active = [k for k in (*active, *beginning.get(start, ())) if ends[k] > start]
        quoting = {above for k in active for above in ancestors[k]}
        inner = [k for k in active if k not in quoting and not silent[k]]
        if not inner:
            continue
        rank = max(found[k] for k in inner)
        owners = tuple(sorted(k for k in inner if found[k] == rank))
        if parts and parts[-1][1] == start and parts[-1][3] == owners:
            parts[-1] = (parts[-1][0], end, rank, owners)
        else:
            parts.append((start, end, rank, owners))
    return parts


def settle(policy: Policy, order: Ranks, parts: Sequence[Owned]) -> Settled:
    """What becomes of a document whose characters are owned like this; ``order`` is ``ranks(policy)``."""
    voiced = sum(end - start for start, end, *_ in parts)
    lengths: dict[str, int] = {}
    acts, reflects = [], False
    for part in parts:
        if part[2] == NO_RULE:
            continue
        rule = policy.segments[order.rule[part[2] - 1]]
        lengths[rule.name] = lengths.get(rule.name, 0) + part[1] - part[0]
        reflects |= rule.reflect
        if rule.do != "keep":
            acts.append(part)
    shares = {name: length / voiced for name, length in lengths.items()}
    for each in policy.documents:
        if each.holds(shares):
            reflects = each.do == "keep" and (reflects or each.reflect)
            return Settled(each.do, each.why, each.name, tuple(acts), each.weight, reflects, shares)
    whys = dict.fromkeys(policy.segments[order.rule[rank - 1]].why for _, _, rank, _ in acts)
    reason = "; ".join(whys) or NOTHING
    return Settled("keep", reason, "", tuple(acts), 1, reflects, shares)


def _owned_by_nesting(
    starts: Sequence[int],
    ends: Sequence[int],
    parents: Sequence[int | None],
    silent: Sequence[bool],
    found: Sequence[int],
) -> list[Owned] | None:
    """The same in one pass, where every voice lies in the one that quotes it, and beside its siblings.

    None where that is not so, where segments are not in order, and where a voice has no length.
    """
    parts: list[Owned] = []
    open_, since = [-1], [0]  # the voices that are open, and up to where each is accounted for
    for index, (start, end, above) in enumerate(zip(starts, ends, parents, strict=True)):
        above = -1 if above is None else above
        while open_[-1] != above:
            inner = open_.pop()
            if inner < 0:
                return None
            if not silent[inner] and since[-1] < ends[inner]:
                parts.append((since[-1], ends[inner], found[inner], (inner,)))
            since.pop()
            since[-1] = ends[inner]
        if not since[-1] <= start < end or (above >= 0 and end > ends[above]):
            return None
        if above >= 0 and not silent[above] and since[-1] < start:
            parts.append((since[-1], start, found[above], (above,)))
        open_.append(index)
        since.append(start)
    while len(open_) > 1:
        inner = open_.pop()
        if not silent[inner] and since[-1] < ends[inner]:
            parts.append((since[-1], ends[inner], found[inner], (inner,)))
        since.pop()
        since[-1] = ends[inner]
    return parts


def _ancestors(parents: Sequence[int | None], index: int) -> frozenset[int]:
    found: set[int] = set()
    parent = parents[index]
    while parent is not None:
        if parent in found or parent == index or not 0 <= parent < len(parents):
            raise ValueError(f"segment {index} has no sound chain of parents")
        found.add(parent)
        parent = parents[parent]
    return frozenset(found)
