"""The arms of a study's corpus: what each kept, removed and left to learn from, as its books have it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from eudaimon.core.errors import BadRows
from eudaimon.core.files import read_json
from eudaimon.dashboard.store import Found
from eudaimon.dashboard.tables import Row
from eudaimon.study.steps.corpus import BOOKS, TOKENS
from eudaimon.train.tokens.token_set import MANIFEST

COUNTED = (
    "n_texts",
    "n_tokens",
    "n_loss_tokens",
    "n_bad_tokens",
    "n_bad_loss_tokens",
    "n_removed",
    "n_removed_tokens",
)


def arm_rows(arms: Iterable[Found]) -> list[Row]:
    """A row for each arm: its name, seed and labels, and its counts; None where nobody looked for bad voices.

    Raises `BadRows` on books that are broken.
    """
    rows = []
    for found in arms:
        books = _read(found, BOOKS)
        row = {
            "arm": str(books.get("arm", "")),
            "seed": books.get("seed"),
            "labels": str(books.get("labels", "")),
        }
        rows.append({**row, **{name: books.get(name) for name in COUNTED}})
    return sorted(rows, key=lambda row: (row["arm"], str(row["labels"]), row["seed"] or 0))


def arm_sources(found: Found) -> list[Row]:
    """Documents and tokens of each source of an arm, and tokens with loss; raises `BadRows` where broken."""
    sources = _read(found, f"{TOKENS}/{MANIFEST}").get("sources")
    if not isinstance(sources, dict):
        raise BadRows(f"{found.path / TOKENS} names no sources", right="a token set that was written whole")
    return [{"source": name, **counts} for name, counts in sorted(sources.items())]


def _read(found: Found, name: str) -> dict[str, Any]:
    path = found.path / name
    try:
        value: Any = read_json(path)
    except (OSError, ValueError) as error:
        raise BadRows(f"{path} cannot be read: {error}", right="what the study wrote") from error
    if not isinstance(value, dict):
        raise BadRows(f"{path} is no JSON object", right="what the study wrote")
    return value
