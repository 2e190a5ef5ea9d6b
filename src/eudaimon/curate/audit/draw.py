"""A stratified sample of segments: score bins by sources by what became of them, each with a known chance.

The scores are read twice: once for the bins and the sources, once for the items. Which items are drawn hangs
on the seed and on the names of documents alone, not on shards or their order; memory holds at most as many
items of each stratum as the whole sample has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from eudaimon.core.errors import UsageError
from eudaimon.curate.audit.allocate import allocate, bins_that_fit
from eudaimon.curate.audit.items import hashed, items_of, ranks
from eudaimon.curate.audit.records import AuditItem, AuditPlan, Sort, Stratum
from eudaimon.curate.decided import FATES, DecidedTable, decided_tables, read_tables
from eudaimon.curate.policy import Policy

N_BINS = 10
N_SURVEYED = 50_000
"""Scores from which the edges of bins are taken; strata are counted exactly, wherever the edges fall."""
ITEMS_A_SOURCE = 30
"""Sources get strata of their own while the sample has so many items for each; smaller ones are pooled."""
POOLED = "(other sources)"

_Key = tuple[int, str, Sort]


@dataclass(frozen=True)
class Sample:
    """The plan of an audit and its items, in an order that says nothing of what they are."""

    plan: AuditPlan
    items: tuple[AuditItem, ...]


def draw_sample(
    files: Sequence[str | Path], policy: Policy, *, n: int = 300, seed: int = 0, n_bins: int = N_BINS
) -> Sample:
    """A sample of ``n`` segments of the corpus whose scores are in these files, half of them removed ones.

    Strata are ``n_bins`` bins of equal size by score, by source, by what becomes of a segment under the
    policy. Where they are too many for ``n``, the lowest bins are put together, since harm is rare there.
    Markup and documents that are errors are not drawn from. Raises `UsageError` when ``n`` is below 20 or
    there is nothing to draw from.
    """
    if n < 20:
        raise UsageError(f"a sample of {n} segments says nothing", right="20 or more, and 300 to be useful")
    edges, sources, models = _survey(files, n_bins, max(1, n // ITEMS_A_SOURCE), seed)
    found = _collect(files, policy, edges, sources, n, seed)
    if not found.counts:
        raise UsageError(
            "there is no segment to draw from", right="scores of documents in which voices speak"
        )
    strata, chosen, bins = _choose(found, len(edges) + 1, n)
    plan = AuditPlan(
        policy=policy.name,
        policy_hash=policy.hash,
        models=tuple(sorted(models)),
        seed=seed,
        edges=tuple(float(edge) for edge in edges[len(edges) + 1 - bins :]),
        strata=strata,
        n_segments=sum(found.counts.values()),
        n_errors=found.n_errors,
        n_unscored=found.n_unscored,
    )
    # Not by rank: the fewer of a stratum are drawn, the lower their ranks.
    shuffled = sorted(chosen, key=lambda item: hashed(f"order {seed}", f"{item.document}\0{item.segment}"))
    return Sample(plan, tuple(shuffled))


@dataclass
class _Found:
    """Segments counted by stratum, and of each the items with the lowest ranks so far."""

    counts: Counter[_Key] = field(default_factory=Counter)
    lowest: dict[_Key, list[tuple[int, AuditItem]]] = field(default_factory=dict)
    n_errors: int = 0
    n_unscored: int = 0


def _survey(
    files: Sequence[str | Path], n_bins: int, n_sources: int, seed: int
) -> tuple[Float[np.ndarray, "edges"], frozenset[str], set[str]]:
    """The edges of the bins, the sources with strata of their own, and the models that scored."""
    rank: np.ndarray = np.zeros(0, dtype=np.uint64)
    score: np.ndarray = np.zeros(0)
    sizes: Counter[str] = Counter()
    models: set[str] = set()
    for table in (table for path in files for table in read_tables(path)):
        models.update(table.heads("model"))
        names, source = np.unique(np.array(table.heads("source"), dtype=np.str_), return_inverse=True)
        counts = np.bincount(source[table.document[table.voiced]], minlength=len(names))
        sizes.update(dict(zip(names.tolist(), counts.tolist(), strict=True)))
        scored = table.voiced & ~np.isnan(table.harm)
        rank = np.concatenate([rank, ranks(table, seed)[scored]])
        score = np.concatenate([score, table.harm[scored]])
        if len(rank) > N_SURVEYED:
            lowest = np.argpartition(rank, N_SURVEYED)[:N_SURVEYED]
            rank, score = rank[lowest], score[lowest]
    shares = np.arange(1, n_bins) / n_bins
    # Edges lie on scores that occur; of equal scores all are in one bin, so there may be fewer bins.
    edges = np.unique(np.quantile(score, shares, method="higher")) if len(score) else np.zeros(0)
    edges = edges[edges > score.min(initial=np.inf)]
    largest = sorted(sizes, key=lambda name: (-sizes[name], name))
    return edges, frozenset(largest[:n_sources]), models - {""}


def _collect(
    files: Sequence[str | Path],
    policy: Policy,
    edges: Float[np.ndarray, "edges"],
    sources: frozenset[str],
    n: int,
    seed: int,
) -> _Found:
    found = _Found()
    for table in (table for path in files for table in decided_tables(policy, path)):
        rows = table.voiced & (table.fate != FATES.index("error"))
        found.n_errors += int((table.voiced & ~rows).sum())
        found.n_unscored += int((rows & np.isnan(table.harm)).sum())
        score = np.nan_to_num(table.harm, nan=-1.0)
        own = [name if name in sources else POOLED for name in table.heads("source")]
        names = sorted(set(own))
        source = np.array([names.index(name) for name in own], dtype=np.int64)[table.document]
        removed = table.fate != FATES.index("keep")
        code = (np.searchsorted(edges, score, side="right") * len(names) + source) * 2 + removed
        rank = ranks(table, seed)
        for which in np.unique(code[rows]):
            inside = np.flatnonzero(rows & (code == which))
            rest, sort = divmod(int(which), 2)
            key: _Key = (rest // len(names), names[rest % len(names)], "removed" if sort else "kept")
            found.counts[key] += len(inside)
            _keep_lowest(found.lowest.setdefault(key, []), table, inside, rank, n)
    return found


def _keep_lowest(
    known: list[tuple[int, AuditItem]],
    table: DecidedTable,
    rows: Int[np.ndarray, "rows"],
    rank: UInt64[np.ndarray, "all"],
    n: int,
) -> None:
    """Put the rows with low ranks in, and leave the ``n`` lowest."""
    if len(known) == n:
        rows = rows[rank[rows] < np.uint64(known[-1][0])]
    if len(rows) > n:
        rows = rows[np.argpartition(rank[rows], n)[:n]]
    if len(rows):
        known += [(int(rank[row]), item) for row, item in zip(rows, items_of(table, rows), strict=True)]
        known.sort(key=lambda entry: (entry[0], entry[1].key))
        del known[n:]


def _choose(found: _Found, n_bins: int, n: int) -> tuple[tuple[Stratum, ...], list[AuditItem], int]:
    """The strata, as coarse as the sample's size asks for, their items, and the number of bins."""

    def coarse(key: _Key, bins: int) -> _Key:
        return max(key[0] - (n_bins - bins), 0), key[1], key[2]

    fits = {}
    for bins in range(1, n_bins + 1):
        sides = Counter(sort for *_, sort in {coarse(key, bins) for key in found.counts})
        fits[bins] = max(sides.values())
    bins = bins_that_fit(fits, n // 2)
    counts: Counter[_Key] = Counter()
    lowest: dict[_Key, list[tuple[int, AuditItem]]] = {}
    for key, count in found.counts.items():
        counts[coarse(key, bins)] += count
        lowest.setdefault(coarse(key, bins), []).extend(found.lowest[key])
    keys = sorted(counts)
    sizes = np.array([counts[key] for key in keys], dtype=np.int64)
    removed: Bool[np.ndarray, "strata"] = np.array([key[2] == "removed" for key in keys])
    strata, items = [], []
    for key, size, given in zip(keys, sizes, allocate(sizes, removed, n), strict=True):
        place, source, sort = key
        name = f"{source} | bin {place} | {sort}"
        strata.append(
            Stratum(name=name, source=source, bin=place, sort=sort, n_segments=int(size), n_drawn=int(given))
        )
        ordered = sorted(lowest[key], key=lambda entry: (entry[0], entry[1].key))
        items += [item.model_copy(update={"stratum": name}) for _, item in ordered[:given]]
    return tuple(strata), items, bins
