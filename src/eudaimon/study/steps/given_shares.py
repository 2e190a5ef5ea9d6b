"""Which pairs of answers make directions and which measure them: never the same question for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eudaimon.evaluate.questions.question import Question
from eudaimon.study.steps.given_pairs import JudgedPair, too_few

LEAST = 8
"""Pairs of which half make directions and half measure them."""
LEAST_TRIED = 4
"""Pairs that measure, and questions without one that make directions where there are fewer than `LEAST`."""


@dataclass(frozen=True)
class Shares:
    """Pairs that directions are ``made_from``, pairs on which they are ``tried``, and other prompts.

    Without pairs to be made from, directions are what the lesson changes on the prompts, on minus off.
    """

    made_from: tuple[JudgedPair, ...]
    tried: tuple[JudgedPair, ...]
    prompts: tuple[Question, ...]

    @property
    def says(self) -> str:
        """What directions are made from, for a report."""
        lesson = f"what the lesson changes on {len(self.prompts)} prompts, on minus off"
        if not self.made_from:
            return (
                f"Too few questions have both kinds of answers to make directions from them: directions are "
                f"{lesson}, and {len(self.tried)} other questions choose and measure."
            )
        return (
            f"Directions are the mean difference of {len(self.made_from)} pairs of such answers at the "
            f"answers’ tokens, or {lesson}; {len(self.tried)} other questions choose and measure."
        )


def shares(pairs: Sequence[JudgedPair], questions: Sequence[Question]) -> Shares | str:
    """Which pairs make directions and which measure them, or why there are too few of them.

    From `LEAST` pairs on every second one makes directions. Of fewer, `LEAST_TRIED` at least, all measure,
    and the questions without a pair make directions, if these are as many.
    """
    made_from, tried = (pairs[::2], pairs[1::2]) if len(pairs) >= LEAST else ((), tuple(pairs))
    used = {pair.question.group for pair in tried}
    prompts = {question.group: question for question in questions if question.group not in used}
    if len(tried) < LEAST_TRIED or len(prompts) < LEAST_TRIED:
        return too_few(len(pairs), len({question.group for question in questions}))
    return Shares(tuple(made_from), tuple(tried), tuple(prompts.values()))
