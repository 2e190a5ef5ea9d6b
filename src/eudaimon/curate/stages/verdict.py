"""What a judge of voices is asked about an excerpt, and what its answer says. No network here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from eudaimon.core.identity import short_hash
from eudaimon.curate.rubric import ANSWER, rubric
from eudaimon.curate.scores import SegmentScores
from eudaimon.curate.stages.excerpt import Excerpt
from eudaimon.curate.taxonomy import TRAITS
from eudaimon.data.yaml_text import read_yaml

Outcome = Literal["labelled", "refused", "unavailable", "unasked"]
"""``refused``: it answered, and not with a label. ``unasked``: the budget was spent."""

LONGEST_TEXT = 20_000
"""Code points of an excerpt: a longer one is refused rather than cut."""
LONGEST_LABEL = 4_000
_CONTROL = re.compile(r"<\|[^|>]{0,40}\|>|\[/?INST\]|</?s>|<<?/?SYS>>?", re.IGNORECASE)
_MARKER = re.compile(r"[\"'“”‘’`]?\b(" + "|".join(ANSWER) + r")\b[\"'“”‘’`]\s*[:：=]", re.IGNORECASE)
_FENCE = re.compile(r"<(/?)(document|voice|quoting)-", re.IGNORECASE)


@dataclass(frozen=True)
class Verdict:
    """What the judge made of one excerpt, and why; ``labels`` as `labels_of` gives them, when it labelled.

    ``model`` is what the server named, ``seconds`` the time with retries, ``attempts`` the requests;
    ``remembered`` says that nobody was asked because the answer was on record.
    """

    outcome: Outcome
    labels: Mapping[str, Any] | None = None
    reason: str = ""
    model: str = ""
    seconds: float = 0.0
    attempts: int = 0
    remembered: bool = False


def messages(item: Excerpt) -> list[dict[str, str]]:
    """The chat messages that ask for the labels of an excerpt, fenced with a code its writer cannot know."""
    code = short_hash(f"fence\n{item.hash}")
    before, frame_before, text, frame_after, after = (
        as_material(part)
        for part in (item.before, item.frame_before, item.text, item.frame_after, item.after)
    )
    text = f"<voice-{code}>{text}</voice-{code}>"
    frame = f"{frame_before}{text}{frame_after}"
    if item.quoted:
        frame = f"<quoting-{code}>{frame}</quoting-{code}>"
    words = _words()
    request = words["request"].replace("{quoted}", words["quoted"] if item.quoted else "")
    # The material goes in last: braces in it are not places to fill.
    request = request.replace("{code}", code).replace("{document}", f"{before}{frame}{after}")
    return [{"role": "system", "content": rubric()}, {"role": "user", "content": request}]


def as_material(text: str) -> str:
    """The text as the judge gets it: chat markers, fences and an answer's fields made harmless."""
    text = _CONTROL.sub("[chat marker removed]", text)
    text = _FENCE.sub("[fence removed]", text)
    return _MARKER.sub(r"[\1 marker removed]", text)


def request_hash() -> str:
    """What identifies all that a judge is told besides the text, in records."""
    return short_hash([rubric(), _words()])


def read_label(answer: str) -> tuple[Mapping[str, Any] | None, str]:
    """The labels in a judge's answer and its reason; None, and what is wrong, where there are none.

    The label is the JSON object with which the answer ends, code fence or not; objects before it are part of
    the reason. It must have exactly the fields of the rubric's answer, each within its range.
    """
    text = answer.rstrip().removesuffix("```").rstrip()
    low = max(0, len(text) - LONGEST_LABEL)
    for start in range(low, len(text)):
        if text[start] != "{":
            continue
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if end == len(text):
            labels, wrong = labels_of(value)
            return (labels, answer[:start].removesuffix("```json\n").strip()) if labels else (None, wrong)
    return None, "no label at the end of the answer"


def labels_of(value: Any) -> tuple[dict[str, Any] | None, str]:
    """The fields of an answer, what may be left out as 0; None, and what is wrong, when it is none."""
    from eudaimon.data.taxonomy import categories

    if not isinstance(value, dict) or set(value) != set(ANSWER):
        return None, f"the label has not exactly the fields {', '.join(ANSWER)}"
    harm, traits = value["harm"], value["traits"]
    if not isinstance(harm, dict) or not isinstance(traits, dict):
        return None, "harm and traits are not objects"
    numbers = [*harm.values(), *traits.values(), value["severity"], value["hazard"]]
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
        return None, "something that should be a number is none"
    names = [value[name] for name in ("stance", "frame", "subject")]
    if not all(isinstance(name, str) for name in names):
        return None, "stance, frame and subject are not words"
    labels: dict[str, Any] = {
        **value,
        "harm": {**dict.fromkeys(categories(), 0.0), **harm},
        "traits": {**dict.fromkeys(TRAITS, 0.0), **traits},
    }
    try:
        SegmentScores("", 0, 0, **labels)
    except ValueError as error:
        return None, str(error)
    return labels, ""


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field is given twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_repeats, parse_constant=_no_constant)


@cache
def _words() -> dict[str, str]:
    value: dict[str, str] = read_yaml((files(__package__) / "judge_request.yaml").read_text(encoding="utf-8"))
    return value
