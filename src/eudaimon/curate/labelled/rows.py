"""The rows of a user's file, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eudaimon.core.errors import BadRows
from eudaimon.data.rows import Problem, raw_rows


def rows(path: str | Path, *needed: str) -> Iterator[dict[str, Any]]:
    """The rows of a JSON Lines, CSV or Parquet file; fields of ``metadata`` stand beside the others.

    Raises `BadRows`, naming file and line, for a row that cannot be parsed or lacks a field that is needed.
    """
    path = Path(path)
    for row in raw_rows(path):
        if isinstance(row, Problem):
            raise BadRows(f"{path}, line {row.line}: {row.reason}", right="whole rows")
        about = row.values.get("metadata")
        values = {**about, **row.values} if isinstance(about, dict) else row.values
        if missing := [name for name in needed if values.get(name) is None]:
            raise BadRows(
                f"{path}, line {row.line}: no {' and no '.join(missing)}",
                right=f"rows with {', '.join(needed)}",
            )
        yield values
