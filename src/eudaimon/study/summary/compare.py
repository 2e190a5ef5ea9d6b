"""Cells with intervals, paired contrasts against references, equivalence of what must not suffer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eudaimon.core import Score
from eudaimon.measure.hierarchical import SeededScore, contrast, hierarchical
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.paired import equivalent_paired
from eudaimon.measure.panel import Panel
from eudaimon.measure.power import Components
from eudaimon.study.records import Cell, Contrast, EquivalenceRow
from eudaimon.study.summary.places import Place, paired

ALPHA = 0.05
N_RESAMPLES = 2000
MASSES = frozenset(
    {
        "harm", "good", "coherence", "refusal", "following", "recognition", "misaligned", "alignment",
        "scored", "code", "unparseable", "found", "exact",
    }
)  # fmt: skip
"""Metrics that are probability masses, shares or scores, in [0, 1]."""


@dataclass(frozen=True)
class Bound:
    """The largest difference of a metric that would not matter, in one column and scope."""

    metric: str
    column: str
    scope: str
    bound: float


@dataclass(frozen=True)
class Tests:
    """What all tests of a study share: number and seed of the resamples."""

    n_resamples: int = N_RESAMPLES
    seed: int = 0


def scored(panel: Panel, metric: str, tests: Tests) -> SeededScore:
    """A panel's mean with its interval over seeds and questions, cut to [0, 1] for a probability mass."""
    limits = (0.0, 1.0) if metric in MASSES else None
    return hierarchical(panel, limits=limits, n_resamples=tests.n_resamples, seed=tests.seed)


def cells(found: Mapping[Place, Panel], tests: Tests) -> tuple[Cell, ...]:
    """Every place at the end of training with its interval."""
    made = []
    for place, panel in found.items():
        if not place.is_final:
            continue
        result = scored(panel, place.metric, tests)
        made.append(
            Cell(
                row=place.row,
                column=place.column,
                scope=place.scope,
                metric=place.metric,
                score=plain(result),
                n_seeds=result.n_seeds,
                by_seed={str(seed): float(m) for seed, m in zip(panel.seeds, panel.seed_means, strict=True)},
            )
        )
    return tuple(made)


def contrasts(
    found: Mapping[Place, Panel],
    *,
    metric: str,
    scope: str,
    columns: Sequence[str],
    references: Sequence[str],
    tests: Tests,
    apart: Collection[str] = (),
) -> tuple[Contrast, ...]:
    """Each row minus each reference in each column, paired; Holm-adjusted over all tests of one reference.

    Rows of ``apart`` are compared with references of ``apart`` alone, and others with others.
    """
    made: list[Contrast] = []
    for reference in references:
        family: list[Contrast] = []
        for column in columns:
            base = Place(reference, column, scope, metric)
            for place in _rows(found, base, apart):
                a, b = paired(found[place], found[base])
                result = contrast(a, b, n_resamples=tests.n_resamples, seed=tests.seed)
                family.append(
                    Contrast(
                        row=place.row,
                        reference=reference,
                        column=column,
                        scope=scope,
                        metric=metric,
                        difference=plain(result.difference),
                        n_seeds=result.difference.n_seeds,
                        p=result.p,
                        p_holm=1.0,
                        family=f"{metric} against {reference}",
                        **_spreads(a, b),
                    )
                )
        made += _adjusted(family)
    return tuple(made)


def equivalences(
    found: Mapping[Place, Panel],
    bounds: Iterable[Bound],
    *,
    references: Sequence[str],
    tests: Tests,
    apart: Collection[str] = (),
) -> tuple[EquivalenceRow, ...]:
    """For each row and reference whether the metric differs by less than its bound: two one-sided tests.

    Paired by seed and question, on resamples of both. Not equivalent means not shown: the two may be the same
    and n too small. ``apart`` as for `contrasts`. Schuirmann (1987), J. Pharmacokinet. Biopharm. 15:657.
    """
    made = []
    for entry in bounds:
        for reference in references:
            base = Place(reference, entry.column, entry.scope, entry.metric)
            for place in _rows(found, base, apart):
                a, b = paired(found[place], found[base])
                result = equivalent_paired(
                    a, b, entry.bound, alpha=ALPHA, n_resamples=tests.n_resamples, seed=tests.seed
                )
                made.append(
                    EquivalenceRow(
                        row=place.row,
                        reference=reference,
                        column=entry.column,
                        scope=entry.scope,
                        metric=entry.metric,
                        difference=_of_questions(result.difference, len(a.questions)),
                        n_seeds=len(a.seeds),
                        bound=entry.bound,
                        p=result.p,
                        alpha=ALPHA,
                        equivalent=result.equivalent,
                    )
                )
    return tuple(made)


def plain(score: SeededScore) -> Score:
    """The score with ``n`` as its number of questions."""
    return _of_questions(score, score.n_questions)


def _of_questions(score: Score, n_questions: int) -> Score:
    return Score(value=score.value, low=score.low, high=score.high, n=n_questions, unit=score.unit)


def _spreads(a: Panel, b: Panel) -> dict[str, float | None]:
    """The contrast's standard deviations by source; none where there is nothing to tell them from."""
    varies = min(len(a.seeds), len(a.questions)) > 1 and float(np.ptp(a.minus(b).values)) > 0
    if not (varies and a.is_crossed):
        return {}
    found = Components.of(a, b)
    return {
        "seed_sd": found.seed,
        "question_sd": found.question,
        "cell_sd": found.cell,
        "seed_sd_high": found.seed_high,
    }


def _rows(found: Mapping[Place, Panel], base: Place, apart: Collection[str]) -> list[Place]:
    """The places of all other rows that have what the reference has; none when it is not there."""
    if base not in found:
        return []
    return [
        place
        for place in found
        if place != base and replace(place, row=base.row) == base
        if (place.row in apart) == (base.row in apart)
    ]


def _adjusted(family: list[Contrast]) -> list[Contrast]:
    if not family:
        return []
    adjusted = holm([entry.p for entry in family])
    return [entry.model_copy(update={"p_holm": float(p)}) for entry, p in zip(family, adjusted, strict=True)]
