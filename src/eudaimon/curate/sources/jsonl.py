"""JSON Lines: one record a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from eudaimon.core.document import Document
from eudaimon.curate.sources.formats import Ranges
from eudaimon.curate.sources.forward import stream_before
from eudaimon.curate.sources.lines import Unread, owned_lines
from eudaimon.curate.sources.ranges import byte_ranges
from eudaimon.curate.sources.record import BadRecord, Fields, Reading, as_document, shown
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.source_file import SourceFile

MARK = b"\xef\xbb\xbf"
SURROGATE = re.compile("[\ud800-\udfff]")


def ranges(file: SourceFile, shard_bytes: int) -> Ranges:
    """Byte ranges of the decompressed file; a line belongs to the one in which it begins."""
    return byte_ranges(file, shard_bytes)


def read(shard: Shard, fields: Fields, reading: Reading) -> Iterator[Document | BadRecord]:
    """The documents of the lines that begin in a shard; blank lines are no records."""
    import orjson

    loads, stem, url = orjson.loads, shard.file.stem, shard.file.url
    with stream_before(shard) as stream:
        for place, line in owned_lines(stream, shard.start, shard.stop, reading.longest):
            if isinstance(line, Unread):
                yield _unread(url, place, line, reading)
                continue
            if place == 0:
                line = line.removeprefix(MARK)
            try:
                record = loads(line)
            except orjson.JSONDecodeError:
                if not line.strip():
                    continue
                record = _careful(line, place, reading)
            if isinstance(record, dict):
                if isinstance(record.get(fields.id), float):
                    # orjson makes a float of an integer over 64 bits, and other ids with it.
                    record = json.loads(line, parse_constant=_nothing)
                made = as_document(record, stem, place, fields)
            elif isinstance(record, tuple):
                made = record
            else:
                made = "syntax", "no object: a record is one JSON object a line"
            if isinstance(made, Document):
                yield made
            else:
                yield BadRecord(url, place, made[1], shown(line), made[0])


def _unread(url: str, place: int, line: Unread, reading: Reading) -> BadRecord:
    if line.broken:
        rest = f"; {line.length} bytes of an unfinished line before it" if line.length else ""
        return BadRecord(url, place, f"{line.broken}{rest}", shown(line.head), "damage")
    reason = f"a line of {line.length:,} bytes is over the limit of {reading.longest:,}"
    return BadRecord(url, place, reason, shown(line.head), "length")


def _careful(line: bytes, place: int, reading: Reading) -> Any:
    """The value of a line that the fast parser refuses, or what is wrong with it.

    JSON as Python writes it has NaN, which becomes null, and halves of surrogate pairs.
    """
    replace = reading.errors == "replace"
    try:
        text = line.decode("utf-8", "replace" if replace else "strict")
    except UnicodeDecodeError as error:
        return "encoding", f"not UTF-8 at byte {place + error.start}: {error.reason}"
    try:
        value = json.loads(text, parse_constant=_nothing)
    except json.JSONDecodeError as error:
        at = place + len(text[: error.pos].encode())
        return "syntax", f"not JSON at byte {at}: {error.msg}"
    except (ValueError, RecursionError) as error:
        return "syntax", f"not JSON that can be read: {error}"
    if not isinstance(value, dict):
        return value if not isinstance(value, tuple) else None
    if not replace and (where := _half(value)) is not None:
        return "encoding", f"half of a surrogate pair in the field {where!r}"
    return _whole(value) if replace else value


def _nothing(constant: str) -> None:
    """NaN and infinity, which JSON does not have."""


def _half(record: dict[str, Any]) -> str | None:
    """The name of the first field with half of a surrogate pair in it."""
    names = (name for name, value in record.items() if SURROGATE.search(name + str(_strings(value))))
    return next(names, None)


def _strings(value: Any) -> str:
    """All text within a value."""
    if isinstance(value, dict):
        return "".join(name + _strings(inner) for name, inner in value.items())
    if isinstance(value, list):
        return "".join(map(_strings, value))
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> Any:
    """The value with U+FFFD for every half of a surrogate pair."""
    if isinstance(value, dict):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return SURROGATE.sub("�", value) if isinstance(value, str) else value
