"""What a model is asked about a text, and what its answer says: constitution, fenced text, verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from eudaimon.core import Conversation, Text, short_hash
from eudaimon.core.text import Message
from eudaimon.data.yaml_text import read_yaml
from eudaimon.evaluate.judging.request import as_material as without_markers
from eudaimon.monitor.grading import as_material as as_turns
from eudaimon.serve.layers.opinion import NoOpinion, Opinion
from eudaimon.serve.second import Side

LONGEST_TEXT = 100_000
"""Characters; a longer text is refused rather than cut, since danger may stand in what would be cut off."""
_LINE = re.compile(r"^[\s*_#>`]*VERDICT[\s*_`]*:(?P<value>.*)$", re.IGNORECASE | re.MULTILINE)
_VALUE = re.compile(r"[\s*_`]*(ALLOW|UNSURE|BLOCK)(?:\s+(?:principle\s+)?(\d{1,3}))?[\s*_`.]*", re.IGNORECASE)
_MARKER = re.compile(
    r"(?<![a-z])v\W{0,3}e\W{0,3}r\W{0,3}d\W{0,3}i\W{0,3}c\W{0,3}t\W{0,8}[:：=]", re.IGNORECASE
)
_FENCE = re.compile(r"<\s*/?\s*text\s*-", re.IGNORECASE)
_PLACE = re.compile(r"\{(what|principles|open|close|code|text)\}")


@dataclass(frozen=True)
class Constitution:
    """What a text is held against: principles, numbered from 1, each with its category."""

    principles: tuple[str, ...]
    categories: tuple[str, ...]
    whats: dict[Side, str]
    system: str
    user: str

    def category(self, number: int | None) -> str | None:
        """The category of a principle; None for a number that it lacks."""
        return self.categories[number - 1] if number and number <= len(self.categories) else None

    @property
    def hash(self) -> str:
        """What identifies it in records."""
        return short_hash([self.principles, self.categories, self.whats, self.system, self.user])


def critique_request(text: Text, side: Side, constitution: Constitution) -> Conversation:
    """The turns that ask about a text, which stands between marks that its writer cannot know.

    Raises `NoOpinion` for a text that is too long to be asked about.
    """
    shown = as_material(text)
    if len(shown) > LONGEST_TEXT:
        raise NoOpinion(f"{len(shown)} characters are over the critique's limit of {LONGEST_TEXT}")
    code = short_hash(f"text\n{shown}")
    parts = {
        "what": constitution.whats[side],
        "principles": "\n".join(f"{n}. {each}" for n, each in enumerate(constitution.principles, start=1)),
        "open": f"<text-{code}>",
        "close": f"</text-{code}>",
        "code": code,
        "text": shown,
    }
    # One pass: braces in the text are not places to fill.
    system, user = (
        _PLACE.sub(lambda place: parts[place[1]], part) for part in (constitution.system, constitution.user)
    )
    return (Message(role="system", content=system), Message(role="user", content=user))


def as_material(text: Text) -> str:
    """The text as the critic gets it: turns with roles; marks and verdicts made harmless."""
    shown = without_markers(as_turns(text))
    return _MARKER.sub("[verdict removed]", _FENCE.sub("[mark removed]", shown))


def read_critique(answer: str, constitution: Constitution) -> Opinion:
    """The opinion in an answer, by its last verdict line; raises `NoOpinion` where that is none."""
    lines = list(_LINE.finditer(answer))
    found = _VALUE.fullmatch(lines[-1]["value"]) if lines else None
    if found is None:
        raise NoOpinion("the critique gave no verdict")
    word, number = found[1].upper(), int(found[2]) if found[2] else None
    reason = answer[: lines[-1].start()].strip()
    if word == "UNSURE":
        return Opinion(None, 0.5, reason=reason)
    if word == "ALLOW":
        return Opinion(False, 0.0, reason=reason)
    broken = f"principle {number}" if constitution.category(number) else "a principle"
    return Opinion(
        True, 1.0, category=constitution.category(number), reason=f"against {broken}: {reason}".rstrip(": ")
    )


@cache
def packaged_constitution() -> Constitution:
    """The short constitution that comes with the package."""
    return read_constitution((files(__package__) / "constitution.yaml").read_text(encoding="utf-8"))


def read_constitution(text: str) -> Constitution:
    """The constitution in a YAML text of the packaged one's form."""
    value = read_yaml(text)
    return Constitution(
        principles=tuple(each["text"] for each in value["principles"]),
        categories=tuple(each["category"] for each in value["principles"]),
        whats=value["whats"],
        system=value["system"],
        user=value["user"],
    )
