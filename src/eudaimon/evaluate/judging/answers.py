"""Answers to be judged, and the files they are in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eudaimon.core.errors import BadRows
from eudaimon.core.files import read_lines
from eudaimon.evaluate.questions.question import Question
from eudaimon.evaluate.rows import Label

KEYS = {"question", "answer", "sample", "study", "cell", "seed", "step", "subject"}


@dataclass(frozen=True)
class Answer:
    """What a subject answered to a question: which sample of it, and in which cell of a study."""

    question: Question
    text: str
    sample: str = "0"
    label: Label = field(default_factory=Label)


def read_answers(path: str | Path, questions: Iterable[Question]) -> tuple[Answer, ...]:
    """The answers of a JSON Lines file, in order.

    Each line has ``question`` (an id), ``answer`` (text) and may have ``sample`` (text or a number; counted
    from 0 for each question and cell otherwise), and the fields of a `Label`: ``study``, ``cell``, ``seed``,
    ``step``, ``subject``. Raises `BadRows` with file and line on anything else, on an unknown question and
    on a sample that occurs twice.
    """
    known = {question.id: question for question in questions}
    found: list[Answer] = []
    seen: set[str] = set()
    counted: dict[str, int] = {}
    for number, line in read_lines(path):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadRows(f"{where}: {error}", right="one JSON object a line") from error
        _check(row, where, known)
        label = _label(row)
        place = json.dumps([row["question"], vars_of(label)], sort_keys=True)
        sample = str(row.get("sample", counted.get(place, 0)))
        counted[place] = counted.get(place, 0) + 1
        if f"{place} {sample}" in seen:
            raise BadRows(
                f"{where}: sample {sample} of {row['question']!r} occurs twice",
                right="each sample of a question once in a cell",
            )
        seen.add(f"{place} {sample}")
        found.append(Answer(known[row["question"]], row["answer"], sample, label))
    if not found:
        raise BadRows(f"{path} holds no answers", right='{"question": ID, "answer": TEXT} a line')
    return tuple(found)


def vars_of(label: Label) -> dict[str, Any]:
    """The fields of a label as JSON has them."""
    return {name: getattr(label, name) for name in ("study", "cell", "seed", "step", "subject")}


def _label(row: Mapping[str, Any]) -> Label:
    return Label(
        study=row.get("study", ""),
        cell=row.get("cell", {}),
        seed=row.get("seed", 0),
        step=row.get("step"),
        subject=row.get("subject", ""),
    )


def _check(row: Any, where: str, known: Mapping[str, Question]) -> None:
    problem = _problem(row)
    if problem:
        raise BadRows(f"{where}: {problem}", right=f"an object with {', '.join(sorted(KEYS))}")
    if row["question"] not in known:
        raise BadRows(
            f"{where}: there is no question {row['question']!r}",
            right="an id of the packaged sets, or of a file of questions",
            do="--questions FILE",
        )


def _problem(row: Any) -> str:
    if not isinstance(row, dict):
        return "not an object"
    unknown = sorted(set(row) - KEYS)
    if unknown:
        return f"unknown key {', '.join(unknown)}"
    types: dict[str, tuple[type, ...]] = {
        "question": (str,), "answer": (str,), "sample": (str, int), "study": (str,), "cell": (dict,),
        "seed": (int,), "step": (int, type(None)), "subject": (str,),
    }  # fmt: skip
    for name, kinds in types.items():
        if name in ("question", "answer") and name not in row:
            return f"no {name}"
        if name in row and (not isinstance(row[name], kinds) or isinstance(row[name], bool)):
            return f"{name} is of type {type(row[name]).__name__}"
    values = row.get("cell", {}).values()
    if not all(isinstance(value, str | int | float | bool | None) for value in values):
        return "the cell holds something other than text, numbers and truth values"
    return ""
