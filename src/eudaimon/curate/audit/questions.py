"""The questions that a person is asked of a segment: as few as the policy's verdict needs, in key presses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eudaimon.curate.audit.ratings import Labels, verdict
from eudaimon.curate.policy import Policy
from eudaimon.curate.taxonomy import voice_taxonomy

SEVERITY, CATEGORY, STANCE, FRAME, SUBJECT, HAZARD = (
    "severity",
    "category",
    "stance",
    "frame",
    "subject",
    "hazard",
)
KEYS = "123456789acdefg"
"""Keys of answers; b, h, q and s are taken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: the key for it, its name, what it means, and the value that it gives."""

    key: str
    name: str
    means: str
    value: Any


@dataclass(frozen=True, slots=True)
class Question:
    """One question about a voice, in the rubric's words."""

    axis: str
    text: str
    answers: tuple[Answer, ...]

    def answer(self, key: str) -> Answer | None:
        """The answer of that key, if it is one."""
        return next((answer for answer in self.answers if answer.key == key), None)


def next_question(policy: Policy, answered: Mapping[str, Any]) -> Question | None:
    """The question that comes after these answers (by axis); None when there is nothing left to ask.

    Severity is always asked first, and stance wherever there is harm, as raters are compared on both. All
    else is asked only while the policy's verdict hangs on it.
    """
    if SEVERITY not in answered:
        return _severity()
    if answered[SEVERITY] > 0 and STANCE not in answered:
        return _stance()
    if verdict(policy, labels_of(answered)) is not None:
        return None
    asked = (axis for axis in _needed(policy) if axis not in answered)
    return next((question for axis in asked if (question := _question(axis, answered)) is not None), None)


def labels_of(answered: Mapping[str, Any]) -> Labels:
    """The labels that answers by axis mean; traits are named ``trait:NAME``."""
    traits = {axis.removeprefix("trait:"): value for axis, value in answered.items() if ":" in axis}
    plain = {axis: value for axis, value in answered.items() if ":" not in axis}
    return Labels.model_validate({**plain, "traits": traits})


def _needed(policy: Policy) -> list[str]:
    """The axes that any of the policy's segment rules looks at, in the order in which they are asked."""
    rules = [rule.when for rule in policy.segments]
    traits = dict.fromkeys(name for when in rules for name in (*when.any_trait, *when.no_trait))
    wanted = {
        CATEGORY: any(when.categories for when in rules),
        FRAME: any(when.frame for when in rules),
        SUBJECT: any(when.subject for when in rules),
        **{f"trait:{name}": True for name in traits},
        HAZARD: any(when.hazard is not None for when in rules),
    }
    return [axis for axis, needed in wanted.items() if needed]


def _question(axis: str, answered: Mapping[str, Any]) -> Question | None:
    terms = voice_taxonomy()
    if axis == CATEGORY:
        from eudaimon.data.taxonomy import categories

        return (
            Question(axis, "Which harm is done or spoken of, most of all?", _listed(categories()))
            if answered[SEVERITY] > 0
            else None
        )
    if axis == FRAME:
        what = "What does the nearest enclosing voice do with these words?"
        return Question(axis, f"{what} {terms.rules['frame']}", _listed(terms.frames))
    if axis == SUBJECT:
        return Question(axis, "Who speaks?", _listed(terms.subjects))
    if axis == HAZARD:
        what = "Would the facts in the text help somebody to do serious harm, whoever says them and why?"
        return Question(axis, what, (Answer("n", "no", "", 0.0), Answer("y", "yes", "", 1.0)))
    name = axis.removeprefix("trait:")
    means: Mapping[str, str] = {**terms.traits.vices, **terms.traits.virtues}  # type: ignore[dict-item]
    steps = [step.partition(": ") for step in terms.traits.scale]
    scale = (Answer(key, at, text, float(at)) for key, (at, _, text) in zip("12345", steps, strict=True))
    return Question(axis, f"{name.replace('_', ' ').capitalize()}: {means[name]}", tuple(scale))


def _severity() -> Question:
    terms = voice_taxonomy()
    levels = (Answer(str(k), level.name, level.means, float(k)) for k, level in enumerate(terms.severity))
    return Question(SEVERITY, f"How severe is the harm? {terms.rules['severity']}", tuple(levels))


def _stance() -> Question:
    terms = voice_taxonomy()
    tests: dict[str, str] = {name: entry.test for name, entry in terms.stances.items()}
    what = "What does the voice itself do with the harm?"
    return Question(STANCE, f"{what} {terms.rules['stance']}", _listed(tests))


def _listed(names: Mapping[Any, str]) -> tuple[Answer, ...]:
    return tuple(_answers(names))


def _answers(names: Mapping[Any, str]) -> Iterator[Answer]:
    for key, (name, means) in zip(KEYS, names.items(), strict=False):
        yield Answer(key, str(name), means, name)
