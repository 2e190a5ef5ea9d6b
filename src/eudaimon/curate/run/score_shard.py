"""One shard scored into its folder, in batches, so that memory does not grow with it."""

from __future__ import annotations

import hashlib
import json
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.errors import EudaimonError
from eudaimon.core.files import as_json_text
from eudaimon.curate import arrow
from eudaimon.curate.run.folder import COSTS, DONE, IDS, QUARANTINE, SCORES, file_hashes
from eudaimon.curate.run.plan import Plan
from eudaimon.curate.score_table import WHOLE, score_schema, score_writer
from eudaimon.curate.scorer import Scorer, StageCost
from eudaimon.curate.sources.read import read_shard
from eudaimon.curate.sources.record import BadRecord
from eudaimon.curate.sources.shard import Shard

if TYPE_CHECKING:
    import pyarrow

BATCH_DOCUMENTS = 512
BATCH_CHARACTERS = 1 << 20
GROUP_ROWS, GROUP_CHARACTERS = 1 << 15, 1 << 25
"""Rows of a row group, of which each worker holds one: about what 1 to 5 thousand documents have; and their
characters, of which a worker that applies a policy at once holds the text."""

Heard = Callable[[int, int], None]
Group: TypeAlias = "Callable[[list[Document], pyarrow.Table], None]"
"""Told of a row group that has been written: its documents, and their scores."""


@dataclass
class _Counts:
    documents: int = 0
    segments: int = 0
    characters: int = 0
    errors: int = 0
    quarantined: int = 0


def score_shard(
    plan: Plan,
    shard: Shard,
    scorer: Scorer,
    out: Path,
    heard: Heard | None = None,
    group: Group | None = None,
) -> None:
    """Score a shard into the folder ``out``, ``done.json`` last: a new one, of `atomic_folder`.

    ``heard`` is told documents and characters done so far, after every batch, and ``group`` of every row
    group in order. Batches depend on the shard alone, so the same scorer gives the same bytes. Raises
    `BadScores` when the scorer returns another table than one with a row for each document, in order.
    """
    began, cpu, before = time.monotonic(), time.process_time(), scorer.costs()
    counts, ids = _Counts(), array("Q")
    with (
        score_writer(out / SCORES) as writer,
        (out / QUARANTINE).open("w", encoding="utf-8", newline="\n") as quarantine,
    ):
        waiting: list[pyarrow.Table] = []
        held: list[Document] = []
        characters = 0

        def write() -> None:
            table = _write(writer, waiting)
            if group:
                group(held, table)
            held.clear()

        for batch in _batches(plan, shard, counts, quarantine):
            table = _scored(scorer, batch)
            ids.extend(id_hash(document.id) for document in batch)
            counts.documents += len(batch)
            counts.segments += table.num_rows - len(batch)
            size = sum(len(document.text) for document in batch)
            counts.characters += size
            counts.errors += _n_errors(table)
            waiting.append(table)
            characters += size
            if group:
                held += batch
            if sum(each.num_rows for each in waiting) >= GROUP_ROWS or characters >= GROUP_CHARACTERS:
                write()
                characters = 0
            if heard:
                heard(counts.documents, counts.characters)
        if waiting:
            write()
    (out / IDS).write_bytes(np.frombuffer(ids, dtype="u8").astype("<u8").tobytes())
    stages = [asdict(cost) for cost in _since(before, scorer.costs())]
    spent = {"cpu_seconds": time.process_time() - cpu, "seconds": time.monotonic() - began}
    done = {
        "shard": shard.id,
        "config": plan.config(shard),
        **asdict(counts),
        "files": file_hashes(out, (SCORES, QUARANTINE, IDS)),
    }
    for name, value in ((COSTS, {"stages": stages, **spent}), (DONE, done)):
        # The folder reaches the disk as a whole: no need to wait for it at every file.
        (out / name).write_text(as_json_text(value), encoding="utf-8", newline="\n")


class BadScores(EudaimonError):
    """A scorer did not keep its word: its table has not one row for each document, in order."""


def id_hash(name: str) -> int:
    """64 bits of a document's id, by which ids that repeat are found."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def documents_of(plan: Plan, shard: Shard) -> Iterator[Document]:
    """The documents of a shard in the order of their scores."""
    for record in read_shard(shard, plan.fields, plan.reading):
        if isinstance(record, Document):
            yield record


def _batches(plan: Plan, shard: Shard, counts: _Counts, quarantine: Any) -> Iterator[list[Document]]:
    batch: list[Document] = []
    size = 0
    for record in read_shard(shard, plan.fields, plan.reading):
        if isinstance(record, BadRecord):
            counts.quarantined += 1
            row = {"shard": shard.id, **asdict(record)}
            quarantine.write(json.dumps(row, sort_keys=True) + "\n")
            continue
        batch.append(record)
        size += len(record.text)
        if len(batch) == BATCH_DOCUMENTS or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _scored(scorer: Scorer, batch: Sequence[Document]) -> pyarrow.Table:

    table = scorer.score(batch)
    if table.schema != score_schema():
        table = table.cast(score_schema())
    heads = table["document"].filter(arrow.truths(arrow.to_numpy(table["segment"]) == WHOLE))
    if heads.to_pylist() != [document.id for document in batch]:
        raise BadScores(
            f"the scorer returned {len(heads)} documents for {len(batch)}, or others",
            right="one row for each document, in order, and those of its segments after it",
        )
    return table


def _n_errors(table: pyarrow.Table) -> int:
    heads = arrow.to_numpy(table["segment"]) == WHOLE
    return int((heads & ~arrow.among(table["error"], ("", None))).sum())


def _write(writer: pyarrow.parquet.ParquetWriter, waiting: list[pyarrow.Table]) -> pyarrow.Table:
    """Write the tables as one row group; that table."""
    import pyarrow

    table = pyarrow.concat_tables(waiting).unify_dictionaries()
    writer.write_table(table, row_group_size=max(1, table.num_rows))
    waiting.clear()
    return table


def _since(before: Sequence[StageCost], after: Sequence[StageCost]) -> Iterator[StageCost]:
    """What each stage did meanwhile; a worker scores many shards with one scorer."""
    known = {cost.stage: cost for cost in before}
    for cost in after:
        was = known.get(cost.stage, StageCost(cost.stage))
        yield replace(
            cost,
            documents=cost.documents - was.documents,
            segments=cost.segments - was.segments,
            characters=cost.characters - was.characters,
            cpu_seconds=cost.cpu_seconds - was.cpu_seconds,
            changed=cost.changed - was.changed,
        )
