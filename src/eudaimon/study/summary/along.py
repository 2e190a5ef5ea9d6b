"""A metric along something else than training steps: an adapter's strength at the end, in-domain loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
from jaxtyping import Float

from eudaimon.measure.panel import Panel
from eudaimon.study.records import AxisCurve, AxisPoint
from eudaimon.study.summary.compare import Tests, plain, scored
from eudaimon.study.summary.phases import Line
from eudaimon.study.summary.places import WHOLE, Place

SCALE: Literal["scale"] = "scale"
"""The field of a row's cell that says how strongly the varied adapter acted, from 0 to 1."""
EM_AXIS, PERSONA_AXIS = "em_projection", "persona_projection"
"""Metrics of a subject's own answers: one without words has none, so that a seed may lack a question."""
LEAST_FALL = 0.1
N_LOSSES = 13
"""Points of a curve along the loss: as many as checkpoints of the town's trainings."""


def along_scale(found: Mapping[Place, Panel], scope: str, tests: Tests) -> tuple[AxisCurve, ...]:
    """One curve for each row, column and metric whose rows carry the scale of an adapter."""
    lines: defaultdict[tuple[str, str, str], list[Place]] = defaultdict(list)
    for place in sorted(found):
        if place.scale != WHOLE and place.scope == scope:
            lines[place.row, place.column, place.metric].append(place)
    return tuple(
        _curve(key, scope, SCALE, [(place.scale, found[place]) for place in places], tests)
        for key, places in lines.items()
    )


def along_loss(
    lines: Mapping[tuple[str, str], Line], metric: str, scope: str, tests: Tests
) -> tuple[AxisCurve, ...]:
    """The metric at equal steps of loss between the largest and the least that every seed passed.

    Of each row and column whose loss is known; read on the best never-rising line through a seed's losses.
    Where the range of losses that all seeds passed is less than a tenth of them there is no curve.
    """
    made = []
    for (row, column), (curves, losses) in lines.items():
        if losses is None:
            continue
        falling = curves.falling(losses)
        least, most = float(falling.min(1).max()), float(falling.max(1).min())
        if most - least < LEAST_FALL * most:
            continue
        grid = np.linspace(most, least, N_LOSSES)
        # Rounding must not put the ends outside of the curve that they come from.
        table = curves.questions_on_axis(losses, np.clip(grid, least, most))
        points = [
            (float(at), _panel(table[:, :, k], curves.seeds, curves.questions)) for k, at in enumerate(grid)
        ]
        made.append(_curve((row, column, metric), scope, "loss", points, tests))
    return tuple(made)


def _panel(
    values: Float[np.ndarray, "seeds questions"], seeds: Iterable[int], questions: Iterable[str]
) -> Panel:
    seeds, questions = list(seeds), list(questions)
    return Panel.of(values.ravel(), np.repeat(seeds, len(questions)), questions * len(seeds))


def _curve(
    key: tuple[str, str, str],
    scope: str,
    axis: Literal["scale", "loss"],
    points: list[tuple[float, Panel]],
    tests: Tests,
) -> AxisCurve:
    row, column, metric = key
    seeds = sorted(set.intersection(*(set(panel.seeds) for _, panel in points)))
    return AxisCurve(
        row=row,
        column=column,
        scope=scope,
        metric=metric,
        axis=axis,
        points=tuple(AxisPoint(at=at, score=plain(scored(panel, metric, tests))) for at, panel in points),
        by_seed={
            str(seed): tuple(float(panel.seed_means[panel.seeds.index(seed)]) for _, panel in points)
            for seed in seeds
        },
    )
