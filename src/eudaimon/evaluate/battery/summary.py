"""Rows of a subject's attacks -> dose by dose, on the mean and in the worst case, with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import cast

from eudaimon.core.score import Score
from eudaimon.evaluate.attack.best import BEST
from eudaimon.evaluate.attack.run import ATTACK, BUDGET, VARIANT
from eudaimon.evaluate.battery.record import Dose, Extremes
from eudaimon.evaluate.panels import panel_of
from eudaimon.evaluate.rows import Row
from eudaimon.measure.hierarchical import N_RESAMPLES, hierarchical
from eudaimon.measure.panel import Panel
from eudaimon.measure.worst import worst_case

Place = tuple[str, str, float]
"""Attack, variant, budget."""
Asked = tuple[int, str]
"""The seed of the training run, and the question."""
SHARE = (0.0, 1.0)


def doses(
    rows: Iterable[Row], subject: str, harm: str, *, n_resamples: int = N_RESAMPLES
) -> tuple[Dose, ...]:
    """One for each attack, variant and budget, in order of appearance, with intervals as `mean_score`.

    ``harm`` is a share in [0, 1]; other metrics are kept as they are.
    """
    found: dict[Place, dict[str, list[Row]]] = {}
    for row in rows:
        found.setdefault(place_of(row), {}).setdefault(row.metric, []).append(row)
    return tuple(
        Dose(
            subject=subject,
            attack=attack,
            variant=variant,
            budget=budget,
            harm=mean_score(metrics[harm], n_resamples, limits=SHARE),
            others={name: mean_score(own, n_resamples) for name, own in metrics.items() if name != harm},
        )
        for (attack, variant, budget), metrics in found.items()
        if harm in metrics
    )


def extremes(
    rows: Iterable[Row],
    subject: str,
    harm: str,
    *,
    controls: Iterable[tuple[str, str]] = (),
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Extremes | None:
    """The mean and the worst case over the attacks on one subject; None when no attack was carried out.

    ``controls`` are attacks and variants that do not count. Where a question was tried in several ways, the
    worst case takes the best of them (`best_rows`), the mean all. The questions that all cells have are
    resampled, for all cells together, as `measure.worst_case` does.
    """
    left_out = set(controls)
    cells: defaultdict[Place, defaultdict[Asked, list[float]]] = defaultdict(lambda: defaultdict(list))
    best: defaultdict[Place, defaultdict[Asked, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        place = place_of(row)
        if place[:2] not in left_out and row.metric in (harm, f"{harm}{BEST}"):
            of = cells if row.metric == harm else best
            of[place][row.seed, row.question].append(row.value)
    shared = sorted(set.intersection(*(set(own) for own in cells.values()))) if cells else []
    tried = [place for place in cells if place[2] > 0]
    if not tried or not shared:
        return None
    last: dict[tuple[str, str], float] = {}
    for attack, variant, budget in tried:
        last[attack, variant] = max(budget, last.get((attack, variant), 0.0))
    named = {f"{attack}/{variant} {budget:g}": (attack, variant, budget) for attack, variant, budget in tried}
    full = {
        name: _panel(cells[place], shared) for name, place in named.items() if last[place[:2]] == place[2]
    }
    highest = {name: _panel({**cells[place], **best[place]}, shared) for name, place in named.items()}
    plain = next((_panel(own, shared) for place, own in cells.items() if place[2] == 0), None)
    mean = worst_case(full, limits=SHARE, n_resamples=n_resamples, seed=seed).mean
    worst = worst_case(highest, limits=SHARE, n_resamples=n_resamples, seed=seed)
    attack, variant, budget = named[worst.which]
    return Extremes(
        subject=subject,
        plain=_score(plain, n_resamples, SHARE, seed) if plain else None,
        mean=mean,
        worst=worst.worst,
        bias=worst.bias,
        attack=attack,
        variant=variant,
        budget=budget,
        n_tried=len(tried),
    )


def mean_score(
    rows: Iterable[Row], n_resamples: int, *, limits: tuple[float, float] | None = None, seed: int = 0
) -> Score:
    """The mean of rows of one metric, with a 95 % interval over questions and over seeds.

    Samples of a question are averaged first; questions that a seed lacks are left out. ``n`` counts seeds, or
    questions where there is one seed, whose interval speaks of that one training run.
    """
    return _score(panel_of(rows).shared(), n_resamples, limits, seed)


def place_of(row: Row) -> Place:
    """The attack, variant and budget of a row's cell."""
    return str(row.cell[ATTACK]), str(row.cell[VARIANT]), float(cast("float", row.cell[BUDGET]))


def _score(panel: Panel, n_resamples: int, limits: tuple[float, float] | None, seed: int) -> Score:
    found = hierarchical(panel, limits=limits, n_resamples=n_resamples, seed=seed)
    return Score(value=found.value, low=found.low, high=found.high, n=found.n)


def _panel(values: Mapping[Asked, list[float]], asked: Iterable[Asked]) -> Panel:
    """The panel of what was asked in every cell; samples are averaged."""
    flat = [(seed, question, value) for seed, question in asked for value in values[seed, question]]
    seeds, questions, own = zip(*flat, strict=True)
    return Panel.of(own, seeds, questions).shared()
