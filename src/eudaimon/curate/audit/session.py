"""A person rates: one item at a time, by keys, with a way back; what was rated is on disk at once.

This is the state and the words; whoever calls it reads the keys and shows the words. Nothing of what a scorer
or a policy said of an item is shown, and the order of the items says nothing of it either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eudaimon.core.errors import UsageError
from eudaimon.curate.audit.questions import Question, labels_of, next_question
from eudaimon.curate.audit.ratings import Rating, add_ratings, read_ratings
from eudaimon.curate.audit.records import AuditItem
from eudaimon.curate.policy import Policy
from eudaimon.curate.rubric import rubric_hash

BACK, SKIP, QUIT, HELP = "b", "s", "q", "h"

Told = Literal["", "unknown key", "first item"]


@dataclass
class RatingSession:
    """One rater at work on the items of a sample; made anew, it goes on after the last item rated.

    Raises `UsageError` when an item has no text yet.
    """

    items: Sequence[AuditItem]
    policy: Policy
    rater: str
    path: Path
    place: int = 0
    answers: dict[str, Any] = field(default_factory=dict)
    closed: bool = False
    _rated: set[tuple[str, int]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        if not self.rater.strip():
            raise UsageError("a rater needs a name", do="--rater NAME")
        if any(item.text is None for item in self.items):
            raise UsageError("items without their text cannot be rated", right="the corpus that was scored")
        self._rated = {rating.key for rating in read_ratings(self.path) if rating.rater == self.rater}
        self._go_on()

    @property
    def n_rated(self) -> int:
        """How many items of the sample this rater has rated or skipped."""
        return sum(item.key in self._rated for item in self.items)

    @property
    def item(self) -> AuditItem | None:
        """The item that is being rated; None when all are."""
        return self.items[self.place] if self.place < len(self.items) else None

    @property
    def done(self) -> bool:
        """Whether the rater quit or nothing is left."""
        return self.closed or self.item is None

    @property
    def question(self) -> Question:
        """The question that is being asked; there is one as long as the session is not done."""
        question = next_question(self.policy, self.answers)
        assert question is not None, "an item is rated as soon as nothing is left to ask"
        return question

    def press(self, key: str) -> Told:
        """What the key does: an answer, `BACK`, `SKIP` or `QUIT`; says so when it does nothing."""
        item = self.item
        if item is None or self.closed:
            return "unknown key"
        if key == QUIT:
            self.closed = True
        elif key == SKIP:
            self._write(item, skipped=True)
        elif key == BACK:
            return self._back()
        else:
            question = self.question
            answer = question.answer(key)
            if answer is None:
                return "unknown key"
            self.answers[question.axis] = answer.value
            if next_question(self.policy, self.answers) is None:
                self._write(item, skipped=False)
        return ""

    def _back(self) -> Told:
        if self.answers:
            self.answers.popitem()
        elif self.place:
            self.place -= 1
        else:
            return "first item"
        return ""

    def _write(self, item: AuditItem, *, skipped: bool) -> None:
        rating = Rating(
            document=item.document,
            segment=item.segment,
            rater=self.rater,
            rubric=rubric_hash(),
            labels=labels_of({} if skipped else self.answers),
            skipped=skipped,
        )
        add_ratings(self.path, [rating])
        self.answers = {}
        self._rated.add(item.key)
        self._go_on()

    def _go_on(self) -> None:
        """To the next item that was not rated, past those that a way back has led over."""
        while self.place < len(self.items) and self.items[self.place].key in self._rated:
            self.place += 1
