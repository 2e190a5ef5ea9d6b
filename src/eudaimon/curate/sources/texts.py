"""Plain text: one document a file."""

from __future__ import annotations

from collections.abc import Iterator

from eudaimon.core.document import Document
from eudaimon.curate.sources.formats import Ranges
from eudaimon.curate.sources.listing import listing
from eudaimon.curate.sources.location import open_bytes
from eudaimon.curate.sources.record import BadRecord, Fields, Problem, Reading, as_document, shown
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.source_file import SourceFile
from eudaimon.curate.sources.stream import Stream, compression_of
from eudaimon.curate.sources.unpack import Damaged


def ranges(file: SourceFile, shard_bytes: int) -> Ranges:
    """Ranges of a folder's files in the order of their names, with about ``shard_bytes`` together."""
    found: list[tuple[int, int | None]] = []
    start = held = 0
    for k, (_, _, size) in enumerate(listing(file.url, file.only)):
        if held and held + size > shard_bytes:
            found.append((start, k))
            start, held = k, 0
        held += max(1, size)
    return [*found, (start, None)]


def read(shard: Shard, fields: Fields, reading: Reading) -> Iterator[Document | BadRecord]:
    """The documents of a shard's files, each with the file's path as its id; a bad record names the file."""
    file = shard.file
    for url, name, _ in listing(file.url, file.only)[shard.start : shard.stop]:
        raw, wrong = _content(url, reading.longest)
        made: Document | tuple[Problem, str] = wrong or ("length", "")
        if wrong is None:
            made = _document(raw, name if url == file.url else f"{file.name}/{name}", file, fields, reading)
        if isinstance(made, Document):
            yield made
        else:
            yield BadRecord(url, 0, made[1], shown(raw), made[0])


def _document(
    raw: bytes, id: str, file: SourceFile, fields: Fields, reading: Reading
) -> Document | tuple[Problem, str]:
    try:
        text = raw.decode("utf-8-sig", "strict" if reading.errors == "quarantine" else "replace")
    except UnicodeDecodeError as error:
        return "encoding", f"not UTF-8 at byte {error.start}: {error.reason}"
    return as_document({fields.text: text, fields.id: id}, file.stem, 0, fields)


def _content(url: str, longest: int) -> tuple[bytes, tuple[Problem, str] | None]:
    """The bytes of a file, decompressed, and what is wrong with them."""
    with open_bytes(url) as file:
        compression = compression_of(url, file.read(1 << 12))
    parts, size = [], 0
    with Stream(url, compression) as stream:
        try:
            while block := stream.block():
                parts.append(block)
                size += len(block)
                if size > longest:
                    return parts[0], ("length", f"a file of more than {longest:,} bytes is over the limit")
        except Damaged as damage:
            return b"".join(parts), ("damage", str(damage))
    return b"".join(parts), None
