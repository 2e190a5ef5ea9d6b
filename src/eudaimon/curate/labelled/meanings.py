"""What the labels of sources mean in our terms (``labels.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from eudaimon.curate.labelled.segment import harmless
from eudaimon.data.yaml_text import read_yaml


class Meanings(BaseModel):
    """Severities by category, labels by HateCheck functionality, titles that are no fiction, refusals."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    severity_by_category: dict[str, float]
    hatecheck: dict[str, dict[str, Any]]
    factual_titles: tuple[str, ...]
    refusal: str


@cache
def meanings() -> Meanings:
    """The packaged judgements on what labels mean."""
    text = (files("eudaimon.curate.labelled") / "labels.yaml").read_text(encoding="utf-8")
    return Meanings.model_validate(read_yaml(text))


def hatecheck_labels(functionality: str) -> dict[str, Any] | None:
    """What is known of a functionality: harm, severity, stance, weight; None for an unknown one."""
    found = meanings().hatecheck.get(functionality)
    if found is None:
        return None
    return {**found, "harm": harmless()} if found.get("harm") == "none" else dict(found)


@cache
def severities() -> Mapping[str, float]:
    """The severity that a request of each harm category is taken to have, 0 to 5."""
    return meanings().severity_by_category


@cache
def refusal() -> re.Pattern[str]:
    """Matches lower-cased text of an assistant's turn that refuses or warns."""
    return re.compile(re.sub(r"\s*\n\s*|(?<=\|) ", "", meanings().refusal).strip())
