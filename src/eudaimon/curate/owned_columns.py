"""Whose words are whose in many documents at once: the columnwise twin of `eudaimon.curate.settle.owned`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.core.errors import EudaimonError
from eudaimon.curate.settle import Owned, owned


@dataclass(frozen=True, slots=True, eq=False)
class OwnedParts:
    """Characters that a voice says, in the order of documents and then of the text.

    Part ``k`` is ``[start[k], end[k])`` of document ``document[k]``. The rule of ``rank[k]`` counts there,
    for the segments ``owners[first[k]:first[k + 1]]`` of that document.
    """

    document: Int[np.ndarray, " parts"]
    start: Int[np.ndarray, " parts"]
    end: Int[np.ndarray, " parts"]
    rank: Int[np.ndarray, " parts"]
    first: Int[np.ndarray, " parts+1"]
    owners: Int[np.ndarray, " owners"]

    def where(self, chosen: Bool[np.ndarray, " parts"]) -> OwnedParts:
        """The parts that are chosen."""
        sizes = np.diff(self.first)[chosen]
        kept = np.repeat(chosen, np.diff(self.first))
        first = np.append(0, np.cumsum(sizes))
        document, start, end, rank = (
            each[chosen] for each in (self.document, self.start, self.end, self.rank)
        )
        return OwnedParts(document, start, end, rank, first, self.owners[kept])


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """The segments of documents one behind the other; document ``k`` has ``first[k]:first[k + 1]``.

    ``parent`` is -1 where a segment is quoted in none, ``silent`` says that it is markup, ``found`` is its
    rule's rank.
    """

    first: Int[np.ndarray, " documents+1"]
    start: Int[np.ndarray, " segments"]
    end: Int[np.ndarray, " segments"]
    parent: Int[np.ndarray, " segments"]
    silent: Bool[np.ndarray, " segments"]
    found: Int[np.ndarray, " segments"]


class AstrayParents(EudaimonError):
    """A segment's chain of parents leads nowhere; ``document`` is the number of its document."""

    def __init__(self, document: int, what: str) -> None:
        super().__init__(what)
        self.document = document


def owned_parts(voices: Voices) -> OwnedParts:
    """What `owned` says of each document; raises `AstrayParents` where that raises `ValueError`.

    Voices that lie in the one that quotes them and beside their siblings, which is nearly always so, are
    settled in a few sorts over all documents; the others one document after the other.
    """
    n = len(voices.first) - 1
    sizes = np.diff(voices.first)
    document = np.repeat(np.arange(n), sizes)
    number = np.arange(len(document)) - np.repeat(voices.first[:-1], sizes)
    quick, nested = _nested(voices, document, number, n)
    odd = np.flatnonzero(~nested)
    if not len(odd):
        return quick
    slow = [(int(k), part) for k in odd.tolist() for part in _one(voices, k)]
    return _merged(quick.where(nested[quick.document]), slow)


def _nested(
    voices: Voices,
    document: Int[np.ndarray, " segments"],
    number: Int[np.ndarray, " segments"],
    n: int,
) -> tuple[OwnedParts, Bool[np.ndarray, " documents"]]:
    """The parts if every document's voices were nested, and the documents in which they are.

    Between two neighbouring beginnings and ends of voices one voice owns everything: the one that has just
    begun, or that which the one that has just ended is quoted in.
    """
    m = len(document)
    # At one place inner voices end first, then outer ones; then outer ones begin before inner ones. Voices
    # are numbered from the outside in, so ends are listed backwards, and what is equal stays in this order.
    segment = np.concatenate([np.arange(m)[::-1], np.arange(m)])
    begins = np.repeat([False, True], m)
    place = np.concatenate([voices.end[::-1], voices.start])
    of = document[segment]
    longest = int(place.max(initial=0)) + 1
    order = np.argsort((of * longest + place) * 2 + begins, kind="stable")
    segment, of, place, begins = segment[order], of[order], place[order], begins[order]
    base = voices.first[:-1][of]
    above = np.where(voices.parent[segment] < 0, -1, voices.parent[segment] + base)
    owner = np.where(begins, segment, above)
    before = np.append(-1, owner[:-1])
    before[np.append(True, of[1:] != of[:-1])] = -1
    astray = before != np.where(begins, above, segment)
    wrong = np.bincount(of, weights=astray, minlength=n) > 0
    wrong |= np.bincount(document, weights=voices.start >= voices.end, minlength=n) > 0
    behind = np.append(place[1:], 0)
    last = np.append(of[1:] != of[:-1], True)
    voiced = (owner >= 0) & ~last & (behind > place)
    voiced[voiced] &= ~voices.silent[owner[voiced]]
    who = owner[voiced]
    return (
        OwnedParts(
            of[voiced],
            place[voiced],
            behind[voiced],
            voices.found[who],
            np.arange(len(who) + 1),
            number[who],
        ),
        ~wrong,
    )


def _one(voices: Voices, document: int) -> list[Owned]:
    part = slice(int(voices.first[document]), int(voices.first[document + 1]))
    above = [None if parent < 0 else parent for parent in voices.parent[part].tolist()]
    try:
        return owned(
            voices.start[part].tolist(),
            voices.end[part].tolist(),
            above,
            voices.silent[part].tolist(),
            voices.found[part].tolist(),
        )
    except ValueError as error:
        raise AstrayParents(document, str(error)) from error


def _merged(quick: OwnedParts, slow: Sequence[tuple[int, Owned]]) -> OwnedParts:
    """Parts of both, by document; none is in both."""
    document = np.concatenate([quick.document, np.array([k for k, _ in slow], dtype=np.int64)])
    start, end, rank = (
        np.concatenate([known, np.array([part[axis] for _, part in slow], dtype=np.int64)])
        for axis, known in enumerate((quick.start, quick.end, quick.rank))
    )
    sizes = np.concatenate([np.diff(quick.first), [len(part[3]) for _, part in slow]]).astype(np.int64)
    own = np.array([k for _, part in slow for k in part[3]], dtype=np.int64)
    owners = np.concatenate([quick.owners, own])
    order = np.argsort(document, kind="stable")
    starts = (np.cumsum(sizes) - sizes)[order]
    first = np.append(0, np.cumsum(sizes[order]))
    places = np.repeat(starts - first[:-1], sizes[order]) + np.arange(first[-1])
    return OwnedParts(document[order], start[order], end[order], rank[order], first, owners[places])
