"""What the pages on scored corpora share: the files, a policy, a filter, a page of many rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from eudaimon.curate.decided import score_files
from eudaimon.curate.policy import DEFAULT, Policy
from eudaimon.curate.run.folder import MANIFEST
from eudaimon.dashboard import safe
from eudaimon.dashboard.decisions import Decided, decide, policies
from eudaimon.dashboard.pages import parts
from eudaimon.dashboard.store import Found
from eudaimon.dashboard.tables import Row
from eudaimon.report.tables import Table

EVERY = "all"


def files_of(found: Found) -> tuple[Path, ...]:
    """The files of a scored corpus, whose hashes are checked once; raises as `score_files`."""
    return parts.counted(lambda: score_files(found.path), "files", *version(found))


def version(found: Found) -> tuple[object, ...]:
    """What changes when a corpus is scored or curated anew: the key under which answers are kept."""
    return str(found.path), parts.stamp(found.path / MANIFEST)


def decided_by(found: Found, policy: Policy) -> Decided:
    """What a policy decides on a corpus, with a word to wait by."""
    with st.spinner("Deciding"):
        return decide(found, policy)


def policy(label: str, key: str, first: str = DEFAULT) -> Policy:
    """A policy by its name, ``first`` to begin with."""
    known = policies(parts.store())
    names = list(known)
    return known[st.selectbox(label, names, index=names.index(first), key=key, format_func=safe.name)]


def or_all(where: Any, label: str, names: list[str], key: str) -> str | None:
    """One of some names, or None for all of them; ``where`` is a column, or the page."""
    options: list[str | None] = [None, *names]
    chosen: str | None = where.selectbox(
        label, options, key=key, format_func=lambda one: EVERY if one is None else safe.name(one)
    )
    return chosen


def first_row(n: int, each: int, key: str) -> int:
    """The number of the first row of the page of rows that is looked at."""
    pages = max(1, -(-n // each))
    if pages == 1:
        return 0
    number = st.number_input(f"Page (1 to {pages:,}, {n:,} rows)", 1, pages, 1, key=key)
    return (int(number) - 1) * each


def nothing_scored() -> None:
    """What stands where no corpus is scored."""
    parts.nothing(
        "No corpus was scored here yet, and no study has made one. To score one, or to make a small town's:",
        ("eudaimon", "curate", "score", "FILES", "--out", "runs/scores"),
        ("eudaimon", "quickstart"),
    )


def as_table(name: str, rows: list[Row]) -> Table:
    """Rows as a table of a report, which knows how to be CSV."""
    header = tuple(rows[0]) if rows else ()
    return Table(name, header, tuple(tuple(row[key] for key in header) for row in rows))
