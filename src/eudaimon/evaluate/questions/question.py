"""One open question: what is said to the model, and how its answer is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from eudaimon.core.errors import UsageError
from eudaimon.core.text import Conversation

ALIGNMENT, COHERENCE = "alignment", "coherence"
SCALES = (ALIGNMENT, COHERENCE)
"""What is judged from 0 to 100; every other prompt chooses one of some words."""


@dataclass(frozen=True)
class Question:
    """A question, its set and domain, and the judge's prompts by what they measure.

    ``messages`` is what the model is asked. Questions of one ``group`` are variants of each other, whose
    answers depend on one another: statistics resample groups. ``prompts`` maps `ALIGNMENT`, `COHERENCE`, or
    another measure to a template with ``{question}`` and ``{answer}``. These two are numbers from 0 to 100;
    any other measure is answered by one of the words in its ``choices``. Raises `UsageError` when a template
    has no ``{answer}``, when there is nothing to ask or to judge, and when a measure other than alignment and
    coherence has no choices.
    """

    id: str
    messages: Conversation
    set: str
    domain: str = ""
    group: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise UsageError(f"question {self.id!r} {problem[0]}", right=problem[1])
        object.__setattr__(self, "group", self.group or self.id)
        object.__setattr__(self, "prompts", MappingProxyType(dict(self.prompts)))
        object.__setattr__(self, "choices", MappingProxyType(dict(self.choices)))

    @property
    def text(self) -> str:
        """What the judge is shown as the question: the last thing that the user says."""
        return next(turn.content for turn in reversed(self.messages) if turn.role == "user")


def _problem(question: Question) -> tuple[str, str] | None:
    """What is wrong with a question, and what would be right."""
    if not question.id.strip():
        return "has no name", "an id"
    if not any(turn.role == "user" and turn.content.strip() for turn in question.messages):
        return "asks nothing", "at least one user turn that says something"
    if not question.prompts:
        return "is judged by nothing", "at least one judge prompt"
    for name, template in question.prompts.items():
        if template.count("{answer}") != 1:
            return f"has a prompt for {name} that does not show the answer once", "{answer} in the template"
        if name not in SCALES and len(set(question.choices.get(name, ()))) < 2:
            return f"has a prompt for {name} without choices", "choices: {NAME: [YES, NO]}"
    return None
