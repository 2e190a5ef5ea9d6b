"""A corpus on disk: shards of documents, and beside them the oracle labels as dolma attributes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from eudaimon.core.document import DISTANT, Document, Segment
from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.files import atomic_path, read_json, read_lines, sha256_file, write_json, write_jsonl
from eudaimon.core.progress import progress
from eudaimon.world.world import World

Format: TypeAlias = Literal["jsonl.zst", "jsonl.gz", "jsonl", "parquet"]
DOCUMENTS, ATTRIBUTES, PLAN, MANIFEST = "documents", "attributes/oracle", "plan.json", "manifest.json"


def write_world(
    world: World, folder: str | Path, n: int, format: Format = "jsonl.zst", *, shards: int = 1
) -> Path:
    """Write the first ``n`` documents of a world into ``folder`` and return it; the manifest comes last.

    ``documents/`` holds rows ``{"id", "text", "source", "metadata", "segments"}``, ``attributes/oracle/`` for
    each of its files one of the same name with rows ``{"id", "attributes"}``: character spans
    ``[start, end, score]`` under ``oracle__bad`` (a bad voice; the score is its harm), ``oracle__depicted``
    (harm that a frame depicts or condemns) and ``oracle__<persona>`` (1). Shards are whole or absent, and the
    same call goes on where it was interrupted. Raises `UsageError` when the folder holds another corpus, on
    an unknown format, a negative ``n``, and fewer than one shard.
    """
    if format not in get_args(Format):
        raise UsageError(f"there is no format {format!r}", right=f"one of: {', '.join(get_args(Format))}")
    if n < 0 or shards < 1:
        raise UsageError(f"{n} documents in {shards} shards", right="0 documents or more, in 1 shard or more")
    folder = Path(folder)
    plan = {"world": world.model_dump(mode="json"), "n": n, "format": format, "shards": shards}
    _begin(folder, plan)
    hashes: dict[str, str] = {}
    with progress("writing documents", n, "documents") as advance:
        for shard in range(shards):
            first, end = n * shard // shards, n * (shard + 1) // shards
            name = f"part-{shard:05d}-of-{shards:05d}.{format}"
            paths = [folder / place / name for place in (DOCUMENTS, ATTRIBUTES)]
            if not all(path.is_file() for path in paths):
                documents = list(world.documents(end - first, first))
                _write_rows(paths[0], [_row(document) for document in documents], format)
                _write_rows(paths[1], [attributes(document) for document in documents], format)
            hashes.update({f"{path.relative_to(folder)}": sha256_file(path) for path in paths})
            advance(end - first)
    write_json(folder / MANIFEST, {**plan, "files": hashes})
    return folder


def read_world(folder: str | Path) -> Iterator[Document]:
    """The documents of a folder that `write_world` wrote, in order, with their segments.

    Raises `UsageError` when the folder is not whole.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        raise UsageError(
            f"{folder} holds no whole corpus", right="a folder with manifest.json", do="eudaimon world write"
        )
    for name in read_json(folder / MANIFEST)["files"]:
        if name.startswith(DOCUMENTS):
            for row in _read_rows(folder / name):
                segments = tuple(Segment(**segment) for segment in row["segments"])
                yield Document(row["id"], row["text"], row["metadata"], segments)


def attributes(document: Document) -> dict[str, Any]:
    """The document's segments as one row of a dolma attribute file; raises `ValueError` when it has none."""
    if document.segments is None:
        raise ValueError(f"document {document.id} has no segments: its voices are not known")
    found: dict[str, list[list[float]]] = {"oracle__bad": [], "oracle__depicted": []}
    for segment in document.segments:
        span: list[float] = [segment.start, segment.end]
        if segment.bad:
            found["oracle__bad"].append([*span, segment.harm])
        elif segment.harm > 0 and (segment.frame in DISTANT or segment.stance in DISTANT):
            found["oracle__depicted"].append([*span, segment.harm])
        if segment.persona:
            found.setdefault(f"oracle__{segment.persona}", []).append([*span, 1.0])
    return {"id": document.id, "attributes": found}


def _begin(folder: Path, plan: dict[str, Any]) -> None:
    """Claim the folder for this corpus; what another one left there is never mixed with it."""
    try:
        there = read_json(folder / PLAN) if (folder / PLAN).is_file() else None
    except ValueError as error:
        raise BadRows(f"{folder / PLAN} is damaged", do=f"remove {folder}") from error
    if there is not None and there != plan:
        differs = ", ".join(key for key in plan if plan[key] != there.get(key))
        raise UsageError(
            f"{folder} holds another corpus ({differs} differ)", right="the same options, or another folder"
        )
    if there is None:
        if folder.is_dir() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty", right="a new or empty folder")
        write_json(folder / PLAN, plan)


def _row(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "text": document.text,
        "source": document.metadata["source"],
        "metadata": dict(document.metadata),
        "segments": [asdict(segment) for segment in document.segments or ()],
    }


def _write_rows(path: Path, rows: Sequence[dict[str, Any]], format: Format) -> None:
    if format != "parquet":
        write_jsonl(path, rows)
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([_flat(row) for row in rows], schema=_schema(path.parent.name))
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _read_rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        yield from pq.read_table(path).to_pylist()
        return
    import json

    for number, line in read_lines(path):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise BadRows(
                f"{path}, line {number}: no JSON", right="a file that `world write` wrote"
            ) from error


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Attributes as pairs, which Arrow's maps are made of."""
    return {**row, "attributes": list(row["attributes"].items())} if "attributes" in row else row


def _schema(folder: str) -> Any:
    import pyarrow as pa

    if folder != DOCUMENTS:
        spans = pa.list_(pa.list_(pa.float64()))
        return pa.schema([("id", pa.string()), ("attributes", pa.map_(pa.string(), spans))])
    metadata = pa.struct([(name, pa.string()) for name in ("kind", "domain", "source", "split")])
    kinds = {"start": pa.int64(), "end": pa.int64(), "harm": pa.float64(), "parent": pa.int64()}
    segment = pa.struct([(name, kinds.get(name, pa.string())) for name in Segment.__dataclass_fields__])
    return pa.schema(
        [
            ("id", pa.string()),
            ("text", pa.string()),
            ("source", pa.string()),
            ("metadata", metadata),
            ("segments", pa.list_(segment)),
        ]
    )
