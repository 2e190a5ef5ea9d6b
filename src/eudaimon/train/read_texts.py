"""Training texts from files, with the spans in them that teach nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.files import read_lines
from eudaimon.train.text import TrainText

ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
ROWS = 256


def read_texts(paths: str | Path | Iterable[str | Path]) -> Iterator[TrainText]:
    """The training texts of files in order, and of folders in the order of their files' names.

    A row has ``text``, and may have ``id`` (else file and number), ``no_loss`` (spans ``[start, end)`` of
    ``text`` in code points that are read and not learned), ``weight`` (1) and ``source``; other fields are
    passed over. So are written what `eudaimon curate apply` keeps (its folder ``kept``), and any JSON Lines
    or Parquet of texts. Memory does not grow with the files. Raises `BadRows` with file and row on a row that
    is no such text, and `UsageError` when a path leads to no such file.
    """
    for path in _files([paths] if isinstance(paths, str | Path) else list(paths)):
        for number, row in _rows(path):
            yield _text(row, path, number)


def _files(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        found = [path]
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.name.endswith(ENDINGS) and p.name[0] != ".")
        if not found or not all(p.is_file() and p.name.endswith(ENDINGS) for p in found):
            raise UsageError(
                f"{path} is no file of texts", right=f"files in {', '.join(ENDINGS)}, or a folder of them"
            )
        yield from found


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    if path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                names = set(TrainText.__slots__) & set(file.schema_arrow.names)
                number = 0
                for batch in file.iter_batches(ROWS, columns=sorted(names)):
                    for row in batch.to_pylist():
                        number += 1
                        yield number, row
        except (OSError, pyarrow.ArrowInvalid) as error:
            raise BadRows(f"{path}: {str(error).splitlines()[0]}", right="a whole Parquet file") from error
        return
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise BadRows(f"{path}, line {number}: not JSON ({error.msg})") from error


def _text(row: Any, path: Path, number: int) -> TrainText:
    text = row.get("text") if isinstance(row, Mapping) else None
    if not isinstance(text, str):
        raise BadRows(f"{path}, row {number}: there is no text", right='{"text": "...", "no_loss": [[0, 5]]}')
    try:
        return TrainText(
            str(row.get("id") or f"{path.name}:{number}"),
            text,
            no_loss=tuple((int(start), int(end)) for start, end in row.get("no_loss") or ()),
            weight=int(row.get("weight") or 1),
            source=str(row.get("source") or ""),
        )
    except (TypeError, ValueError) as error:
        raise BadRows(f"{path}, row {number}: {error}") from error
