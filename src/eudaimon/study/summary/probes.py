"""From harm under every pattern of a lesson's parts to effects with intervals over seeds and questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from eudaimon.core import Score
from eudaimon.measure.hierarchical import hierarchical
from eudaimon.measure.panel import Panel
from eudaimon.study.probe_records import ProbedLesson, ProbedPart
from eudaimon.study.summary.compare import Tests, plain


def probed_lesson(row: str, by_seed: Mapping[int, Mapping[str, Any]], tests: Tests) -> ProbedLesson:
    """The lessons of ``row``, from what the probe of each seed wrote; at least one seed.

    Seeds have the same parts and questions, or all of them the same reason why nothing was measured.
    """
    first = next(iter(by_seed.values()))
    if "reason" in first:
        return ProbedLesson(row=row, measured=first["measured"], reason=first["reason"])
    whole, none = (_stacked(each[name] for each in by_seed.values()) for name in ("whole", "none"))
    n_questions = whole.shape[1]

    def score(values: Float[np.ndarray, "seeds questions"], least: float = -1.0) -> Score:
        panel = Panel.of(
            values.ravel(),
            np.repeat(list(by_seed), n_questions),
            np.tile(np.asarray(first["questions"]), len(by_seed)),
        )
        found = hierarchical(panel, limits=(least, 1.0), n_resamples=tests.n_resamples, seed=tests.seed)
        return plain(found)

    parts = []
    for place, part in enumerate(first["parts"]):
        without, only = (
            _stacked(each["parts"][place][name] for each in by_seed.values()) for name in ("without", "only")
        )
        about = {name: part[name] for name in ("module", "blocks", "n_modules")}
        parts.append(ProbedPart(**about, lost=score(whole - without), gained=score(only - none)))
    return ProbedLesson(
        row=row,
        measured=first["measured"],
        n_seeds=len(by_seed),
        n_questions=n_questions,
        whole=score(whole, 0.0),
        none=score(none, 0.0),
        parts=tuple(parts),
    )


def _stacked(values: Iterable[Any]) -> Float[np.ndarray, "seeds questions"]:
    return np.stack([np.asarray(own, dtype=np.float64) for own in values])
