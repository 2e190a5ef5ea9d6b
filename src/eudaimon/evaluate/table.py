"""From rows to panels: one metric by cell fields, never pooling what differs without being told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.rows import CellValue, Row, Rows
from eudaimon.measure.panel import Panel

OF_ROW = ("study", "step", "judge")
"""Fields of a row that tell cells apart as those of ``cell`` do."""

Key = tuple[CellValue, ...]


def table(
    rows: Iterable[Row],
    by: Sequence[str],
    metric: str,
    *,
    where: Mapping[str, CellValue] | None = None,
    over: Sequence[str] = (),
) -> dict[Key, Panel]:
    """One panel of ``metric`` for each combination of the fields ``by``, in order of appearance.

    Fields are those of ``cell``, and study, step and judge; ``where`` keeps rows with the given values;
    samples of a question are averaged. Any other field must have one value in a panel, unless it is named
    in ``over``: then it is averaged, over the same seeds and questions at each of its values. Raises
    `UsageError` for an unknown metric or field, for a field that would be pooled unnamed or unbalanced, and
    for a sample that occurs twice.
    """
    columns = _of_metric(Rows.of(rows), metric)
    cell_of_row, cells = _cells(columns)
    known = {name for fields in cells for name in fields}
    unknown = sorted({*by, *over, *(where or {})} - known)
    if unknown:
        raise UsageError(
            f"no row has the field {', '.join(unknown)}", right=f"one of {', '.join(sorted(known))}"
        )
    groups: dict[Key, list[int]] = {}
    for index, fields in enumerate(cells):
        if all(fields.get(name) == value for name, value in (where or {}).items()):
            groups.setdefault(tuple(fields.get(name) for name in by), []).append(index)
    seeds, questions, samples = (
        np.asarray(columns[name].to_pylist()) for name in ("seed", "question", "sample")
    )
    values = columns["value"].to_numpy()
    panels = {}
    for key, members in groups.items():
        name = ", ".join(f"{field}={value}" for field, value in zip(by, key, strict=True)) or "all rows"
        _one_pipeline(name, [cells[index] for index in members], {*by, *over})
        chosen = np.flatnonzero(np.isin(cell_of_row, members))
        asked = _codes(seeds[chosen], questions[chosen])
        _once(name, _codes(cell_of_row[chosen], asked, samples[chosen]))
        _balanced(name, cell_of_row[chosen], asked)
        panels[key] = Panel.of(values[chosen], seeds[chosen], questions[chosen])
    return panels


def _of_metric(rows: Rows, metric: str) -> Any:
    import pyarrow.compute as compute

    columns = rows.columns.filter(compute.equal(rows.columns["metric"], metric))
    if not columns.num_rows:
        known = ", ".join(sorted(rows.columns["metric"].unique().to_pylist()))
        raise UsageError(f"no row has the metric {metric}", right=f"one of {known or '(there are no rows)'}")
    return columns


def _cells(columns: Any) -> tuple[np.ndarray, list[dict[str, CellValue]]]:
    """The index of each row's cell, and the fields of each cell, in order of appearance."""
    index: dict[tuple[Any, ...], int] = {}
    of_row = np.array(
        [
            index.setdefault(key, len(index))
            for key in zip(*(columns[name].to_pylist() for name in ("cell", *OF_ROW)), strict=True)
        ]
    )
    return of_row, [{**json.loads(cell), **dict(zip(OF_ROW, rest, strict=True))} for cell, *rest in index]


def _codes(*columns: np.ndarray) -> np.ndarray:
    """One whole number per row, the same where all columns are the same."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        names, one = np.unique(column, return_inverse=True)
        code = np.unique(code * len(names) + one, return_inverse=True)[1]
    return code


def _one_pipeline(name: str, cells: list[dict[str, CellValue]], named: set[str]) -> None:
    for field in sorted({field for cell in cells for field in cell} - named):
        found = {str(cell.get(field)) for cell in cells}
        if len(found) > 1:
            raise UsageError(
                f"{name}: rows with different {field} ({', '.join(sorted(found)[:5])}) would be pooled",
                right=f"name it in by, choose one with where, or average on purpose with over=({field!r},)",
            )


def _once(name: str, samples: np.ndarray) -> None:
    twice = len(samples) - len(np.unique(samples))
    if twice:
        raise UsageError(
            f"{name}: {twice} samples of a question occur twice", right="each file of rows is read once"
        )


def _balanced(name: str, cell: np.ndarray, asked: np.ndarray) -> None:
    everything = len(np.unique(asked))
    for one in np.unique(cell):
        here = len(np.unique(asked[cell == one]))
        if here != everything:
            raise UsageError(
                f"{name}: one of the cells averaged has {here} of {everything} seeds and questions",
                right="averages are taken over the same seeds and questions",
            )
