"""Terms that speak of harm: the data of ``terms.yaml``, or of a user's file of the same form."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_text
from eudaimon.data.yaml_text import read_yaml

HAZARD = "hazard"
"""The group of terms that belong to dangerous knowledge, whoever uses them and why."""


class Term(NamedTuple):
    """Words that stand for a group, and the belief that a text with them speaks of it, in (0, 1].

    The group is a harm category or `HAZARD`.
    """

    text: str
    group: str
    weight: float


Weight = Annotated[float, Field(gt=0, le=1)]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    harm: dict[str, dict[Weight, tuple[str, ...]]] = {}
    hazard: dict[Weight, tuple[str, ...]] = {}


@cache
def shipped_terms() -> tuple[Term, ...]:
    """The packaged terms, which we chose; mild, and no list of slurs."""
    return _terms((files("eudaimon.curate.stages") / "terms.yaml").read_text(encoding="utf-8"), "terms.yaml")


def read_terms(path: str | Path) -> tuple[Term, ...]:
    """The terms of a file: under ``harm`` by category, under ``hazard``, in lists by weight.

    Raises `UsageError` for a file that is missing, has another form, or names a category that is none.
    """
    try:
        return _terms(Path(path).read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", right="a file of terms") from error


def write_terms(path: str | Path, terms: tuple[Term, ...]) -> Path:
    """Write terms as `read_terms` reads them, atomically; the same terms give the same bytes."""
    harm: dict[str, dict[float, list[str]]] = {}
    hazard: dict[float, list[str]] = {}
    for term in terms:
        lists = hazard if term.group == HAZARD else harm.setdefault(term.group, {})
        lists.setdefault(term.weight, []).append(term.text)
    content = {"harm": harm, "hazard": hazard}
    return write_text(path, yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110))


def _terms(text: str, name: str) -> tuple[Term, ...]:
    from eudaimon.data.taxonomy import categories

    try:
        content = _File.model_validate(read_yaml(text) or {})
    except (yaml.YAMLError, ValidationError) as error:
        raise UsageError(
            f"{name} is no file of terms: {error}", right="harm: {category: {0.5: [term, ...]}}"
        ) from error
    if strange := [group for group in content.harm if group not in categories()]:
        raise UsageError(
            f"{name}: {', '.join(strange)} is no harm category", right=f"one of {', '.join(categories())}"
        )
    groups = [*content.harm.items(), (HAZARD, content.hazard)]
    return tuple(
        Term(term, group, weight)
        for group, lists in groups
        for weight, terms in lists.items()
        for term in terms
    )
