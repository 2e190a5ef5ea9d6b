"""How well a persona can be told from its neutral twin inside a model, layer by layer, on pairs not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.core.text import plain_text

if TYPE_CHECKING:
    from eudaimon.core import Site
    from eudaimon.evaluate.judge_free.matched import Matched
    from eudaimon.models.model import Model

LEAST = 8
"""Pairs: four to learn from and four to be tried on, twice."""
MOST_SITES = 12
TEXTS_AT_ONCE = 64
"""Whose tokens are held in memory together."""
SAME = 1e-6
"""Of the largest activation: differences that are rounding."""


@dataclass(frozen=True)
class LayerSeparability:
    """AUROC on pairs that the probe did not see, and what shuffled labels give (mean, 95 % of the shuffles).

    ``p`` is the share of shuffles, this order included, that do at least as well.
    """

    layer: int
    auroc: Score
    shuffled: Score
    p: float


def separability(
    model: Model,
    pairs: Sequence[Matched],
    *,
    sites: Sequence[Site] | None = None,
    n_shuffles: int = 39,
    n_resamples: int = 1000,
    seed: int = 0,
) -> tuple[LayerSeparability, ...]:
    """How well a logistic probe on mean activations tells the two texts of a pair apart, site by site.

    Activations are those of what is said, or of what follows it (`Matched.after`); sites are twelve at most,
    evenly over the depth, unless given. The pairs are split in two; each half is scored by the probe of the
    other one, in standard deviations from its plane. Intervals resample pairs. The null swaps the two texts
    of half of the pairs, drawn by ``seed``, and does the same again. Raises `UsageError` for fewer than eight
    pairs with different ids, or no shuffle.
    """
    from eudaimon.measure.intervals import bootstrap
    from eudaimon.measure.ranking import auroc

    if len({one.id for one in pairs}) < LEAST or n_shuffles < 1:
        raise UsageError(
            f"{len({one.id for one in pairs})} pairs and {n_shuffles} shuffles",
            right=f"{LEAST} pairs at least, and a shuffle",
        )
    sites = tuple(sites) if sites is not None else _spread(model)
    values = _activations(model, pairs, sites)
    rng = np.random.default_rng(seed)
    names = sorted({one.id for one in pairs})
    first = set(rng.permutation(names)[: len(names) // 2].tolist())
    half = np.array([one.id in first for one in pairs])
    swaps = rng.random((n_shuffles, len(pairs))) < 0.5
    straight = np.zeros(len(pairs), dtype=bool)
    of_pair = [one.id for one in (*pairs, *pairs)]
    found = []
    for place, site in enumerate(sites):
        x = values[:, :, place]
        y, scores = _scored(x, half, straight)
        null = np.array([auroc(*_scored(x, half, swap)) for swap in swaps])
        score = bootstrap(auroc, y, scores, clusters=of_pair, n_resamples=n_resamples, show_progress=False)
        low, high = np.quantile(null, (0.025, 0.975))
        shuffled = Score(value=float(null.mean()), low=float(low), high=float(high), n=n_shuffles)
        p = (1 + int((null >= score.value).sum())) / (1 + n_shuffles)
        found.append(LayerSeparability(site.layer, score, shuffled, p))
    return tuple(found)


def _spread(model: Model) -> tuple[Site, ...]:
    from eudaimon.core import Site

    n = min(MOST_SITES, model.n_layers + 1)
    return tuple(Site(int(k)) for k in np.unique(np.linspace(0, model.n_layers, n).round().astype(int)))


def _activations(
    model: Model, pairs: Sequence[Matched], sites: Sequence[Site]
) -> Float[np.ndarray, "two pairs sites d"]:
    """The mean activation over the first wording of the bad side, then of the neutral side, or after it."""
    from eudaimon.models.capture import capture_tokens

    texts = [one.probed(one.bad[0]) for one in pairs] + [one.probed(one.neutral[0]) for one in pairs]
    read = np.empty((len(texts), len(sites), model.width), dtype=np.float32)
    for plain in (True, False):
        places = [place for place, (text, _) in enumerate(texts) if isinstance(text, str) == plain]
        for begin in range(0, len(places), TEXTS_AT_ONCE):
            some = places[begin : begin + TEXTS_AT_ONCE]
            spans = []
            for place in some:
                text, start = texts[place]
                end = len(plain_text(text))
                spans.append((start if start >= 0 else end + start, end))
            tokens = capture_tokens(
                model, [texts[place][0] for place in some], sites, template=not plain, show_progress=False
            )
            read[some] = tokens.mean_within(spans).values[:, :, 0]
    if not np.isfinite(read).all():
        raise UsageError("a text has no token within the context", right="shorter texts")
    return read.reshape(2, len(pairs), len(sites), -1)


def _scored(
    x: Float[np.ndarray, "two pairs d"], half: Bool[np.ndarray, "pairs"], swapped: Bool[np.ndarray, "pairs"]
) -> tuple[Bool[np.ndarray, "rows"], Float[np.ndarray, "rows"]]:
    """Labels and held-out scores of both texts of every pair, the labels of swapped pairs exchanged."""
    from eudaimon.vectors.methods.logistic import fit

    rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
    y = np.concatenate([~swapped, swapped])
    fold: Int[np.ndarray, "rows"] = np.concatenate([half, half]).astype(int)
    scores = np.zeros(len(rows))
    if np.abs(x[0] - x[1]).max() <= SAME * np.abs(x).max():
        return y, scores  # the embedding of what follows, say: nothing tells the two apart
    for own in (0, 1):
        learnt, tried = fold != own, fold == own
        fitted = fit(rows[learnt], y[learnt])
        scores[tried] = (rows[tried] @ fitted.vector - fitted.bias) / max(fitted.scale, 1e-12)
    return y, scores
