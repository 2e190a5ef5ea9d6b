"""Constitutions from files: our YAML, and OpenCharacterTraining's JSON list and JSON Lines as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from eudaimon.core.errors import BadRows
from eudaimon.data.constitutions.constitution import Constitution

FORMATS = "YAML with `name` and `traits`, a JSON list of {trait, questions}, or one such object a line"
THEIRS = {"trait": "principle", "questions": "prompts", "additional_questions": "expanded"}
# Named in one of their scripts and in none of their files; it says more about the trait, and is no prompt.
UNUSED = frozenset({"clarification"})
SHOWN = 4
"""Mistakes that are told at once."""


def read_constitution(path: str | Path) -> Constitution:
    """The constitution in a file, told by its content; raises `BadRows` with file and place when it is none.

    OpenCharacterTraining's files have no name: theirs is that of the file.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRows(f"{path} is not UTF-8: {error.reason} at byte {error.start}", right=FORMATS) from error
    return parse_constitution(text, str(path), path.stem)


def parse_constitution(text: str, where: str, stem: str) -> Constitution:
    """The constitution in a text; ``where`` names it in errors, ``stem`` is its name if it gives none.

    Raises `BadRows` with line, trait or field of what is wrong.
    """
    if not text.strip():
        raise BadRows(f"{where} is empty", right=FORMATS)
    start = text.lstrip()[0]
    if start == "[":
        rows = _json(text, where)
        return _checked({"name": _name(stem), "traits": _theirs(rows, where)}, where)
    if start == "{":
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        rows = [_json(line, f"{where}, line {number}") for number, line in lines]
        return _checked({"name": _name(stem), "traits": _theirs(rows, where)}, where)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadRows(f"{where} is no YAML: {' '.join(str(error).split())}", right=FORMATS) from error
    if not isinstance(value, dict):
        raise BadRows(f"{where} holds no mapping", right=FORMATS)
    return _checked(value, where)


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadRows(f"{where} is no JSON: {error}", right=FORMATS) from error


def _theirs(rows: Any, where: str) -> list[dict[str, Any]]:
    traits = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise BadRows(f"{where}: trait {number} is no object", right=FORMATS)
        strange = sorted(set(row) - set(THEIRS) - UNUSED)
        if strange or "trait" not in row or "questions" not in row:
            what = f"has the unknown field {strange[0]!r}" if strange else "lacks `trait` or `questions`"
            raise BadRows(f"{where}: trait {number} {what}", right=f"the fields {', '.join(THEIRS)}")
        traits.append({ours: row[name] for name, ours in THEIRS.items() if name in row})
    return traits


def _checked(value: dict[str, Any], where: str) -> Constitution:
    try:
        return Constitution.model_validate(value)
    except ValidationError as error:
        wrong = [f"{_place(found['loc'])}: {found['msg']}" for found in error.errors(include_url=False)]
        more = f"; {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise BadRows(f"{where}: {'; '.join(wrong[:SHOWN])}{more}", right=FORMATS) from error


def _place(steps: tuple[int | str, ...]) -> str:
    """A path such as ``traits.0.prompts.2`` in words, counted from 1."""
    words = {"traits": "trait", "prompts": "prompt", "expanded": "expanded prompt"}
    words["contrast_prompts"] = "contrast prompt"
    found: list[str] = []
    for step in steps:
        if isinstance(step, int) and found:
            found[-1] = f"{words.get(found[-1], found[-1])} {step + 1}"
        else:
            found.append(str(step))
    return ", ".join(found) or "the whole"


def _name(stem: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem.partition(".")[0]).strip("-_") or "constitution"
