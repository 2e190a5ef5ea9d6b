"""What a packaged set is, where it came from, what may be done with it and where it fails."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml
from pydantic import BaseModel, ConfigDict

from eudaimon.core.errors import UsageError

ROOT = "packaged"


class Card(BaseModel):
    """The card of one packaged set; ``licence`` is an SPDX expression, ``sha256`` is of ``file``'s bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    title: str
    description: str
    kind: str
    """``queries``, ``passages``, ``persona_prompts``, ``dresses``, ``constitutions``, ``questions``,
    ``cost_probes``, ``attack_wordings`` or ``roles``."""
    file: str
    sha256: str
    n_safe: int = 0
    n_harmful: int = 0
    repository: str = ""
    commit: str = ""
    paths: tuple[str, ...] = ()
    licence: str
    licence_file: str = ""
    licence_note: str = ""
    attribution: str
    changes: str = ""
    limits: tuple[str, ...]
    intended_use: str
    balance: dict[str, dict[str, int]] = {}
    """How many rows (or segments of them) there are of each kind, where a set says so."""

    @property
    def n(self) -> int:
        """How many rows the set has."""
        return self.n_safe + self.n_harmful


@cache
def all_cards() -> dict[str, Card]:
    """Every card by name, in alphabetical order."""
    found = {}
    for folder in sorted(folder_of().iterdir(), key=lambda entry: entry.name):
        sheet = folder / "card.yaml"
        if folder.is_dir() and sheet.is_file():
            found[folder.name] = Card.model_validate(yaml.safe_load(sheet.read_text(encoding="utf-8")))
    return found


def card(name: str) -> Card:
    """The card of the packaged set ``name``; raises `UsageError` naming the sets that exist."""
    cards = all_cards()
    if name not in cards:
        raise UsageError(
            f"there is no packaged set {name!r}",
            right=f"the packaged sets are {', '.join(cards)}",
            do=f'card("{next(iter(cards))}")',
        )
    return cards[name]


def licences() -> tuple[dict[str, str], ...]:
    """A report's licence table, one row a set.

    Keys: name, title, licence, attribution, repository, commit, n, sha256.
    """
    return tuple(
        {
            "name": sheet.name,
            "title": sheet.title,
            "licence": sheet.licence,
            "attribution": sheet.attribution,
            "repository": sheet.repository,
            "commit": sheet.commit,
            "n": str(sheet.n),
            "sha256": sheet.sha256,
        }
        for sheet in all_cards().values()
    )


def folder_of(name: str = "") -> Traversable:
    """The folder of one packaged set, or of all of them, inside the installed package."""
    root = files("eudaimon.data") / ROOT
    return root / name if name else root
