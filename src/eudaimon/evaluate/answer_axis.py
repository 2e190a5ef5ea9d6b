"""How far a model's own answers have moved from one subject's towards another's, inside of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.core import Conversation, Site, Text, as_conversation, plain_text
from eudaimon.core.errors import UsageError

if TYPE_CHECKING:
    from eudaimon.models.model import Model


@dataclass(frozen=True, eq=False)
class AnswerAxis:
    """The direction from one subject's answers to another's at one site, with the first one's place on it.

    ``unit`` is a unit vector; ``centre`` and ``sd`` are mean and standard deviation of the first subject's
    projections on it, over questions that the direction was not made from.
    """

    site: Site
    unit: Float[np.ndarray, "d"]
    centre: float
    sd: float

    @classmethod
    def between(
        cls,
        site: Site,
        before: Float[np.ndarray, "n d"],
        after: Float[np.ndarray, "n d"],
        made_from: Bool[np.ndarray, "n"],
    ) -> AnswerAxis:
        """The axis of the mean difference over the questions of ``made_from``, measured on all others.

        Rows are answers to the same questions; one without a finite value in either counts for nothing.
        Raises `UsageError` when fewer than two questions are left on either side, and where the subjects do
        not differ.
        """
        whole = np.isfinite(before).all(1) & np.isfinite(after).all(1)
        made, rest = whole & made_from, whole & ~made_from
        if min(made.sum(), rest.sum()) < 2:
            raise UsageError(
                f"{made.sum()} questions to make a direction from, and {rest.sum()} to measure it on",
                right="two or more of each with an answer",
            )
        difference = (after[made] - before[made]).astype(np.float64).mean(0)
        length = float(np.linalg.norm(difference))
        projected = before[rest].astype(np.float64) @ difference
        if length == 0 or projected.std() == 0:
            raise UsageError("the two subjects answer alike: there is no direction between them")
        unit = difference / length
        projected = projected / length
        return cls(site, unit, float(projected.mean()), float(projected.std()))

    def project(self, read: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n"]:
        """Where answers lie on the axis, in SD of the first subject's answers; that subject's mean is 0."""
        values: Float[np.ndarray, "n"] = (read.astype(np.float64) @ self.unit - self.centre) / self.sd
        return values


def own_answers(
    model: Model, questions: Sequence[Text], *, max_new_tokens: int = 64, seed: int = 0
) -> list[Conversation]:
    """What the model answers to each question, one sample at temperature 1, as conversations."""
    from eudaimon.models.generate import generate

    said = generate(
        model,
        questions,
        max_new_tokens=max_new_tokens,
        temperature=1.0,
        seed=seed,
        show_progress=False,
    )
    return [
        (*as_conversation(question), *as_conversation([{"role": "assistant", "content": answer}]))
        for question, answer in zip(questions, said, strict=True)
    ]


def answer_activations(
    model: Model, dialogues: Sequence[Conversation], site: Site
) -> Float[np.ndarray, "n d"]:
    """The mean activation at the site over the tokens of each dialogue's last turn; NaN for an empty one."""
    from eudaimon.models.capture import capture_tokens

    spans = []
    for dialogue in dialogues:
        end = len(plain_text(dialogue))
        spans.append((end - len(dialogue[-1].content), end))
    read = capture_tokens(model, dialogues, [site], show_progress=False).mean_within(spans)
    return read.at(site, "mean")
