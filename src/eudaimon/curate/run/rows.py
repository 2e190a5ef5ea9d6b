"""The rows of a file that curate wrote, JSON Lines or Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eudaimon.core.compressed import DamagedFile, byte_lines
from eudaimon.core.errors import BadRows

REST = "metadata"
ROWS = 256


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file in order, what stands as JSON in a table's column ``metadata`` unfolded.

    Raises `BadRows` with file and place where the file is cut off or is not what its name says.
    """
    if path.suffix == ".parquet":
        yield from _of_parquet(path)
        return
    import orjson

    number = 0
    try:
        for line in byte_lines(path):
            number += 1
            yield orjson.loads(line)
    except DamagedFile as error:
        raise BadRows(f"{path}, after line {number}: {error}", right="a whole file") from error
    except orjson.JSONDecodeError as error:
        raise BadRows(f"{path}, line {number}: {error}", right="a row that curate wrote") from error


def _of_parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS):
                for row in batch.to_pylist():
                    rest = row.pop(REST, None)
                    yield {**json.loads(rest or "{}"), **row}
    except (OSError, pyarrow.ArrowInvalid, json.JSONDecodeError) as error:
        raise BadRows(f"{path}: {str(error).splitlines()[0]}", right="a whole file") from error
