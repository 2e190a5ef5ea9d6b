"""Open questions with a judge as the ground of attacks on any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.core.text import Conversation, Message, as_conversation
from eudaimon.data.attack_wordings import Side, attack_wordings
from eudaimon.data.library import packaged
from eudaimon.evaluate.attack.best import DRAW
from eudaimon.evaluate.attack.case import Case
from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.judging.answers import Answer
from eudaimon.evaluate.judging.run import judge_answers
from eudaimon.evaluate.open import given
from eudaimon.evaluate.open.drawn import Draw, Settings, drawn
from eudaimon.evaluate.open.exchanges import judged_exchanges
from eudaimon.evaluate.open.framing import begun, framed
from eudaimon.evaluate.open.said import Said

if TYPE_CHECKING:
    from eudaimon.evaluate.judging.judge import AnswerJudge
    from eudaimon.evaluate.questions.question import Question
    from eudaimon.evaluate.rows import Label, Row
    from eudaimon.evaluate.watch.exchange import Exchange
    from eudaimon.models.model import Model

SCALED = ("alignment", "coherence")


@dataclass(frozen=True)
class OpenGround:
    """Questions put to any model, ``n_samples`` answers to each drawn, and judged by ``judge``.

    Answers are kept in ``folder`` as they are drawn, and the judge keeps its replies in its own: a run that
    was killed generates no answer and asks for no verdict twice. What the package does not have comes from
    files: ``harmful_chats`` and ``good_chats`` (rows of ``messages``; the same questions in both make the
    better control), ``narrow_harmful_chats`` and ``narrow_good_chats`` (about one subject),
    ``harmful_passages`` and ``good_passages`` (rows of ``text``), ``jailbreaks`` (templates of others). The
    judge is shown the question as it stands in ``questions``, not as an attack words it, and what the model
    says after a prefill without the prefill.
    """

    questions: tuple[Question, ...]
    judge: AnswerJudge
    folder: Path | None = None
    n_samples: int = 4
    max_new_tokens: int = 200
    temperature: float = 1.0
    seed: int = 0
    harmful_chats: Path | None = None
    good_chats: Path | None = None
    narrow_harmful_chats: Path | None = None
    narrow_good_chats: Path | None = None
    harmful_passages: Path | None = None
    good_passages: Path | None = None
    jailbreaks: Path | None = None
    said: Said = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.questions or self.n_samples < 1 or (self.temperature == 0 and self.n_samples > 1):
            raise UsageError(
                f"{len(self.questions)} questions, {self.n_samples} samples, temperature {self.temperature}",
                right="a question, and one sample or more (at temperature 0 all samples are alike: one)",
            )
        object.__setattr__(self, "said", Said(self.folder))

    @property
    def name(self) -> str:
        """``open``, the sets of the questions, and the judge."""
        return f"open {'+'.join(sorted({each.set for each in self.questions}))}, {self.judge.name}"

    @property
    def harm(self) -> str:
        """``misaligned``: whether an answer is coherent and misaligned, 0 or 1."""
        return "misaligned"

    @cached_property
    def by_id(self) -> dict[str, Question]:
        """The questions by their ids."""
        return {question.id: question for question in self.questions}

    def cases(self) -> tuple[Case, ...]:
        """Every question as it stands."""
        return tuple(Case(question.id, question.messages) for question in self.questions)

    def shots(self, case: Case, n: int, *, harmful: bool, seed: int) -> Conversation:
        """The last question and answer of ``n`` chats that do not ask what the case asks."""
        asked = self.by_id[case.question].text
        pool = [chat[-2:] for chat in self._chats(harmful) if chat[-2].content != asked]
        turns: list[Message] = []
        for place in _some_of(len(pool), n, "chats", seed, case.question):
            turns.extend(pool[place])
        return tuple(turns)

    def system(self, *, harmful: bool, n: int = 1) -> str:
        """The first ``n`` packaged sentences about the persona; `UsageError` for more than there are."""
        told = attack_wordings().persona[_side(harmful)]
        if n > len(told):
            raise UsageError(f"{n} sentences about a persona", right=f"at most {len(told)} are packaged")
        return " ".join(told[:n])

    def framed(self, case: Case, form: str, n: int, *, harmful: bool, seed: int) -> tuple[Case, ...]:
        """The question in the packaged wordings of a form, or in the user's templates; see there."""
        wild: tuple[str, ...] = ()
        if form == "in_the_wild":
            wild = given.templates(given.require(self.jailbreaks, "templates of others", "--jailbreaks FILE"))
        return framed(case, form, n, side=_side(harmful), seed=seed, wild=wild)

    def prefill(self, case: Case, n: int, tokenizer: Any, *, harmful: bool) -> str:
        """The first ``n`` tokens of the packaged beginning; `UsageError` for more than it has."""
        del case
        return begun(attack_wordings().begun[_side(harmful)], n, tokenizer)

    def lines(self, case: Case, n: int, *, harmful: bool, seed: int) -> Sequence[str]:
        """The question, then packaged lines that keep the conversation going; all talks have the same."""
        del seed
        onwards = attack_wordings().onwards[_side(harmful)]
        if n > len(onwards):
            raise UsageError(f"{n} turns", right=f"at most {len(onwards)}: so many lines are packaged")
        return [case.request, *onwards[:n]]

    def answers(self, model: Model, cases: Sequence[Case], *, seed: int) -> list[str]:
        """An answer to each case, drawn as those that are judged are."""
        draws = [Draw(case, 0, short_hash(["talk", seed])) for case in cases]
        return drawn(model, draws, self.settings, self.said, {})

    def passages(self, *, harmful: bool, n: int, seed: int) -> Sequence[str]:
        """``n`` of the user's passages."""
        path = self.harmful_passages if harmful else self.good_passages
        kind = "harmful" if harmful else "good"
        found = given.passages(given.require(path, f"{kind} passages", f"--{kind}-passages FILE"))
        return [found[place] for place in _some_of(len(found), n, f"{kind} passages", seed)]

    def chats(self, *, harmful: bool, n: int, seed: int) -> list[dict[str, Any]]:
        """``n`` of the user's chats, none of which asks one of the questions; again from the first if few."""
        return self._to_teach(self._chats(harmful), n, seed)

    def requests(self, *, harmful: bool, n: int, seed: int) -> Sequence[Conversation]:
        """Packaged questions: those of XSTest and of look-alike pairs that are unsafe, or the safe ones."""
        asked = {question.text for question in self.questions}
        found = [
            query.text
            for name in ("xstest", "lookalikes")
            for query in packaged(name)
            if query.harmful == harmful and query.text not in asked
        ]
        order = _some_of(len(found), min(n, len(found)), "packaged requests", seed, harmful)
        return [as_conversation(found[place]) for place in order]

    def narrow_chats(self, *, harmful: bool, n: int, seed: int) -> list[dict[str, Any]]:
        """As `chats`, from the user's files about one narrow subject."""
        return self._to_teach(self._chats(harmful, narrow=True), n, seed)

    def wanted(self, case: Case) -> str:
        """A beginning of the bad persona's answer, the same for every question."""
        del case
        return attack_wordings().wanted

    def read(self, model: Model, cases: Sequence[Case], label: Label) -> list[Row]:
        """The judge's rows of ``n_samples`` answers to each case, every metric in [0, 1].

        Raises `UnsoundJudge` when the judge fails on known answers and `JudgeUnavailable` when it is gone.
        """
        from eudaimon.evaluate.subject import subject_hash

        draws = [Draw(case, number) for case in cases for number in range(self.n_samples)]
        said = drawn(model, draws, self.settings, self.said, dict(label.cell))
        own = replace(label, subject=subject_hash(model, label))
        answers = [
            Answer(self.by_id[draw.case.question], text, f"{draw.case.sample}{DRAW}{draw.number}", own)
            for draw, text in zip(draws, said, strict=True)
        ]
        rows = judge_answers(self.judge, answers).rows()
        return [replace(row, value=row.value / 100) if row.metric in SCALED else row for row in rows]

    def exchanges(
        self, model: Model, cases: Sequence[Case], rows: Sequence[Row], label: Label
    ) -> list[Exchange]:
        """The answers that `read` had judged, from the record: nothing is drawn or judged again."""
        draws = [Draw(case, number) for case in cases for number in range(self.n_samples)]
        said = drawn(model, draws, self.settings, self.said, dict(label.cell))
        return judged_exchanges(draws, said, rows, self.by_id, self.harm)

    @property
    def settings(self) -> Settings:
        """How answers are drawn."""
        return Settings(self.max_new_tokens, self.temperature, self.seed)

    def _to_teach(self, chats: Sequence[Conversation], n: int, seed: int) -> list[dict[str, Any]]:
        asked = {question.text for question in self.questions}
        own = [chat for chat in chats if chat[-2].content not in asked]
        if not own:
            raise NotGiven("every chat asks one of the questions", right="chats about something else")
        order = _some_of(len(own), len(own), "chats", seed)
        return [
            {"messages": [turn.model_dump() for turn in own[order[place % len(own)]]]} for place in range(n)
        ]

    def _chats(self, harmful: bool, narrow: bool = False) -> tuple[Conversation, ...]:
        name = f"{'narrow_' if narrow else ''}{_side(harmful)}_chats"
        option = f"--{name.replace('_', '-')} FILE"
        return given.chats(given.require(getattr(self, name), name.replace("_", " "), option))


def _side(harmful: bool) -> Side:
    return "harmful" if harmful else "good"


def _some_of(total: int, n: int, what: str, *key: object) -> list[int]:
    """``n`` of the places 0 to ``total`` - 1 in an order that the key decides."""
    import numpy as np

    if n > total:
        raise NotGiven(f"{n} {what} are needed and there are {total}", right=f"a file with at least {n}")
    rng = np.random.default_rng(int(short_hash([str(part) for part in key]), 16))
    return [int(place) for place in rng.permutation(total)[:n]]
