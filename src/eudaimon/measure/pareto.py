"""Which arms nothing beats in both of two measures at once, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.core.errors import UsageError
from eudaimon.measure.hierarchical import N_RESAMPLES, SeededScore, hierarchical
from eudaimon.measure.panel import Panel
from eudaimon.measure.panel_resampling import checked_design, resampled_means


@dataclass(frozen=True)
class ParetoPoint:
    """One arm: both measures with their intervals, and whether it is on the front.

    ``on_front``: no other arm's means are at least as good in both and better in one. ``probability`` is the
    share of resamples in which that is so: near 1 or 0 it is settled, in between the data do not say.
    """

    name: str
    x: SeededScore
    y: SeededScore
    on_front: bool
    probability: float


def pareto(
    x: Mapping[str, Panel],
    y: Mapping[str, Panel],
    *,
    x_better: str = "higher",
    y_better: str = "higher",
    limits: tuple[float, float] | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> tuple[ParetoPoint, ...]:
    """The arms of two measures as points, in their order, with the front and its bootstrap probability.

    ``x_better`` and ``y_better`` are ``higher`` or ``lower``. A resample draws seeds and questions of each
    measure once for all arms, so what makes questions hard for all of them cancels. Arms that tie in both
    measures are on the front together. ``limits`` cuts the intervals of both where values
    cannot be. Raises `UsageError` unless the measures have the same arms and all arms the same seeds and
    questions of each.
    """
    if set(x) != set(y) or not x:
        alone = ", ".join(sorted(set(x) ^ set(y))) or "there is no arm"
        raise UsageError(f"the two measures are of different arms: {alone}", right="both of every arm")
    for better in (x_better, y_better):
        if better not in ("higher", "lower"):
            raise UsageError(f"{better!r} is no direction", right="higher or lower")
    names = list(x)
    values, draws = [], []
    for panels, better, own in ((x, x_better, seed), (y, y_better, seed + 1)):
        _require_one_design(panels)
        for panel in panels.values():
            checked_design(panel, True, n_resamples)
        sign = 1.0 if better == "higher" else -1.0
        values.append(sign * np.array([panels[name].mean for name in names]))
        drawn = [resampled_means(panels[name], n_resamples, own) for name in names]
        draws.append(sign * np.stack(drawn, axis=1))
    now = undominated(values[0][None], values[1][None])[0]
    share = undominated(draws[0], draws[1]).mean(axis=0)
    return tuple(
        ParetoPoint(
            name,
            hierarchical(x[name], limits=limits, n_resamples=n_resamples, seed=seed),
            hierarchical(y[name], limits=limits, n_resamples=n_resamples, seed=seed + 1),
            bool(now[place]),
            float(share[place]),
        )
        for place, name in enumerate(names)
    )


def undominated(x: Float[np.ndarray, "b arms"], y: Float[np.ndarray, "b arms"]) -> Bool[np.ndarray, "b arms"]:
    """In each row whether no other arm is at least as high in both and higher in one."""
    at_least = (x[:, :, None] >= x[:, None, :]) & (y[:, :, None] >= y[:, None, :])
    above = (x[:, :, None] > x[:, None, :]) | (y[:, :, None] > y[:, None, :])
    beaten = (at_least & above).any(axis=1)
    free: Bool[np.ndarray, "b arms"] = np.logical_not(beaten)
    return free


def _require_one_design(panels: Mapping[str, Panel]) -> None:
    first, *others = panels.values()
    for name, panel in zip([*panels][1:], others, strict=True):
        if (panel.seeds, panel.questions) != (first.seeds, first.questions):
            raise UsageError(
                f"arm {name} has other seeds or questions than arm {next(iter(panels))}",
                right="the same seeds and questions in every arm",
            )
