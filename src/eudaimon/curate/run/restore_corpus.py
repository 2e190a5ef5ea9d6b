"""A whole corpus proved: what was kept and what was removed are together what was scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eudaimon.core.progress import progress
from eudaimon.curate.restore import TextLost, restore
from eudaimon.curate.run.applied_rows import applied_of, document_of
from eudaimon.curate.run.apply_folder import ApplyFolder
from eudaimon.curate.run.rows import read_rows
from eudaimon.curate.sources.write import RecordWriter


@dataclass(frozen=True)
class Restored:
    """What was proved: all documents of the folder, their characters, and the pieces that were put back."""

    documents: int
    characters: int
    pieces: int
    out: Path | None = None


def restore_corpus(
    folder: str | Path, out: str | Path | None = None, *, show_progress: bool = True
) -> Restored:
    """Weave kept and removed text together again, every document, and compare it with the hash of what was
    scored; with ``out``, write the records there too, a JSON Lines file a shard.

    Texts come back byte for byte, the record's other fields as they were read. Raises `TextLost`, naming
    shard and document, on any piece that is missing, changed or too many, and `UsageError` for a folder that
    is not finished.
    """
    source = ApplyFolder(folder)
    manifest = source.manifest()
    writer = RecordWriter(Path(out)) if out is not None else None
    documents = characters = pieces = 0
    with progress("restoring", len(manifest["shards"]), "shards", enabled=show_progress) as advance:
        for shard in manifest["shards"]:
            if told := source.damage(shard["id"]):
                raise TextLost(told, right="the files of one run, unchanged")
            with ExitStack() as stack:
                write = stack.enter_context(writer.open(shard["id"])) if writer else None
                found = 0
                for row, removed in _documents(source, shard["id"], manifest["format"]):
                    text = restore(applied_of(row, removed))
                    found, characters = found + 1, characters + len(text)
                    pieces += len(removed)
                    if write:
                        write(_record(row, removed, text))
                if found != shard["documents"]:
                    raise TextLost(f"{shard['id']} has {found} of {shard['documents']} documents")
                documents += found
            advance()
    return Restored(documents, characters, pieces, Path(out) if out is not None else None)


_Row = Mapping[str, Any]


def _documents(source: ApplyFolder, key: str, format: str) -> Iterator[tuple[_Row | None, list[_Row]]]:
    """Every document of a shard in order: its kept row, if there is one, and what was removed of it."""
    kept, removed = read_rows(source.kept(key, format)), read_rows(source.removed(key))
    row, gone = next(kept, None), next(removed, None)
    place = 0
    while row is not None or gone is not None:
        own = row if row is not None and row["curate"]["record"] == place else None
        pieces: list[_Row] = []
        while gone is not None and gone["record"] == place:
            pieces.append(gone)
            gone = next(removed, None)
        whole = [piece for piece in pieces if piece.get("whole")]
        if (own is None) != bool(whole) or (whole and len(pieces) > 1):
            raise TextLost(f"{key}: document {place} is missing, or comes twice")
        yield own, pieces
        if own is not None:
            row = next(kept, None)
        place += 1


def _record(row: _Row | None, removed: list[_Row], text: str) -> dict[str, Any]:
    if row is not None:
        name, _, metadata = document_of(row)
    else:
        name, metadata = removed[0]["id"], removed[0]["metadata"]
    return {**metadata, "id": name, "text": text}
