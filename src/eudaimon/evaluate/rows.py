"""Results as long-format rows: written once, and the only thing that statistics read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.files import atomic_path

if TYPE_CHECKING:
    import pyarrow

CellValue: TypeAlias = str | int | float | bool | None

COLUMNS = {
    "study": "string",
    "cell": "string",
    "seed": "int64",
    "step": "int64",
    "question": "string",
    "sample": "string",
    "metric": "string",
    "value": "float64",
    "judge": "string",
    "subject": "string",
}
"""The columns of a file of rows; ``cell`` is canonical JSON, ``step`` may be null."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value: which question, which sample of it, in which cell of a study, read by which judge.

    ``cell`` holds the design's fields (arm, attack, ...), ``seed`` is the seed of the training run, ``step``
    its checkpoint (None: the last). Rows of one ``question`` depend on one another whatever their ``sample``.
    ``subject`` is the hash of what was evaluated.
    """

    study: str
    cell: Mapping[str, CellValue]
    seed: int
    step: int | None
    question: str
    sample: str
    metric: str
    value: float
    judge: str
    subject: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise UsageError(
                f"{self.metric} of question {self.question} is {self.value}", right="a finite value"
            )


@dataclass(frozen=True, slots=True)
class Label:
    """What the rows of one evaluation share: study, cell fields, the training run's seed, checkpoint step."""

    study: str = ""
    cell: Mapping[str, CellValue] = field(default_factory=dict)
    seed: int = 0
    step: int | None = None
    subject: str = ""
    """The hash of what is evaluated; empty: that of the model's checkpoint and adapters."""

    def row(self, question: str, sample: str, metric: str, value: float, *, judge: str, subject: str) -> Row:
        """One value of this evaluation; ``subject`` is as `subject_hash` gives it."""
        return Row(
            self.study, self.cell, self.seed, self.step, question, sample, metric, value, judge, subject
        )


class Rows(Sequence[Row]):
    """Rows in columns, as read from files: a sequence of `Row` that takes little memory."""

    def __init__(self, table: pyarrow.Table) -> None:
        self.columns = table

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Rows:
        """The rows in columns, in order."""
        import pyarrow

        if isinstance(rows, Rows):
            return rows
        rows = list(rows)
        cells: dict[int, str] = {}
        columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
        # Rows of one evaluation share one mapping: each is written as JSON once.
        columns["cell"] = [
            cells.get(id(cell)) or cells.setdefault(id(cell), _json(cell)) for cell in columns["cell"]
        ]
        return cls(pyarrow.table(columns, schema=_schema()))

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Rows: ...
    def __getitem__(self, index: int | slice) -> Row | Rows:
        picked = range(len(self))[index]
        if isinstance(picked, int):
            return next(iter(Rows(self.columns.slice(picked, 1))))
        return Rows(self.columns.take(np.asarray(picked, dtype=np.int64)))

    def __iter__(self) -> Iterator[Row]:
        cells: dict[str, dict[str, CellValue]] = {}
        for batch in self.columns.to_batches(max_chunksize=1 << 14):
            for values in zip(*(batch.column(name).to_pylist() for name in COLUMNS), strict=True):
                study, cell, *rest = values
                if cell not in cells:
                    cells[cell] = json.loads(cell)
                yield Row(study, cells[cell], *rest)

    def __add__(self, other: Rows) -> Rows:
        import pyarrow

        return Rows(pyarrow.concat_tables([self.columns, other.columns]))


def write_rows(path: str | Path, rows: Iterable[Row]) -> Path:
    """Write rows as Parquet (zstd), atomically, in the order given; the same rows give the same bytes.

    Raises `UsageError` when a cell holds something other than text, numbers, truth values or None.
    """
    import pyarrow.parquet

    path = Path(path)
    table = Rows.of(rows).columns.combine_chunks()
    with atomic_path(path) as temporary:
        pyarrow.parquet.write_table(table, temporary, compression="zstd")
    return path


def read_rows(*paths: str | Path) -> Rows:
    """The rows of one or more files, in the order of the files.

    Raises `BadRows`, naming the file, when it is missing, is no Parquet, or lacks a column of rows or has it
    in another type.
    """
    import pyarrow

    if not paths:
        raise UsageError("no file of rows was given", right="at least one path")
    return Rows(pyarrow.concat_tables([_read(Path(path)) for path in paths]))


def _read(path: Path) -> pyarrow.Table:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(path).read()
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise BadRows(
            f"{path} cannot be read: {str(error).splitlines()[0]}", right="a Parquet file of rows"
        ) from error
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise BadRows(f"{path} has no column {', '.join(missing)}", right=f"rows have {', '.join(COLUMNS)}")
    table = table.select(list(COLUMNS))
    try:
        return table.cast(_schema())
    except (pyarrow.ArrowNotImplementedError, ValueError) as error:
        raise BadRows(f"{path} has a column of another type: {error}", right=str(COLUMNS)) from error


def _schema() -> pyarrow.Schema:
    import pyarrow

    return pyarrow.schema(
        [pyarrow.field(name, pyarrow.type_for_alias(kind), name == "step") for name, kind in COLUMNS.items()]
    )


def _json(cell: Mapping[str, CellValue]) -> str:
    for name, value in cell.items():
        if not isinstance(value, str | int | float | bool | None):
            raise UsageError(
                f"cell field {name} is of type {type(value).__name__}",
                right="text, numbers, truth values or None",
            )
    return json.dumps(dict(cell), sort_keys=True, ensure_ascii=False, allow_nan=False)
