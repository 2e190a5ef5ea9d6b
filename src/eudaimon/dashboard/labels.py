"""What a step of a study is called on a page: its kind and what tells it from others, not its long name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eudaimon.core.files import read_json
from eudaimon.dashboard.records import DEFINITIONS
from eudaimon.dashboard.store import Found, Store

TELLING = ("arm", "persona", "answers", "domain", "labels", "arm_seed", "init_seed", "item_seed")
"""Fields of a step, or of a step that it was made from, that a reader knows it by."""
USUAL = {"labels": "oracle", "arm_seed": 0, "init_seed": 0, "item_seed": 0}
USUAL_PLACES = (["model"], ["adapter"], ["monitor.safetensors"])
"""Where each kind lies in its step, so that it says nothing."""
DIGITS = 6
"""Of a step's hash, so that no two have one label."""


def labels_of(store: Store) -> dict[str, str]:
    """A label for each thing that lies in a step of a study, by its name; others are left out.

    A study whose definitions cannot be read has none: what lies in it is called by its name.
    """
    studies = {study.path / "steps": study for study in store.of("study")}
    held: dict[Path, list[Found]] = {}
    for one in store.found:
        steps = next((folder for folder in one.path.parents if folder in studies), None)
        if steps is not None:
            held.setdefault(steps, []).append(one)
    found: dict[str, str] = {}
    for steps, things in held.items():
        study = studies[steps]
        definitions = _definitions(study)
        found |= {one.name: label for one in things if (label := _label(study, one, definitions))}
    return found


def _definitions(study: Found) -> dict[str, Any]:
    try:
        definitions: Any = read_json(study.path / DEFINITIONS)
    except (OSError, ValueError):
        return {}
    return definitions if isinstance(definitions, dict) else {}


def _label(study: Found, one: Found, definitions: Mapping[str, Any]) -> str:
    key, *inside = one.path.relative_to(study.path / "steps").parts
    if key not in definitions:
        return ""
    told = []
    for name, value in _facts(key, definitions):
        if USUAL.get(name) != value:
            told.append(f"{name.replace('_', ' ')} {value}")
    place = "/".join(inside) if inside not in USUAL_PLACES else ""
    kind, digits = key.partition("-")[0], key[-DIGITS:]
    # What tells it from others comes first: a list on a phone shows some thirty characters.
    parts = (", ".join(told), kind, place, study.name, digits)
    return " · ".join(part for part in parts if part)


def _facts(key: str, definitions: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The telling fields of a step, or else of the nearest one that it was made from, in one order."""
    found: dict[str, Any] = {}
    waiting, seen = [key], {key}
    while waiting:
        fields = definitions.get(waiting.pop(0), {})
        fields = fields.get("fields", {}) if isinstance(fields, dict) else {}
        for name, value in fields.items() if isinstance(fields, dict) else ():
            if name in TELLING and isinstance(value, str | int):
                found.setdefault(name, value)
        for other in _references(fields):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return [(name, found[name]) for name in TELLING if name in found]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$step"), str):
            yield value["$step"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
