"""The terms of data sets that have some, shown the first time that a user trains on one."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from eudaimon.core import short_hash
from eudaimon.core.files import read_json, write_json
from eudaimon.train.em.archive import archived_terms, is_archive

REMEMBERED = "terms-shown.json"


def terms_of(path: str | Path, *, password: str | None = None, member: str | None = None) -> str:
    """The terms of a data file, or nothing where none are known.

    They are those that an archive carries itself, or else those of a known set, by the file's name. Raises as
    `read_lesson` for an archive that cannot be opened.
    """
    path = Path(path).expanduser()
    own = archived_terms(path, password=password) if is_archive(path) and path.is_file() else ""
    if own:
        return own.strip()
    named = {path.name.removesuffix(".gz").removesuffix(".zst"), Path(member or "").name}
    for known in _known().values():
        if named & {*known["archives"], *known["parts"]}:
            return str(known["text"]).strip()
    return ""


def new_terms(text: str) -> bool:
    """Whether these terms were not shown to this user before; from now on they were."""
    path = state_folder() / REMEMBERED
    seen: dict[str, str] = read_json(path) if path.is_file() else {}
    key = short_hash(text)
    if not text or key in seen:
        return False
    write_json(path, {**seen, key: datetime.now(UTC).date().isoformat()})
    return True


def state_folder() -> Path:
    """Where things that were said to a user are remembered: ``XDG_STATE_HOME`` or ``~/.local/state``."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "eudaimon"


@cache
def _known() -> dict[str, Any]:
    text = (files("eudaimon.train.em") / "terms.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
