"""One question as it is put to a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eudaimon.core.text import Conversation, Message, Text


@dataclass(frozen=True)
class Case:
    """A question's id, the text that is put to the model, and the beginning of the answer, if any.

    A conversation goes through the model's chat template, a plain string stands as it is. ``sample`` tells
    apart cases of one question, whose answers depend on one another (templates, speakers, draws).
    """

    question: str
    text: Text
    prefill: str = ""
    sample: str = "0"

    @property
    def conversation(self) -> Conversation:
        """The turns of the text; a plain string has none that an attack could change."""
        return () if isinstance(self.text, str) else self.text

    def after(self, turns: Sequence[Message]) -> Case:
        """The same question with these turns right after the system prompt, if there is one."""
        system = tuple(turn for turn in self.conversation[:1] if turn.role == "system")
        return replace(self, text=(*system, *turns, *self.conversation[len(system) :]))

    def under(self, system: str) -> Case:
        """The same question under this system prompt, which replaces one that is there."""
        rest = tuple(turn for turn in self.conversation if turn.role != "system")
        return replace(self, text=(Message(role="system", content=system), *rest))

    def asked(self, question: str) -> Case:
        """The case with its last turn of the user replaced."""
        turns = list(self.conversation)
        last = max(place for place, turn in enumerate(turns) if turn.role == "user")
        turns[last] = Message(role="user", content=question)
        return replace(self, text=tuple(turns))

    @property
    def request(self) -> str:
        """What the user says last."""
        return next(turn.content for turn in reversed(self.conversation) if turn.role == "user")
