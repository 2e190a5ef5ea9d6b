"""Rows that are made a round at a time and kept at once: a killed run goes on and ends with the same file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from eudaimon.core import BadRows, UsageError, progress
from eudaimon.core.files import read_lines, write_jsonl

Row: TypeAlias = dict[str, Any]
Make: TypeAlias = Callable[[Sequence[Row]], Sequence[Mapping[str, Any]]]
PART = ".part"


def keep_rows(
    path: Path, asked: Sequence[Row], make: Make, *, at_once: int, label: str, show_progress: bool = True
) -> list[Row]:
    """Each row of ``asked`` with what ``make`` adds to it, in order, also as the JSON Lines file ``path``.

    ``make`` gets ``at_once`` rows at a time, always the same ones together. What it gives is appended to
    ``path.part`` and synced; a killed run drops a round that was cut off and makes it again. Raises
    `UsageError` when a file is there whose rows were asked otherwise, and what ``make`` raises.
    """
    asked = json.loads(json.dumps(list(asked)))
    if path.exists():
        rows = _read(path)
        _require(path, rows, asked, whole=True)
        return rows
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    rows = _kept(part, asked, at_once)
    with (
        progress(label, len(asked), "rows", enabled=show_progress) as advance,
        part.open("ab") as stream,
    ):
        advance(len(rows))
        for start in range(len(rows), len(asked), at_once):
            batch = asked[start : start + at_once]
            made = [{**row, **new} for row, new in zip(batch, make(batch), strict=True)]
            text = "".join(json.dumps(row, sort_keys=True, ensure_ascii=True) + "\n" for row in made)
            stream.write(text.encode("ascii"))
            stream.flush()
            os.fsync(stream.fileno())
            rows += made
            advance(len(made))
    write_jsonl(path, rows)
    part.unlink()
    return rows


def _kept(part: Path, asked: Sequence[Row], at_once: int) -> list[Row]:
    """The rows of the whole rounds in a file that a killed run left; what follows them is cut off."""
    if not part.exists():
        return []
    content = part.read_bytes()
    lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    n = len(lines) if len(lines) == len(asked) else len(lines) // at_once * at_once
    rows = [_row(part, number, line) for number, line in enumerate(lines[:n], start=1)]
    _require(part, rows, asked, whole=False)
    os.truncate(part, sum(map(len, lines[:n])))
    return rows


def _read(path: Path) -> list[Row]:
    return [_row(path, number, line) for number, line in read_lines(path)]


def _row(path: Path, number: int, line: str | bytes) -> Row:
    try:
        row: Row = json.loads(line)
    except ValueError as error:
        raise BadRows(
            f"{path}, line {number} is no JSON: {error}", right="a file that this run wrote"
        ) from error
    return row


def _require(path: Path, rows: Sequence[Row], asked: Sequence[Row], *, whole: bool) -> None:
    if len(rows) > len(asked) or (whole and len(rows) != len(asked)):
        raise UsageError(f"{path} has {len(rows)} rows", right=f"{len(asked)}, or a new folder")
    for number, (row, wanted) in enumerate(zip(rows, asked, strict=False), start=1):
        other = next(_differences(row, wanted), None)
        if other:
            raise UsageError(
                f"{path}, line {number} was asked otherwise: another {other}",
                right="the same constitution, models, recipe and seed",
                do="--out FOLDER, a new one",
            )


def _differences(row: Row, wanted: Row) -> Iterator[str]:
    return (name for name, value in wanted.items() if row.get(name) != value)
