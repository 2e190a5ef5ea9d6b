"""The rubric by which a person or a language model labels a voice, made from the taxonomy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from eudaimon.core.identity import short_hash
from eudaimon.curate.hard_cases import HardCase, hard_cases
from eudaimon.curate.taxonomy import voice_taxonomy
from eudaimon.data.yaml_text import read_yaml

ANSWER = {
    "harm": {"hate": 0.9},
    "severity": 3,
    "stance": "advocates",
    "frame": "none",
    "traits": {"malice": 1},
    "subject": "human",
    "hazard": 0.0,
}
"""The shape of an answer; categories and traits that are left out are 0."""


@cache
def rubric() -> str:
    """All that a rater is told: terms, scales, questions, hard cases, and the form of the answer."""
    from eudaimon.data.taxonomy import categories

    words = read_yaml((files("eudaimon.curate") / "rubric.yaml").read_text(encoding="utf-8"))
    terms = voice_taxonomy()
    parts = {
        "definitions": _listed(terms.definitions),
        "categories": _listed(categories()),
        **{f"{name}_rule": rule for name, rule in terms.rules.items()},
        "severity": "\n".join(f"{k} {level.name}: {level.means}" for k, level in enumerate(terms.severity)),
        "stances": _listed({name: f"{entry.means} ({entry.test})" for name, entry in terms.stances.items()}),
        "frames": _listed(terms.frames),
        "scale": "\n".join(terms.traits.scale),
        "vices": _listed(terms.traits.vices),
        "virtues": _listed(terms.traits.virtues),
        "subjects": _listed(terms.subjects),
        "cases": "\n".join(_case(case) for case in hard_cases()),
        "answer": json.dumps(ANSWER),
    }
    text = str(words["rubric"])
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    return text


def rubric_hash() -> str:
    """A short hash of the rubric, by which labels say what their rater was told."""
    return short_hash(rubric())


def _listed(entries: Mapping[Any, str]) -> str:
    return "\n".join(f"- {name}: {means}" for name, means in entries.items())


def _case(case: HardCase) -> str:
    labels = case.labels
    says = f"stance {labels.stance}, frame {labels.frame}, severity {labels.severity:g}"
    return f"- {case.text} -> {says}. {case.reason}"
