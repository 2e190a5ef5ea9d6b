"""Where a trajectory of weights turns: the cosine between where it came from and where it goes, and its dip.

For a vector v that is saved at equally spaced times, the local cosine at time t and lag k is that of
v[t] - v[t-k] and v[t+k] - v[t]: 1 where it moves straight on, 0 where it turns by a right angle. (Turner et
al. 2025, arXiv 2506.11613, take the first difference the other way round: their cosine is minus this one.)
For a matrix of r columns, such as the B of a LoRA, it is the mean cosine of the r principal angles between
what the columns of the two differences span; it is not negative then, and chance is about sqrt(r / rows).

Every random walk turns somewhere. So a dip counts only against a null: the same increments in random order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from eudaimon.core.errors import UsageError
from eudaimon.core.progress import progress

LAGS = (5, 10, 15)
BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class CosineDip:
    """Local cosines at each lag, and whether their dip is deeper than the order of the increments explains.

    ``cosines[i, t]`` is the local cosine at ``lags[i]`` and time t, NaN within a lag of either end.
    ``depth[i]`` is its median minus its least value, ``at[i]`` the time of the least, ``p[i]`` the share of
    random orders with a dip as deep. ``p_all`` is one test over all lags.
    """

    lags: tuple[int, ...]
    cosines: Float[np.ndarray, "lags times"]
    at: tuple[int, ...]
    depth: Float[np.ndarray, "lags"]
    p: Float[np.ndarray, "lags"]
    p_all: float
    n_permutations: int


def local_cosine(trajectory: ArrayLike, lag: int) -> Float[np.ndarray, "times"]:
    """The local cosine of a trajectory [times, rows] or [times, rows, columns] at one lag, NaN near the ends.

    In [-1, 1] for one column and in [0, 1] for more; NaN also where the trajectory stands still. Raises
    `UsageError` unless there are 2 lag + 1 times and the lag is positive.
    """
    points = _points(trajectory)
    _check(len(points), (lag,))
    return _padded(_cosines(_gram(points)[None], lag)[0], lag)


def cosine_dip(
    trajectory: ArrayLike,
    *,
    lags: Sequence[int] = LAGS,
    n_permutations: int = 1000,
    seed: int = 0,
    show_progress: bool = True,
) -> CosineDip:
    """The dip of the local cosine of a trajectory [times, rows] or [times, rows, columns], with its null.

    The null draws the trajectory's own increments in random order: exact for a random walk, whatever the
    sizes of its steps (if those come in any order). Walks that repeat their directions, as momentum does,
    were not called dips more often than they should. ``p_all`` takes at each lag the depth in standard
    deviations of its null, and the largest of them. Raises `UsageError` as `local_cosine`, and without any
    permutation.
    """
    points = _points(trajectory)
    _check(len(points), lags)
    if n_permutations < 1:
        raise UsageError(f"{n_permutations} permutations were asked for", right="at least one, 1000 for .001")
    gram = _gram(points)
    if not np.trace(gram.sum((2, 3))) > 0:
        raise UsageError("the trajectory stands still", right="weights that change")
    cosines = [_cosines(gram[None], lag)[0] for lag in lags]
    seen = np.array([_depth(row[None])[0] for row in cosines])
    null = np.empty((n_permutations, len(lags)))
    done = 0
    with progress("permutations", n_permutations, "orders", enabled=show_progress) as advance:
        for some in _permuted(gram, n_permutations, np.random.default_rng(seed)):
            for i, lag in enumerate(lags):
                null[done : done + len(some), i] = _depth(_cosines(some, lag))
            done += len(some)
            advance(len(some))
    everything = np.concatenate([seen[None], null])
    spread = everything.std(0)
    scaled = (everything - everything.mean(0)) / np.where(spread > 0, spread, 1)
    most = scaled.max(1)
    return CosineDip(
        lags=tuple(lags),
        cosines=np.stack([_padded(row, lag) for row, lag in zip(cosines, lags, strict=True)]),
        at=tuple(int(np.nanargmin(row)) + lag for row, lag in zip(cosines, lags, strict=True)),
        depth=seen,
        # Ties count against the dip: rounding must not make an order of its own rarer than it is.
        p=(1 + (null >= seen - 1e-9).sum(0)) / (n_permutations + 1),
        p_all=float((1 + (most[1:] >= most[0] - 1e-9).sum()) / (n_permutations + 1)),
        n_permutations=n_permutations,
    )


def _points(trajectory: ArrayLike) -> Float[np.ndarray, "times rows columns"]:
    points = np.asarray(trajectory, dtype=np.float64)
    if points.ndim == 2:
        points = points[:, :, None]
    if points.ndim != 3 or points.shape[1] < points.shape[2] or not np.isfinite(points).all():
        raise UsageError(
            f"a trajectory of shape {points.shape} with {(~np.isfinite(points)).sum()} values of no use",
            right="finite [times, rows] or [times, rows, columns], with no more columns than rows",
        )
    return points


def _check(n_times: int, lags: Sequence[int]) -> None:
    if not lags or min(lags) < 1 or n_times < 2 * max(lags) + 1:
        raise UsageError(
            f"lags {', '.join(map(str, lags))} on {n_times} times",
            right="lags of 1 and more, and at least twice the longest plus one times",
        )


def _gram(
    points: Float[np.ndarray, "times rows columns"],
) -> Float[np.ndarray, "steps steps columns columns"]:
    """Inner products of all columns of all increments: what any order of them needs, whatever the rows."""
    steps = np.diff(points, axis=0)
    n, rows, columns = steps.shape
    flat = steps.transpose(0, 2, 1).reshape(n * columns, rows)
    gram: Float[np.ndarray, "steps steps columns columns"] = (
        (flat @ flat.T).reshape(n, columns, n, columns).transpose(0, 2, 1, 3)
    )
    return gram


def _permuted(gram: np.ndarray, n: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    block = max(1, BLOCK_CELLS // gram.size)
    for start in range(0, n, block):
        orders = rng.permuted(np.tile(np.arange(len(gram)), (min(block, n - start), 1)), axis=1)
        yield gram[orders[:, :, None], orders[:, None, :]]


def _cosines(gram: Float[np.ndarray, "b steps steps c c"], lag: int) -> Float[np.ndarray, "b inner"]:
    """Local cosines at the times that are a lag away from both ends."""
    n, columns = gram.shape[1], gram.shape[-1]
    sums = np.zeros((len(gram), n + 1, n + 1, columns, columns))
    sums[:, 1:, 1:] = gram.cumsum(1).cumsum(2)
    before = np.arange(n + 1 - 2 * lag)
    at, after = before + lag, before + 2 * lag

    def inner(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> Float[np.ndarray, "b inner c c"]:
        return sums[:, b, d] - sums[:, a, d] - sums[:, b, c] + sums[:, a, c]

    across = inner(before, at, at, after)
    first, second = inner(before, at, before, at), inner(at, after, at, after)
    if columns == 1:
        length = np.sqrt(np.maximum(first * second, 0))[..., 0, 0]
        cosine = np.divide(across[..., 0, 0], length, out=np.full(length.shape, np.nan), where=length > 0)
        signed: Float[np.ndarray, "b inner"] = np.clip(cosine, -1, 1)
        return signed
    whitened = _root(first) @ across @ _root(second)
    mean: Float[np.ndarray, "b inner"] = np.clip(np.linalg.svd(whitened, compute_uv=False), 0, 1).mean(-1)
    return mean


def _root(gram: Float[np.ndarray, "*batch c c"]) -> Float[np.ndarray, "*batch c c"]:
    """The inverse square root; directions in which nothing moved count as zero."""
    values, vectors = np.linalg.eigh(gram)
    moved = values > 1e-12 * values[..., -1:]
    inverse = np.where(moved, 1 / np.sqrt(np.where(moved, values, 1.0)), 0.0)
    root: Float[np.ndarray, "*batch c c"] = (vectors * inverse[..., None, :]) @ vectors.swapaxes(-1, -2)
    return root


def _depth(cosines: Float[np.ndarray, "b inner"]) -> Float[np.ndarray, "b"]:
    depth: Float[np.ndarray, "b"] = np.nanmedian(cosines, axis=1) - np.nanmin(cosines, axis=1)
    return depth


def _padded(row: Float[np.ndarray, "inner"], lag: int) -> Float[np.ndarray, "times"]:
    return np.pad(row, lag, constant_values=np.nan)
