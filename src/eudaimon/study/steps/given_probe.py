"""Which modules of a lesson carry it on a model of the user's own, by answers judged before."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from eudaimon.core.files import write_json
from eudaimon.study.step import Cost
from eudaimon.study.steps.given_pairs import PREFERRED, PROMPT_TOKENS, paired_lessons, pairs_of, too_few
from eudaimon.study.steps.grid_answers import GridAnswers
from eudaimon.study.steps.judged_answers import JudgedAnswers
from eudaimon.study.steps.model import placed
from eudaimon.study.steps.module_probe import EFFECTS, ModuleProbe
from eudaimon.train.needs.needs import reading_needs

MEASURED = f"{PREFERRED}."
LEAST = 4
"""Questions with both kinds of answers without which an interval over questions says nothing."""


class GivenProbe(ModuleProbe):
    """A lesson by how much likelier it makes misaligned answers than aligned ones.

    The pairs are those of `GivenTransfers`, the same for every persona: answers that ``judged`` has verdicts
    of, cut to ``most_tokens``. Of fewer than `LEAST` questions with both kinds the reason is written.
    """

    answers: GridAnswers
    judged: JudgedAnswers
    most_pairs: int = 48
    most_tokens: int = 96
    seed: int = 0
    device: str | None = None

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Choose pairs, and ask for the likelihoods of their answers under every pattern."""
        from eudaimon.vectors.measure import PreferenceMeasure

        pairs = pairs_of(self.answers, inputs, most=self.most_pairs, seed=self.seed)
        if len(pairs) < LEAST:
            groups = {question.group for question in self.answers.questions.read()}
            write_json(out / EFFECTS, {"measured": MEASURED, "reason": too_few(len(pairs), len(groups))})
            return
        model = self.opened(inputs, placed(self.device, self.model, self.cost()))
        measure = PreferenceMeasure(paired_lessons(model, pairs, self.most_tokens))
        self.write(out, model, measure, [pair.question.group for pair in pairs], MEASURED)

    def cost(self) -> Cost:
        """Two answers to every question, read under every pattern."""
        groups = {question.group for question in self.answers.questions.read()}
        read = 2 * min(self.most_pairs, len(groups)) * (PROMPT_TOKENS + self.most_tokens)
        n_tokens = self.n_patterns * read
        return self.model.cost_of(partial(reading_needs, n_tokens=n_tokens), n_tokens)
