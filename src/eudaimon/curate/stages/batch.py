"""A batch: documents, their segments, and the columns that stages have filled so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from jaxtyping import Shaped

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate import arrow
from eudaimon.curate.score_table import HARM, TRAIT, WHOLE, plain, score_schema
from eudaimon.curate.scores import source_of
from eudaimon.curate.stages.span_bytes import hash_column, span_bytes
from eudaimon.curate.stages.spans import Names, Segmenter, Spans, spans_of
from eudaimon.curate.taxonomy import STANCES, SUBJECTS

if TYPE_CHECKING:
    import pyarrow

CODED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"stance": STANCES, "frame": STANCES, "subject": SUBJECTS}
)
"""Columns of codes, and the names that the codes index; -1 is not scored."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Documents with their segments and ``columns``, one array of a value per segment by name.

    ``harm_<category>``, ``severity``, ``hazard`` and ``trait_<name>`` are floats, NaN where not scored;
    ``stance``, ``frame`` and ``subject`` are codes of `CODED`, and ``stage`` is the number of the stage whose
    word stands, -1 where there is none. Any other name is what one stage tells a later
    one, and does not reach the table. ``errors`` are those of whole documents, by number.
    """

    documents: tuple[Document, ...]
    spans: Spans
    columns: Mapping[str, Shaped[np.ndarray, " rows"]] = field(default_factory=dict)
    errors: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, documents: Sequence[Document], segmenter: Segmenter | None = None) -> Batch:
        """The batch of these documents with their segments, nothing scored; see `spans_of`."""
        spans = spans_of(documents, segmenter)
        return cls(tuple(documents), spans, {}, spans.errors)

    def having(self, columns: Mapping[str, Shaped[np.ndarray, " rows"]]) -> Batch:
        """The batch with these columns added, or in place of those of the same name.

        Raises `UsageError` for a column of another length.
        """
        for name, values in columns.items():
            if len(values) != len(self.spans):
                raise UsageError(
                    f"column {name} has {len(values)} values for {len(self.spans)} segments",
                    right="one value a segment",
                )
        return replace(self, columns={**self.columns, **columns})

    def failing(self, errors: Mapping[int, str]) -> Batch:
        """The batch with errors of more documents, by number; the first error of a document stays."""
        return replace(self, errors={**errors, **self.errors})

    def only(self, number: int) -> Batch:
        """The batch of one of its documents."""
        low, high = int(self.spans.first[number]), int(self.spans.first[number + 1])
        errors = {0: self.errors[number]} if number in self.errors else {}
        columns = {name: values[low:high] for name, values in self.columns.items()}
        return Batch((self.documents[number],), self.spans.only(number), columns, errors)

    def joined(self, parts: Sequence[Batch]) -> Batch:
        """This batch with the columns of its documents' own batches, in order, and their errors.

        A column that a part lacks is not scored there.
        """
        dtypes = {name: values.dtype for part in parts for name, values in part.columns.items()}
        columns = {
            name: np.concatenate(
                [
                    part.columns.get(
                        name, np.full(len(part.spans), -1 if dtype.kind == "i" else np.nan, dtype)
                    )
                    for part in parts
                ]
            )
            for name, dtype in dtypes.items()
        }
        errors = {number: part.errors[0] for number, part in enumerate(parts) if part.errors}
        return replace(self, columns=columns).failing(errors)

    def replaced(self, numbers: Sequence[int], other: Batch) -> Batch:
        """This batch with what ``other`` has of the documents of these numbers, in order."""
        spans, rows = self.spans.replaced(np.array(numbers, dtype=np.int64), other.spans)
        columns = {
            name: np.concatenate([_or_nothing(self, name, other), _or_nothing(other, name, self)])[rows]
            for name in dict.fromkeys((*self.columns, *other.columns))
        }
        errors = {number: reason for number, reason in self.errors.items() if number not in numbers}
        errors |= {numbers[k]: reason for k, reason in other.errors.items()}
        return Batch(self.documents, spans, columns, errors)

    def table(self, model: str) -> pyarrow.Table:
        """The table of scores: a row for each document, and those of its segments after it."""
        return _table(self, model)


class Stage(Protocol):
    """One step of scoring: fills or changes columns of every batch, and leaves documents as they are."""

    @property
    def name(self) -> str:
        """The stage as reports call it."""
        ...

    @property
    def hash(self) -> str:
        """Identity of its model and settings: 16 hex digits."""
        ...

    def run(self, batch: Batch) -> Batch:
        """The batch with what the stage found."""
        ...


@cache
def number_columns() -> tuple[str, ...]:
    """The names of all columns of floats that reach the table, in its order."""
    names = score_schema().names
    return tuple(n for n in names if n in ("severity", "hazard") or n.startswith((HARM, TRAIT)))


def _or_nothing(batch: Batch, name: str, like: Batch) -> Shaped[np.ndarray, " rows"]:
    """A column, or what stands for not scored in a column as ``like`` has it."""
    if name in batch.columns:
        return batch.columns[name]
    dtype = like.columns[name].dtype
    return np.full(len(batch.spans), -1 if dtype.kind == "i" else np.nan, dtype=dtype)


def _table(batch: Batch, model: str) -> pyarrow.Table:
    """Segments' values are scattered into rows that leave one before each document's."""
    import pyarrow

    spans, documents = batch.spans, batch.documents
    counts = np.diff(spans.first)
    heads = spans.first[:-1] + np.arange(len(documents))
    places = np.arange(len(spans)) + spans.document + 1
    n = len(spans) + len(documents)

    def spread(values: np.ndarray, head: Any = 0) -> np.ndarray:
        wide = np.full(n, head, dtype=values.dtype)
        wide[places] = values
        return wide

    is_head = np.zeros(n, dtype=bool)
    is_head[heads] = True
    of = span_bytes(spans)
    low, high = spread(of.low), spread(of.high)
    low[heads], high[heads] = of.texts[:-1], of.texts[1:]
    whole_counts = np.zeros(n, dtype=np.int32)
    whole_counts[heads] = counts
    owner = np.repeat(np.arange(len(documents), dtype=np.int32), counts + 1)
    parent = spread(spans.parent, -1)
    columns: dict[str, Any] = {
        "document": arrow.coded(owner, [plain(document.id) for document in documents]).cast(pyarrow.string()),
        "segment": arrow.numbers(spread(spans.index.astype(np.int32), WHOLE)),
        "n_segments": arrow.numbers(whole_counts, ~is_head),
        "start": arrow.numbers(spread(spans.start), is_head),
        "end": arrow.numbers(spread(spans.end), is_head),
        "span_hash": hash_column(of.encoded, low, high, is_head),
        "parent": arrow.numbers(parent, parent < 0),
        "voice": _coded(spread(spans.voice.codes), spans.voice.values, is_head),
        "persona": _coded(spread(spans.persona.codes), spans.persona.values, is_head),
        "model": _coded(np.zeros(n, dtype=np.int32), (model,), ~is_head),
    }
    sources = Names.of(source_of(document) for document in documents)
    source_codes = np.zeros(n, dtype=np.int32)
    source_codes[heads] = sources.codes
    columns["source"] = _coded(source_codes, sources.values, ~is_head)
    errors = Names.of(["", *(batch.errors.get(number, "") for number in range(len(documents)))])
    error_codes = np.zeros(n, dtype=np.int32)
    error_codes[heads] = errors.codes[1:]
    columns["error"] = _coded(error_codes, errors.values, np.zeros(n, dtype=bool))
    for name, values in CODED.items():
        given = batch.columns.get(name)
        codes = np.full(n, -1, dtype=np.int32) if given is None else spread(given.astype(np.int32), -1)
        columns[name] = _coded(codes, values, codes < 0)
    stage = batch.columns.get("stage")
    stages = np.full(n, -1, dtype=np.int8) if stage is None else spread(stage.astype(np.int8), -1)
    columns["stage"] = arrow.numbers(stages, stages < 0)
    nothing = pyarrow.nulls(n, pyarrow.float64())
    for name in number_columns():
        given = batch.columns.get(name)
        if given is None:
            columns[name] = nothing
        else:
            wide = spread(np.asarray(given, dtype=np.float64), np.nan)
            columns[name] = arrow.numbers(wide, np.isnan(wide))
    schema = score_schema()
    return pyarrow.table([columns[name] for name in schema.names], schema=schema)


def _coded(codes: np.ndarray, values: Sequence[str], null: np.ndarray) -> pyarrow.Array:
    return arrow.coded(codes, [plain(value) for value in values], null)
