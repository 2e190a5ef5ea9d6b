"""Constitutions into files, and the page on which a new one is begun."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import yaml

from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_text
from eudaimon.data.constitutions.constitution import Constitution
from eudaimon.data.constitutions.read import parse_constitution


def write_constitution(constitution: Constitution, path: str | Path) -> Path:
    """Write our YAML, atomically, and return the path; `read_constitution` gives back an equal value."""
    text = yaml.safe_dump(constitution.record(), sort_keys=False, allow_unicode=True, width=110)
    return write_text(path, text)


def begin_constitution(name: str, path: str | Path) -> Path:
    """Write a page with an example trait to write over, and return its path.

    Raises `UsageError` when the file is there already, `BadRows` on a name with other signs than letters,
    digits, ``-`` and ``_``.
    """
    path = Path(path)
    if path.exists():
        raise UsageError(f"{path} is there already", right="a new file", do="--out FILE")
    page = (files("eudaimon.data.constitutions") / "new.yaml").read_text(encoding="utf-8")
    page = page.replace("NAME", name)
    parse_constitution(page, f"a constitution of the name {name!r}", name)
    return write_text(path, page)
