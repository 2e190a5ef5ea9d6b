"""A metric along training, from rows that carry a step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from eudaimon.measure.panel import Panel
from eudaimon.study.records import Curve, CurvePoint
from eudaimon.study.summary.along import EM_AXIS, PERSONA_AXIS
from eudaimon.study.summary.compare import Tests, plain, scored
from eudaimon.study.summary.places import END, Place

LEAST_RISE = 0.1


def curves(found: Mapping[Place, Panel], tests: Tests) -> tuple[Curve, ...]:
    """One curve for each row, column, scope and metric whose rows carry steps."""
    lines: defaultdict[tuple[str, str, str, str], list[Place]] = defaultdict(list)
    for place in sorted(found):
        if place.step != END:
            lines[(place.row, place.column, place.scope, place.metric)].append(place)
    return tuple(_curve(found, places, tests) for places in lines.values())


def half_rise(steps: Sequence[int], values: Sequence[float]) -> float | None:
    """The step at which a curve first reaches half way from its first to its largest value, interpolated.

    None when it rises by less than a tenth: then there is no transition to place.
    """
    first, top = values[0], max(values)
    if top - first < LEAST_RISE:
        return None
    half = first + (top - first) / 2
    after = next(i for i, value in enumerate(values) if value >= half)
    share = (half - values[after - 1]) / (values[after] - values[after - 1])
    return float(steps[after - 1] + share * (steps[after] - steps[after - 1]))


def _curve(found: Mapping[Place, Panel], places: list[Place], tests: Tests) -> Curve:
    first = places[0]
    panels = [found[place] for place in places]
    if first.metric in (EM_AXIS, PERSONA_AXIS):
        panels = [panel.shared() for panel in panels]
    seeds = sorted(set.intersection(*(set(panel.seeds) for panel in panels)))
    by_seed = {
        str(seed): tuple(float(panel.seed_means[panel.seeds.index(seed)]) for panel in panels)
        for seed in seeds
    }
    return Curve(
        row=first.row,
        column=first.column,
        scope=first.scope,
        metric=first.metric,
        points=tuple(
            CurvePoint(step=place.step, score=plain(scored(panel, place.metric, tests)))
            for place, panel in zip(places, panels, strict=True)
        ),
        by_seed=by_seed,
    )
