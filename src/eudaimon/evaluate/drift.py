"""Persona drift: where a conversation stands along a direction after each answer, against benign ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.core.text import plain_text
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash
from eudaimon.measure.conformal import Threshold, conformal_threshold

if TYPE_CHECKING:
    from eudaimon.core.text import Conversation
    from eudaimon.models.model import Model
    from eudaimon.vectors.direction import Direction

PROJECTION, SLOPE, DRIFTED = "projection", "drift_per_turn", "drifted"


@dataclass(frozen=True)
class DriftBound:
    """How far benign conversations of up to ``n_turns`` answers go along a direction, at their farthest.

    A new benign conversation, exchangeable with these, reaches ``threshold.value`` at any of its answers with
    probability at most ``threshold.target_fpr``: the bound is one on whole conversations.
    """

    threshold: Threshold
    n_turns: int

    @classmethod
    def of(cls, benign: Sequence[Float[np.ndarray, "turns"]], fpr: float = 0.05) -> DriftBound:
        """The bound from the projections of benign conversations, as `turn_projections` gives them.

        Raises as `conformal_threshold`.
        """
        farthest = [float(values.max()) for values in benign]
        return cls(conformal_threshold(farthest, fpr), max(map(len, benign), default=0))

    def reached(self, values: Float[np.ndarray, "turns"]) -> int | None:
        """The first answer, from 1, that reaches the bound; None when none does.

        Raises `UsageError` for more answers than the bound was made from: more answers go farther.
        """
        if len(values) > self.n_turns:
            raise UsageError(
                f"{len(values)} answers against a bound from conversations of {self.n_turns}",
                right="benign conversations that are as long",
            )
        over = np.flatnonzero(values >= self.threshold.value)
        return int(over[0]) + 1 if len(over) else None


def turn_projections(
    model: Model, direction: Direction, conversations: Sequence[Conversation], *, force: bool = False
) -> list[Float[np.ndarray, "turns"]]:
    """For each conversation the projection of each answer of the assistant, in residual-stream units.

    It is that of the mean over the answer's own tokens, read with all that was said before; larger is more
    like the direction's second class. Raises `BindingMismatch` for a direction of another model unless
    ``force``, and `UsageError` for a conversation without answers or with one that the context cuts off.
    """
    from eudaimon.models.capture import capture_tokens
    from eudaimon.vectors.bound import check_binding

    check_binding(direction.binding, model.binding, "direction", force=force)
    spans = [_answers(conversation) for conversation in conversations]
    if not all(spans):
        raise UsageError("a conversation has no answer", right="a turn of the assistant in each")
    found = capture_tokens(model, list(conversations), [direction.site])
    projected = []
    for index, own in enumerate(spans):
        values = direction.project(found.text(index)[:, 0])
        places = found.spans[found.offsets[index] : found.offsets[index + 1]]
        inside = [(places[:, 0] < end) & (places[:, 1] > start) for start, end in own]
        if not all(each.any() for each in inside):
            raise UsageError(
                f"conversation {index + 1} has an answer that is empty or over the context",
                right=f"at most {model.max_tokens} tokens, and words in every answer",
            )
        projected.append(np.array([float(values[each].mean()) for each in inside]))
    return projected


def drift_rows(
    model: Model,
    direction: Direction,
    conversations: Mapping[str, Conversation],
    *,
    bound: DriftBound | None = None,
    label: Label | None = None,
    force: bool = False,
) -> list[Row]:
    """Rows on how named conversations move along a direction; a conversation is a question.

    ``projection`` after each answer, whose number from 1 is the sample; ``drift_per_turn``, the slope of the
    least-squares line through them, where there are two or more; with a ``bound`` ``drifted``, 0 or 1 for
    each answer: whether the bound was reached by then. Raises as `turn_projections` and `DriftBound.reached`.
    """
    label = label or Label()
    subject = subject_hash(model, label)
    found = turn_projections(model, direction, list(conversations.values()), force=force)
    rows = []
    for name, values in zip(conversations, found, strict=True):
        own = [(str(turn), PROJECTION, float(value)) for turn, value in enumerate(values, start=1)]
        if len(values) > 1:
            own.append(("0", SLOPE, float(np.polyfit(np.arange(len(values)), values, 1)[0])))
        if bound is not None:
            first = bound.reached(values)
            own += [
                (str(turn), DRIFTED, float(first is not None and turn >= first))
                for turn in range(1, len(values) + 1)
            ]
        rows += [
            label.row(name, sample, metric, value, judge="projection", subject=subject)
            for sample, metric, value in own
        ]
    return rows


def by_turn(rows: Iterable[Row], metric: str = PROJECTION, *, seed: int = 0) -> tuple[Score, ...]:
    """The mean of a metric after the first, second, ... answer, with intervals over the conversations.

    Raises `UsageError` when no row has the metric.
    """
    from eudaimon.measure.intervals import bootstrap

    values: dict[int, list[float]] = {}
    for row in rows:
        if row.metric == metric:
            values.setdefault(int(row.sample), []).append(row.value)
    if not values:
        raise UsageError(f"no row has the metric {metric}", right=f"{PROJECTION} or {DRIFTED}")
    scores = []
    for turn in sorted(values):
        own = values[turn]
        if len(own) > 1:
            scores.append(bootstrap(lambda x: float(np.mean(x)), own, seed=seed, show_progress=False))
        else:
            scores.append(Score(value=own[0], n=1))
    return tuple(scores)


def _answers(conversation: Conversation) -> list[tuple[int, int]]:
    """The spans of the assistant's turns in the plain text."""
    spans, start = [], 0
    for turn in conversation:
        end = start + len(turn.content)
        if turn.role == "assistant":
            spans.append((start, end))
        start = end + 1
    assert start == len(plain_text(conversation)) + 1
    return spans
