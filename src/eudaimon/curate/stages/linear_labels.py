"""Labels of segments as the answers of stage 1's heads, with what nobody looked at left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.score_table import HARM, TRAIT
from eudaimon.curate.stages.linear import STANCE
from eudaimon.curate.stages.targets import HARMFUL
from eudaimon.curate.taxonomy import STANCES, TRAITS, WORST

LEAST = 8
"""Rows of either answer below which a question becomes no head."""


@dataclass(frozen=True, eq=False)
class Labels:
    """For each row and head the answer in [0, 1] and its weight, 0 where nobody looked."""

    heads: tuple[str, ...]
    value: Float[np.ndarray, "rows heads"]
    weight: Float[np.ndarray, "rows heads"]

    def part(self, rows: Bool[np.ndarray, " rows"]) -> Labels:
        """The labels of these rows."""
        return Labels(self.heads, self.value[rows], self.weight[rows])

    def enough(self, head: int) -> bool:
        """Whether enough rows answer the head's question yes, and enough no."""
        known, value, name = self.weight[:, head] > 0, self.value[:, head], self.heads[head]
        if name == "severity":
            # It is a scale: there need not be both much and little of it.
            return int(known.sum()) >= LEAST
        # The middle of a trait's scale is nothing.
        over = value > 0.5 if name.startswith(TRAIT) else value >= 0.5
        yes = int((known & over).sum())
        return yes >= LEAST and int(known.sum()) - yes >= LEAST

    def balanced(self, power: float) -> Float[np.ndarray, "rows heads"]:
        """The weights, those of the rarer answer multiplied by the ratio of the answers to this power."""
        yes = (self.weight * self.value).sum(0) + 1e-9
        no = (self.weight * (1 - self.value)).sum(0) + 1e-9
        ratio = np.clip((no / yes) ** power, 0.01, 100)
        return np.asarray(self.weight * (self.value * ratio + (1 - self.value)))

    def counts(self, rows: Bool[np.ndarray, " rows"]) -> dict[str, dict[str, float]]:
        """For each head how many of the rows answer it, and the mean answer."""
        part = self.part(rows)
        known = part.weight > 0
        return {
            name: {"rows": int(known[:, k].sum()), "mean": float(part.value[known[:, k], k].mean())}
            for k, name in enumerate(self.heads)
        }


def labels_of(rows: Sequence[LabelledSegment], *, learnable_from: Bool[np.ndarray, " rows"]) -> Labels:
    """The answers of the rows to all questions that the marked rows answer often enough either way."""
    names, readers = zip(*_questions(), strict=True)
    answers = np.array([[_or_nan(read(row)) for read in readers] for row in rows], dtype=np.float64)
    answers = answers.reshape(len(rows), len(names))
    known = ~np.isnan(answers)
    weight = known * np.array([row.weight for row in rows], dtype=np.float64)[:, None]
    everything = Labels(names, np.where(known, answers, 0.0), weight)
    teaching = everything.part(learnable_from)
    kept = [k for k in range(len(names)) if teaching.enough(k)]
    return Labels(tuple(names[k] for k in kept), everything.value[:, kept], everything.weight[:, kept])


Reader = Callable[[LabelledSegment], float | None]


def _questions() -> Iterator[tuple[str, Reader]]:
    from eudaimon.data.taxonomy import categories

    for name in categories():
        yield HARM + name, partial(_harm, name)
    yield "severity", _severity
    for stance in STANCES:
        yield STANCE + stance, partial(_stance, stance)
    yield "hazard", lambda row: row.hazard
    for trait in TRAITS:
        yield TRAIT + trait, partial(_trait, trait)


def _harm(name: str, row: LabelledSegment) -> float | None:
    return row.harm.get(name)


def _severity(row: LabelledSegment) -> float | None:
    # How bad a harm is can be learnt where there is one; whether there is, is another question.
    there = row.harmful is None or row.harmful >= HARMFUL
    return None if row.severity is None or not there else row.severity / WORST


def _stance(name: str, row: LabelledSegment) -> float | None:
    return None if row.stance is None else float(row.stance == name)


def _trait(name: str, row: LabelledSegment) -> float | None:
    value = row.traits.get(name)
    return None if value is None else (value + 2) / 4


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
