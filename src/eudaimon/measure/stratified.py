"""Shares of a whole population from a stratified sample: inverse-probability weights, and how sure they are.

Items of a stratum are drawn with equal probability and without replacement, so each stands for ``N / n`` of
its stratum. Where a trait is rare, most strata show none of it, and neither a bootstrap (which then shows
no spread) nor a normal interval holds. So variances come from stratum shares that are drawn a little towards
their mean, and intervals from a Beta distribution on the effective sample size that this variance implies:
Jeffreys' interval in a complex survey (Franco, Little, Louis and Slud, 2019, J. Surv. Stat. Methodol. 7:334).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike
from scipy import stats

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.measure.inputs import same_length

N_DRAWS = 8000
"""Draws behind the interval of a ratio: its limits then move by about a hundredth of its width by chance."""


@dataclass(frozen=True, eq=False)
class Stratified:
    """A sample: the stratum of each item as an index, and how many items each stratum holds in truth.

    Raises `UsageError` when a stratum holds fewer items than were drawn from it.
    """

    stratum: Int[np.ndarray, "n"]
    sizes: Int[np.ndarray, "strata"]

    @classmethod
    def of(cls, strata: ArrayLike, sizes: Mapping[str, int]) -> Stratified:
        """The sample of items whose strata are named; ``sizes`` are all strata, those without items too."""
        names = {name: index for index, name in enumerate(sizes)}
        rows = [str(name) for name in np.asarray(strata).tolist()]
        if strange := sorted({name for name in rows if name not in names}):
            raise UsageError(f"stratum {strange[0]!r} has no size", right="the size of every stratum")
        index = np.array([names[name] for name in rows], dtype=np.int64)
        return cls(index, np.array(list(sizes.values()), dtype=np.int64))

    def __post_init__(self) -> None:
        if (self.drawn > self.sizes).any():
            worst = int((self.drawn - self.sizes).argmax())
            raise UsageError(
                f"{self.drawn[worst]} items were drawn from a stratum of {self.sizes[worst]}",
                right="items drawn without replacement",
            )

    @property
    def drawn(self) -> Int[np.ndarray, "strata"]:
        """How many items were drawn from each stratum."""
        return np.bincount(self.stratum, minlength=len(self.sizes)).astype(np.int64)

    def within(self, keep: ArrayLike) -> tuple[Stratified, Bool[np.ndarray, "n"]]:
        """The sample of some strata alone (a flag for each), and which items are in it."""
        kept = np.asarray(keep, dtype=bool)
        items = kept[self.stratum] if len(self.stratum) else np.zeros(0, dtype=bool)
        renumbered = np.cumsum(kept) - 1
        return Stratified(renumbered[self.stratum[items]], self.sizes[kept]), items


def stratified_share(
    values: ArrayLike, sample: Stratified, *, members: ArrayLike | None = None, unit: str = ""
) -> Score:
    """The population's mean of ``values`` in [0, 1] among ``members`` (all, if None), with its 95 % interval.

    ``n`` is the number of members in the sample. Strata of which nothing was drawn are taken to be as the
    rest. An interval has no width only where every stratum was drawn whole. Raises `UsageError` when there
    is no member, when lengths differ, or when a value is outside of [0, 1].
    """
    y, g = _checked(values, members, sample)
    sample, y, g = _drawn_only(sample, y, g)
    if not g.any():
        raise UsageError("no item of the sample is a member", right="at least one")
    belief = _Belief.of(y, g, sample)
    low, high = belief.limits()
    return Score(value=belief.share, low=low, high=high, n=int(g.sum()), unit=unit)


def stratified_mean(
    values: ArrayLike, first: ArrayLike, sample: Stratified, *, unit: str = "", seed: int = 0
) -> Score:
    """The population's mean of ``values`` in [0, 1], where two sorts of strata differ much; 95 % interval.

    The ``first`` strata (a flag for each) and the others are estimated apart, so that what is often seen in
    the one does not widen the other. Raises `UsageError` as `stratified_ratio`, but not where all are 0.
    """
    totals, drawn, n = _sides(values, first, sample, None, seed)
    size = int(sample.sizes.sum())
    return _scored(sum(totals) / size, (drawn[0] + drawn[1]) / size, n, unit)


def stratified_ratio(
    values: ArrayLike,
    first: ArrayLike,
    sample: Stratified,
    *,
    members: ArrayLike | None = None,
    unit: str = "",
    seed: int = 0,
) -> Score:
    """Of all ``values`` among ``members``, the share in the ``first`` strata, with its 95 % interval.

    With flags of what a filter removed as ``first``, this is recall where ``values`` say what is bad, and
    the share of good text that is removed where they say what is good. ``n`` is the number of members in the
    sample. The two parts are estimated apart, and the interval holds the middle 95 % of their ratio over
    draws from both. Raises `UsageError` when no value above 0 was seen, when nothing was drawn from a part
    that is not empty, and as `stratified_share`.
    """
    totals, drawn, n = _sides(values, first, sample, members, seed)
    if sum(totals) == 0:
        raise UsageError("no item of the sample has a value above 0", right="at least one", do="rate more")
    both = drawn[0] + drawn[1]
    shares = np.divide(drawn[0], both, out=np.zeros(N_DRAWS), where=both > 0)
    return _scored(totals[0] / sum(totals), shares, n, unit)


def _sides(
    values: ArrayLike, first: ArrayLike, sample: Stratified, members: ArrayLike | None, seed: int
) -> tuple[list[float], list[Float[np.ndarray, "draws"]], int]:
    """The total of the values on either side, draws of what it may be in truth, and the number of members."""
    y, g = _checked(values, members, sample)
    flags = np.asarray(first, dtype=bool)
    same_length(strata=sample.sizes, first=flags)
    rng = np.random.default_rng(seed)
    totals, drawn = [], []
    for side in (flags, ~flags):
        part, items = sample.within(side)
        size = int(part.sizes.sum())
        if size == 0:
            totals.append(0.0)
            drawn.append(np.zeros(N_DRAWS))
            continue
        part, y_part, g_part = _drawn_only(part, y[items], g[items])
        if not len(part.stratum):
            raise UsageError("nothing was drawn from one side", right="items of removed and of kept text")
        belief = _Belief.of(np.where(g_part, y_part, 0.0), np.ones_like(g_part), part)
        totals.append(size * belief.share)
        drawn.append(size * belief.draw(rng))
    return totals, drawn, int(g.sum())


def _scored(value: float, drawn: Float[np.ndarray, "draws"], n: int, unit: str) -> Score:
    low, high = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
    return Score(value=value, low=min(low, value), high=max(high, value), n=n, unit=unit)


@dataclass(frozen=True)
class _Belief:
    """A share, and the number of independent items that would tell it as surely; None: it is known."""

    share: float
    n_effective: float | None

    @classmethod
    def of(cls, y: Float[np.ndarray, "n"], g: Bool[np.ndarray, "n"], sample: Stratified) -> _Belief:
        n_strata, n = len(sample.sizes), sample.drawn.astype(np.float64)
        weight = sample.sizes / sample.sizes.sum()
        members = np.bincount(sample.stratum, weights=g, minlength=n_strata)
        hits = np.bincount(sample.stratum, weights=np.where(g, y, 0.0), minlength=n_strata)
        size = float((weight * members / n).sum())
        share = float((weight * hits / n).sum()) / size
        # Drawn towards the mean by one item: a stratum without hits is not one that has none.
        middle = (hits.sum() + 0.5) / (members.sum() + 1)
        smooth = (hits + middle) / (members + 1)
        among = (members + g.mean()) / (n + 1) if not g.all() else np.ones(n_strata)
        mean = float((weight * among * smooth).sum() / (weight * among).sum())
        # Of g (y - mean), by stratum: what varies among members, and how many members there are.
        spread = among * (smooth * (1 - smooth) + (smooth - mean) ** 2) - (among * (smooth - mean)) ** 2
        rest = 1 - n / sample.sizes
        variance = float((weight**2 * rest * spread / n).sum()) / size**2
        return cls(share, mean * (1 - mean) / variance if variance > 0 else None)

    def _parts(self) -> tuple[float, float]:
        assert self.n_effective is not None
        return self.share * self.n_effective + 0.5, (1 - self.share) * self.n_effective + 0.5

    def limits(self) -> tuple[float, float]:
        if self.n_effective is None:
            return self.share, self.share
        a, b = self._parts()
        low, high = stats.beta.ppf((0.025, 0.975), a, b)
        # As Brown, Cai and DasGupta (2001): where nothing, or all, was seen, that end is open.
        return (0.0 if a <= 0.5 else min(float(low), self.share)), (
            1.0 if b <= 0.5 else max(float(high), self.share)
        )

    def draw(self, rng: np.random.Generator) -> Float[np.ndarray, "draws"]:
        if self.n_effective is None:
            return np.full(N_DRAWS, self.share)
        return np.asarray(rng.beta(*self._parts(), size=N_DRAWS))


def _checked(
    values: ArrayLike, members: ArrayLike | None, sample: Stratified
) -> tuple[Float[np.ndarray, "n"], Bool[np.ndarray, "n"]]:
    y = np.asarray(values, dtype=np.float64)
    g = np.ones(len(y), dtype=bool) if members is None else np.asarray(members, dtype=bool)
    same_length(items=sample.stratum, values=y, members=g)
    if not ((y >= 0) & (y <= 1)).all():
        raise UsageError("a value is outside of [0, 1]", right="0 for no, 1 for yes, or a share of raters")
    return y, g


def _drawn_only(
    sample: Stratified, y: Float[np.ndarray, "n"], g: Bool[np.ndarray, "n"]
) -> tuple[Stratified, Float[np.ndarray, "n"], Bool[np.ndarray, "n"]]:
    """Without the strata of which nothing was drawn; their weight falls to the others."""
    part, items = sample.within(sample.drawn > 0)
    return part, y[items], g[items]
