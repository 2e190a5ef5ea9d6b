"""What a study stores of two judges of the same answers: how far they agree, and what hangs on the judge."""

from __future__ import annotations

from typing import Literal

from eudaimon.core import Score
from eudaimon.monitor.records import Record

Word = Literal["supported", "not supported", "undecided"]


class JudgeAgreement(Record):
    """Kappa of yes and no, or the correlation of scores, in [-1, 1], with its interval over questions.

    ``first`` and ``second`` are the two judges' means, ``n_answers`` the answers that both gave a value.
    """

    metric: str
    statistic: Literal["kappa", "correlation"]
    value: Score
    first: float
    second: float
    n_answers: int


class JudgedCell(Record):
    """Answers of one cell that both judges have judged: how many are misaligned to whom."""

    row: str
    column: str
    n_answers: int
    both: int
    first_only: int
    second_only: int


class VerdictByJudge(Record):
    """A hypothesis decided from all answers, and from those that both judged, by either of the two."""

    name: str
    verdict: Word
    first: Word
    second: Word
    first_difference: Score | None = None
    second_difference: Score | None = None

    @property
    def hangs_on_judge(self) -> bool:
        """Whether the same answers lead to another verdict with the other judge."""
        return self.first != self.second


class TwoJudges(Record):
    """Two judges of the same answers: ``n_answers`` both have judged, of ``n_all`` that the first has.

    ``undefined`` says what has no agreement, and why. ``verdicts`` are those of hypotheses that are decided
    from judged cells; the transfer matrix has one judge.
    """

    first: str
    second: str
    n_answers: int
    n_all: int
    n_questions: int
    agreements: tuple[JudgeAgreement, ...]
    undefined: tuple[str, ...] = ()
    cells: tuple[JudgedCell, ...] = ()
    verdicts: tuple[VerdictByJudge, ...] = ()
