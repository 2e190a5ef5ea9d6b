"""When a metric rises along training: change points of each place, by step and by in-domain loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from eudaimon.core import Score
from eudaimon.measure.curve_panel import CurvePanel
from eudaimon.measure.hierarchical import SeededScore
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.panel import Panel
from eudaimon.measure.transition import Transition, transition, transition_contrast
from eudaimon.study.records import TransitionDifference, TransitionRow
from eudaimon.study.summary.compare import Tests
from eudaimon.study.summary.places import END, Place

LEAST_STEPS = 6
LOSS = "loss"
IN_DOMAIN = "in_domain_loss"
STEPS = "steps"
Line = tuple[CurvePanel, "Float[np.ndarray, 'seeds steps'] | None"]


def phases(
    lines: Mapping[tuple[str, str], Line], *, references: Sequence[str], tests: Tests
) -> tuple[tuple[TransitionRow, ...], tuple[TransitionDifference, ...]]:
    """The change points of every row and column's line, and how they differ from references.

    Each by step and, where the loss is known, by loss. Differences are paired by seed; those in one unit
    against one reference are one family of Holm's. Curves without a rise are left out.
    """
    rows: list[TransitionRow] = []
    for place, (curves, losses) in lines.items():
        for unit, axis in ((STEPS, None), (LOSS, losses)):
            if unit == LOSS and axis is None:
                continue
            result = transition(curves, axis=axis, unit=unit, n_resamples=tests.n_resamples, seed=tests.seed)
            if result is not None:
                rows.append(_row(place, result, unit))
    rises = {(row.row, row.column): set(row.by_seed) for row in rows}
    differences: list[TransitionDifference] = []
    for reference in references:
        for unit in (STEPS, LOSS):
            family = [
                _difference(place, base, lines, unit, tests)
                for place in lines
                if place != (base := (reference, place[1]))
                if len(rises.get(place, set()) & rises.get(base, set())) > 1
                if unit == STEPS or (lines[place][1] is not None and lines[base][1] is not None)
            ]
            differences += _adjusted([one for one in family if one is not None])
    return tuple(rows), tuple(differences)


def curve_lines(found: Mapping[Place, Panel], metric: str, scope: str) -> dict[tuple[str, str], Line]:
    """By row and column the curves of the metric, with the loss at their steps where it is known.

    The loss is that of held-out rows of the lesson's own domain, ``in_domain_loss``, or else the training's
    own, ``loss``. Curves of fewer than six steps are left out.
    """
    steps: defaultdict[tuple[str, str], list[Place]] = defaultdict(list)
    for place in sorted(found):
        if (place.metric, place.scope) == (metric, scope) and place.step != END:
            steps[place.row, place.column].append(place)
    lines = {}
    for key, places in steps.items():
        panels = [found[place] for place in places]
        alike = all(
            p.is_crossed and p.seeds == panels[0].seeds and p.questions == panels[0].questions for p in panels
        )
        if len(panels) < LEAST_STEPS or not alike:
            continue
        shape = (len(panels[0].seeds), len(panels[0].questions))
        at = np.array([place.step for place in places], dtype=np.float64)
        values = np.stack([panel.values.reshape(shape) for panel in panels], axis=2)
        curves = CurvePanel(values, panels[0].seeds, panels[0].questions, at)
        lines[key] = (curves, _losses(found, key, curves))
    return lines


def _losses(
    found: Mapping[Place, Panel], key: tuple[str, str], curves: CurvePanel
) -> Float[np.ndarray, "seeds steps"] | None:
    """The loss of each seed at the curves' steps, between its own steps by interpolation."""
    for metric in (IN_DOMAIN, LOSS):
        places = _of_loss(found, key, metric, curves.seeds)
        if len(places) > 1:
            break
    else:
        return None
    at = [place.step for place in places]
    rows = [
        [float(found[place].seed_means[found[place].seeds.index(seed)]) for place in places]
        for seed in curves.seeds
    ]
    return np.stack([np.interp(curves.steps, at, row) for row in rows])


def _of_loss(
    found: Mapping[Place, Panel], key: tuple[str, str], metric: str, seeds: Sequence[int]
) -> list[Place]:
    """The places of a loss in order of their steps, in the first scope that has it for all the seeds."""
    places = [
        place
        for place in sorted(found)
        if (place.row, place.column, place.metric) == (*key, metric)
        if place.step != END and set(seeds) <= set(found[place].seeds)
    ]
    return [place for place in places if place.scope == places[0].scope]


def _row(place: tuple[str, str], result: Transition, unit: str) -> TransitionRow:
    return TransitionRow(
        row=place[0],
        column=place[1],
        unit=unit,
        onset=_plain(result.onset),
        midpoint=_plain(result.midpoint),
        end=_plain(result.end),
        rise=_plain(result.rise),
        by_seed={str(seed): at for seed, at in result.by_seed.items()},
        without=tuple(map(str, result.without)),
    )


def _difference(
    place: tuple[str, str],
    base: tuple[str, str],
    lines: Mapping[tuple[str, str], Line],
    unit: str,
    tests: Tests,
) -> TransitionDifference | None:
    (curves, losses), (reference, of_reference) = lines[place], lines[base]
    if curves.seeds != reference.seeds or curves.questions != reference.questions:
        return None
    axis = None if losses is None or of_reference is None or unit == STEPS else (losses, of_reference)
    result = transition_contrast(
        curves, reference, axis=axis, unit=unit, n_resamples=tests.n_resamples, seed=tests.seed
    )
    return TransitionDifference(
        row=place[0],
        reference=base[0],
        column=place[1],
        unit=unit,
        difference=_plain(result.difference),
        n_seeds=result.difference.n_seeds,
        p=result.p,
        p_holm=1.0,
    )


def _adjusted(family: list[TransitionDifference]) -> list[TransitionDifference]:
    if not family:
        return []
    adjusted = holm([one.p for one in family])
    return [one.model_copy(update={"p_holm": float(p)}) for one, p in zip(family, adjusted, strict=True)]


def _plain(score: SeededScore) -> Score:
    return Score(value=score.value, low=score.low, high=score.high, n=score.n_questions, unit=score.unit)
