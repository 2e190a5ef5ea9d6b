"""Questions with a suffix as rows of tokens: what a search changes, and what must survive as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.core import TextTooLong, UsageError

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.case import Case
    from eudaimon.models.model import Model


@dataclass(frozen=True, eq=False)
class Frame:
    """A case as tokens around the suffix: what stands before it, after it, and the wanted answer."""

    case: Case
    before: Int[np.ndarray, "b"]
    after: Int[np.ndarray, "a"]
    wanted: Int[np.ndarray, "w"]

    def row(self, suffix: Int[np.ndarray, "k"]) -> Int[np.ndarray, "t"]:
        """All tokens, the wanted ones last."""
        return np.concatenate([self.before, suffix, self.after, self.wanted])


def with_suffix(case: Case, suffix: str) -> Case:
    """The case with the suffix behind what the user says last."""
    return case.asked(f"{case.request} {suffix}") if suffix else case


def text_of(model: Model, suffix: Int[np.ndarray, "k"]) -> str:
    """The suffix as text."""
    return str(model.tokenizer.decode(suffix.tolist())).strip()


def frames(
    model: Model, cases: Sequence[Case], wanted: Sequence[str], suffix: Int[np.ndarray, "k"]
) -> list[Frame]:
    """Every case around a suffix, which must be one that survives as text in all of them.

    Raises `UsageError` where it does not, and `TextTooLong` where a row does not fit into the context.
    """
    found = []
    asked = tokens(model, [with_suffix(case, text_of(model, suffix)) for case in cases])
    for case, own, answer in zip(cases, asked, wanted, strict=True):
        start = _last_place(own, suffix)
        if start < 0:
            raise UsageError(f"the suffix does not survive as text in question {case.question}")
        target = np.asarray(model.tokenizer(answer, add_special_tokens=False)["input_ids"], dtype=np.int64)
        frame = Frame(case, own[:start], own[start + len(suffix) :], target)
        if len(frame.row(suffix)) > model.max_tokens:
            raise TextTooLong(f"question {case.question} with its suffix is over {model.max_tokens} tokens")
        found.append(frame)
    return found


def surviving(
    model: Model, around: Sequence[Frame], suffixes: Int[np.ndarray, "c k"]
) -> Bool[np.ndarray, "c"]:
    """Whether each suffix's text, put to the model as a user would, gives these very tokens in every case."""
    asked = [with_suffix(frame.case, text_of(model, suffix)) for suffix in suffixes for frame in around]
    wanted = [np.concatenate([frame.before, suffix, frame.after]) for suffix in suffixes for frame in around]
    same = [np.array_equal(a, b) for a, b in zip(tokens(model, asked), wanted, strict=True)]
    return np.asarray(np.array(same, dtype=bool).reshape(len(suffixes), len(around)).all(axis=1))


def tokens(model: Model, cases: Sequence[Case]) -> list[Int[np.ndarray, "t"]]:
    """The prompt of each case as the model reads it."""
    from eudaimon.models.prompts import prepare

    made = prepare(model, [case.text for case in cases], prefills=[case.prefill for case in cases])
    return [prompt.ids for prompt in made]


def usable_tokens(model: Model) -> Int[np.ndarray, "v"]:
    """Tokens that a suffix may be made of: each alone decodes to text that encodes to it again."""
    special = set(model.tokenizer.all_special_ids)
    ids = [each for each in range(len(model.tokenizer)) if each not in special]
    texts = [str(model.tokenizer.decode([each])) for each in ids]
    encoded = model.tokenizer(texts, add_special_tokens=False)["input_ids"]
    kept = [
        each
        for each, text, own in zip(ids, texts, encoded, strict=True)
        if own == [each] and text.strip() and "\ufffd" not in text and text.isprintable()
    ]
    return np.array(kept, dtype=np.int64)


def _last_place(row: Int[np.ndarray, "t"], part: Int[np.ndarray, "k"]) -> int:
    """Where the part stands in the row for the last time; -1 where it does not."""
    places = range(len(row) - len(part), -1, -1)
    return next((at for at in places if np.array_equal(row[at : at + len(part)], part)), -1)
