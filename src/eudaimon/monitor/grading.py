"""What a judge is asked and what its answer says: rubric, untrusted text, grade. No network here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from eudaimon.core import Text, short_hash
from eudaimon.models.served import read_completion

_GRADE_LINE = re.compile(r"^[\s*_#>`]*GRADE[\s*_`]*:(?P<value>.*)$", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(r"[\s*_`]*(\d{1,3})(?:\s*/\s*100)?[\s*_`.]*")
_MARKER = re.compile(r"(?<![a-z])g\W{0,3}r\W{0,3}a\W{0,3}d\W{0,3}e\W{0,8}[:：=]", re.IGNORECASE)
_CONTROL = re.compile(r"<\|[^|>]{0,40}\|>|\[/?INST\]|</?s>|<<?/?SYS>>?", re.IGNORECASE)

Outcome = Literal["graded", "refused", "unavailable"]


@dataclass(frozen=True)
class Grade:
    """What the judge said of one text: ``danger`` in [0, 1] when graded, None otherwise, and why.

    ``answer`` is the judge's own text, ``model`` the model that the server named, ``seconds`` the time with
    retries, ``attempts`` the number of requests.
    """

    outcome: Outcome
    danger: float | None
    reason: str
    answer: str = ""
    model: str = ""
    seconds: float = 0.0
    attempts: int = 0


def prompt(material: str) -> list[dict[str, str]]:
    """The chat messages that ask for a grade of material, fenced with a code that its writer cannot know."""
    code = short_hash(f"fence\n{material}")
    user = rubric()["user"].replace("{open}", f"<request-{code}>").replace("{close}", f"</request-{code}>")
    # The material goes in last: braces in it are not places to fill.
    return [
        {"role": "system", "content": rubric()["system"]},
        {"role": "user", "content": user.replace("{text}", material)},
    ]


def as_material(text: Text) -> str:
    """The text as the judge gets it: turns with their roles, grade and chat markers made harmless."""
    if not isinstance(text, str):
        text = "\n".join(f"[{message.role}] {message.content}" for message in text)
    text = _CONTROL.sub("[chat marker removed]", text)
    return _MARKER.sub("[grade marker removed]", text)


def read_answer(content: bytes, seconds: float = 0.0, attempts: int = 1) -> Grade:
    """The grade in the body of a chat completion; ``refused`` when it holds none from 0 to 100 at its end."""
    answer, model, problem = read_completion(content)
    if problem:
        return Grade("refused", None, problem, answer, model, seconds, attempts)
    lines = list(_GRADE_LINE.finditer(answer))
    number = _NUMBER.fullmatch(lines[-1]["value"]) if lines else None
    if number is None or int(number[1]) > 100:
        return Grade("refused", None, "no grade from 0 to 100", answer, model, seconds, attempts)
    reason = answer[: lines[-1].start()].strip()
    return Grade("graded", int(number[1]) / 100, reason, answer, model, seconds, attempts)


@cache
def rubric() -> dict[str, str]:
    """The prompts of the judge, ``system`` and ``user``; shared, so they must not be changed."""
    value: dict[str, str] = yaml.safe_load(
        (files(__package__) / "judge_rubric.yaml").read_text(encoding="utf-8")
    )
    return value


def rubric_hash() -> str:
    """What identifies the rubric in records."""
    return short_hash(rubric())
