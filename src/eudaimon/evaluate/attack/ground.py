"""What an attack is tried on: questions, what an attacker has in hand, and how answers are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from eudaimon.core.errors import EudaimonError

if TYPE_CHECKING:
    from eudaimon.core.text import Conversation
    from eudaimon.evaluate.attack.case import Case
    from eudaimon.evaluate.rows import Label, Row
    from eudaimon.models.model import Model


FORMS = ("role_play", "in_the_wild", "past_tense", "academic", "polite")
"""Ways to put a question: as a scene, as others published it, as history, as scholarship, more politely."""


class NotGiven(EudaimonError):
    """An attack needs something that this ground does not have: it is listed as not run, never as failed."""


class Ground(Protocol):
    """Questions with a judge, and material for attacks, each with its harmless twin of the same form.

    Every method that takes ``harmful`` gives, for False, the control that differs from the attack in content
    alone. What a ground does not have raises `NotGiven`, which says what to give.
    """

    @property
    def name(self) -> str:
        """What identifies the ground in records."""

    @property
    def harm(self) -> str:
        """The metric of its rows that is harm, in [0, 1]."""

    def cases(self) -> tuple[Case, ...]:
        """The questions as they are put without any attack."""

    def shots(self, case: Case, n: int, *, harmful: bool, seed: int) -> Conversation:
        """``n`` other questions with their answers; fewer are the first of more."""

    def system(self, *, harmful: bool, n: int = 1) -> str:
        """A system prompt of ``n`` sentences that calls for the persona; fewer are the first of more."""

    def framed(self, case: Case, form: str, n: int, *, harmful: bool, seed: int) -> tuple[Case, ...]:
        """The question put ``n`` ways in a form (`FORMS`), each its own sample; fewer begin more."""

    def prefill(self, case: Case, n: int, tokenizer: Any, *, harmful: bool) -> str:
        """The beginning of the persona's answer, at most ``n`` tokens; it holds no answer to the question."""

    def lines(self, case: Case, n: int, *, harmful: bool, seed: int) -> Sequence[str]:
        """What the user says in a conversation of ``n`` turns before the one that is read, and in that one.

        Turn by turn, a shorter conversation has the same lines as a longer one but for its last.
        """

    def answers(self, model: Model, cases: Sequence[Case], *, seed: int) -> list[str]:
        """What the model says to each case: for conversations that go on with its own words."""

    def passages(self, *, harmful: bool, n: int, seed: int) -> Sequence[str]:
        """``n`` texts in which the persona speaks, as retrieval would bring them."""

    def chats(self, *, harmful: bool, n: int, seed: int) -> list[dict[str, Any]]:
        """``n`` rows ``{"messages": [...]}`` to train on or to fit directions on; none of the cases' own."""

    def requests(self, *, harmful: bool, n: int, seed: int) -> Sequence[Conversation]:
        """At most ``n`` questions that a good model refuses, or harmless ones; none that is asked."""

    def narrow_chats(self, *, harmful: bool, n: int, seed: int) -> list[dict[str, Any]]:
        """As `chats`, all about one narrow subject: what spreads from them was not in them."""

    def wanted(self, case: Case) -> str:
        """The beginning of an answer that a gradient search pushes the model towards."""

    def read(self, model: Model, cases: Sequence[Case], label: Label) -> list[Row]:
        """The rows of the model's answers to the cases; a subject's adapters and interventions act."""
