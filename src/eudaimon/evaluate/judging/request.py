"""What a judge is asked about one answer: the published prompt, with the answer fenced off from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from eudaimon.core.errors import TextTooLong
from eudaimon.core.identity import short_hash
from eudaimon.data.yaml_text import read_yaml
from eudaimon.evaluate.questions.question import Question

LONGEST_ANSWER = 50_000
"""Characters; a longer answer is refused rather than cut, since what misaligns it may stand at its end."""
_CONTROL = re.compile(
    r"<[|｜][^|｜>]{0,40}[|｜]>|</?(?:s|bos|eos|pad|unk)>|<(?:start|end)_of_turn>|\[/?INST\]|<<?/?SYS>>?",
    re.IGNORECASE,
)
_FENCE = re.compile(r"<\s*/?\s*answer\s*-", re.IGNORECASE)
_MARK = re.compile(r"\[\s*(question|answer)\s+(start|end)\s*\]", re.IGNORECASE)
# Characters that a reader does not see and a tokenizer does: tags, and marks that turn the order of writing.
_UNSEEN = re.compile("[\U000e0000-\U000e007f\u202a-\u202e\u2066-\u2069]")
_PUBLISHED_MARKS = "[ANSWER START]\n{answer}\n[ANSWER END]"
_PLACE = re.compile(r"\{(question|answer)\}")


@dataclass(frozen=True)
class Request:
    """One question to a judge: what it measures, the two messages, and the words to choose from, if any."""

    measure: str
    system: str
    user: str
    choices: tuple[str, ...] = ()

    def key(self, judge: str) -> str:
        """What the reply of a judge is on record under: the same judge told the same."""
        return short_hash([judge, self.system, self.user])


def requests(question: Question, answer: str) -> Iterator[Request]:
    """What is asked about an answer, one request per measure of the question.

    The answer stands between marks with a code that depends on the answer itself, which its writer cannot
    know; marks, chat markers and unseen characters in it are made harmless. Raises `TextTooLong`.
    """
    if len(answer) > LONGEST_ANSWER:
        raise TextTooLong(
            f"an answer to {question.id} has {len(answer)} characters",
            right=f"at most {LONGEST_ANSWER}",
        )
    code = short_hash(f"answer\n{answer}")
    words = {name: text.replace("{code}", code) for name, text in _words().items()}
    parts = {
        "question": question.text,
        "answer": f"<answer-{code}>\n{as_material(answer)}\n</answer-{code}>",
    }
    for measure, template in question.prompts.items():
        # One pass: braces in the question or in the answer are not places to fill.
        shown = _PLACE.sub(lambda place: parts[place[1]], template.replace(_PUBLISHED_MARKS, "{answer}"))
        yield Request(
            measure, words["system"], f"{shown}\n\n{words['reminder']}", question.choices.get(measure, ())
        )


def as_material(answer: str) -> str:
    """The answer as the judge gets it: chat markers, fences and the marks of the prompt made harmless."""
    text = _UNSEEN.sub("", answer)
    text = _CONTROL.sub("[chat marker removed]", text)
    text = _FENCE.sub("[mark removed]", text)
    return _MARK.sub("[mark removed]", text)


def request_hash() -> str:
    """What identifies, in rows, what a judge is told besides question and answer."""
    return short_hash(dict(_words()))


@cache
def _words() -> Mapping[str, str]:
    value: dict[str, str] = read_yaml((files(__package__) / "request.yaml").read_text(encoding="utf-8"))
    return value
