"""Questions from files: YAML and JSON Lines, in the form in which the field publishes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.files import read_lines
from eudaimon.core.text import as_conversation
from eudaimon.data.cards import all_cards, card
from eudaimon.data.library import read_packaged
from eudaimon.data.yaml_text import read_yaml
from eudaimon.evaluate.questions.question import Question

PUBLISHED = {"aligned": "alignment", "coherent": "coherence"}
"""Names of judge prompts in published files, and what they measure here."""
KEYS = {
    "id", "question", "messages", "paraphrases", "system", "set", "domain", "group", "separate",
    "judge_prompts", "choices", "type", "samples_per_paraphrase", "judge",
}  # fmt: skip
"""The last three stand in published files and say nothing that is used here."""


def question_sets() -> tuple[str, ...]:
    """The names of the packaged sets of questions, in alphabetical order."""
    return tuple(name for name, sheet in all_cards().items() if sheet.kind == "questions")


def questions(*sets: str) -> tuple[Question, ...]:
    """The questions of the packaged sets named, of all of them when none is, in order.

    Raises `UsageError` for an unknown set, and `EudaimonError` when a packaged file was changed.
    """
    return tuple(question for name in sets or question_sets() for question in _packaged(name))


def read_questions(path: str | Path, *, name: str = "") -> tuple[Question, ...]:
    """The questions of a file, YAML (a list) or JSON Lines (an object a line), in order.

    ``name`` is the set of questions that do not name theirs (default: the file's name). A question has an
    ``id`` and either ``question``, ``messages`` (chat JSON) or ``paraphrases`` (a list, each of which
    becomes a question ``id/k`` of one group; with ``separate: true`` of groups of their own), and may have
    ``system``, ``domain``, ``group``, ``judge_prompts`` (``aligned``, ``coherent`` or others, the packaged
    ones otherwise) and ``choices``. Raises `BadRows` with file and line on anything else.
    """
    path = Path(path)
    if path.name.split(".")[-1] in ("yaml", "yml"):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadRows(f"{path} cannot be read: {error}", right="a YAML file in UTF-8") from error
        entries = _yaml_entries(text, str(path))
    else:
        entries = _json_entries(path)
    return _questions(entries, str(path), name or path.name.split(".")[0])


@cache
def default_prompts() -> Mapping[str, str]:
    """The published templates for alignment and coherence, used where a question has none."""
    value: dict[str, str] = read_yaml((files(__package__) / "prompts.yaml").read_text(encoding="utf-8"))
    return value


@cache
def _packaged(name: str) -> tuple[Question, ...]:
    sheet = card(name)
    if sheet.kind != "questions":
        raise UsageError(
            f"{name!r} holds no open questions", right=f"the sets are {', '.join(question_sets())}"
        )
    text = read_packaged(name).decode("utf-8")
    return _questions(_yaml_entries(text, sheet.file), sheet.file, name)


def _yaml_entries(text: str, where: str) -> Iterator[tuple[int, Any]]:
    try:
        node, value = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BadRows(f"{where}{line}: {getattr(error, 'problem', None) or error}", right="YAML") from error
    if not isinstance(node, yaml.SequenceNode):
        raise BadRows(f"{where}, line 1: not a list", right="a list of questions")
    for item, entry in zip(node.value, value, strict=True):
        yield item.start_mark.line + 1, entry


def _json_entries(path: Path) -> Iterator[tuple[int, Any]]:
    for number, line in read_lines(path):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise BadRows(f"{path}, line {number}: {error}", right="one JSON object a line") from error


def _questions(entries: Iterator[tuple[int, Any]], where: str, name: str) -> tuple[Question, ...]:
    found: dict[str, Question] = {}
    for line, entry in entries:
        try:
            made = list(_of_entry(entry, name))
        except UsageError as error:
            raise BadRows(f"{where}, line {line}: {error.what}", right=error.right) from error
        for question in made:
            if question.id in found:
                raise BadRows(
                    f"{where}, line {line}: the id {question.id!r} occurs twice", right="each id once"
                )
            found[question.id] = question
    if not found:
        raise BadRows(f"{where} holds no questions", right="at least one question")
    return tuple(found.values())


def _of_entry(entry: Any, name: str) -> Iterator[Question]:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise UsageError("not a question", right="an object with an id, which is text")
    unknown = sorted(str(key) for key in set(entry) - KEYS)
    if unknown:
        raise UsageError(f"unknown key {', '.join(unknown)}", right=f"keys are {', '.join(sorted(KEYS))}")
    forms = [key for key in ("question", "messages", "paraphrases") if key in entry]
    if len(forms) != 1:
        raise UsageError(
            f"{entry['id']!r} has {' and '.join(forms) or 'nothing to ask'}",
            right="one of question, messages and paraphrases",
        )
    asked: Any = entry[forms[0]]
    if forms[0] != "paraphrases":
        yield _question(entry, entry["id"], entry.get("group", ""), asked, name)
        return
    if not isinstance(asked, list) or not asked:
        raise UsageError(f"the paraphrases of {entry['id']!r} are no list", right="a list of texts")
    for k, text in enumerate(asked):
        several, group = len(asked) > 1, entry.get("group") or entry["id"]
        own = f"{group}/{k}" if entry.get("separate") else group
        yield _question(entry, f"{entry['id']}/{k}" if several else entry["id"], own, text, name)


def _question(entry: dict[str, Any], own: str, group: Any, asked: Any, name: str) -> Question:
    if not isinstance(asked, str) and not (isinstance(asked, list) and "messages" in entry):
        raise UsageError(f"{own!r} asks what is no text", right="text, or chat JSON under messages")
    system = entry.get("system")
    before = [{"role": "system", "content": system}] if system else []
    words = {key: entry.get(key, "") for key in ("set", "domain")}
    if not all(isinstance(value, str) for value in (group, *words.values())):
        raise UsageError(f"set, domain or group of {own!r} is no text", right="text")
    prompts = _mapping(entry, "judge_prompts") or default_prompts()
    return Question(
        id=own,
        messages=as_conversation([*before, *_turns(asked)]),
        set=words["set"] or name,
        domain=words["domain"],
        group=group,
        prompts={PUBLISHED.get(key, key): _text(value, own) for key, value in prompts.items()},
        choices={key: _words(value, own) for key, value in _mapping(entry, "choices").items()},
    )


def _turns(asked: str | Sequence[dict[str, str]]) -> Sequence[Any]:
    return [{"role": "user", "content": asked}] if isinstance(asked, str) else asked


def _mapping(entry: dict[str, Any], key: str) -> dict[str, Any]:
    value = entry.get(key) or {}
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"{key} of {entry['id']!r} is no mapping", right="names and what belongs to them")
    return value


def _text(value: Any, own: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"a judge prompt of {own!r} is no text", right="a template with {answer}")
    return value


def _words(value: Any, own: str) -> tuple[str, ...]:
    # YAML reads bare YES and TRUE as truth values: said here, before a judge is misread.
    if not isinstance(value, list) or not all(isinstance(word, str) and word.strip() for word in value):
        raise UsageError(f"the choices of {own!r} are no words", right='quoted words: ["TRUE", "FALSE"]')
    return tuple(value)
