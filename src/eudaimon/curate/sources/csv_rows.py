"""CSV and its kin: one record a row, fields by the names in the first one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Self, TypeAlias

from eudaimon.core.document import Document
from eudaimon.curate.sources.formats import Ranges
from eudaimon.curate.sources.lines import HEAD, Unread, owned_lines
from eudaimon.curate.sources.ranges import byte_ranges
from eudaimon.curate.sources.record import BadRecord, Fields, Problem, Reading, as_document, shown
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.source_file import SourceFile
from eudaimon.curate.sources.stream import Stream

PIECES = 8
"""A line feed inside quotation marks ends no row, and only who reads from the beginning knows: every reader
parses what lies before its piece."""

DELIMITERS = ",\t;|"

_Wrong: TypeAlias = tuple[Problem, str]


def ranges(file: SourceFile, shard_bytes: int) -> Ranges:
    """Byte ranges of the decompressed file; a row belongs to the one in which it begins."""
    return byte_ranges(file, shard_bytes, pieces=PIECES)


def read(shard: Shard, fields: Fields, reading: Reading) -> Iterator[Document | BadRecord]:
    """The documents of the rows that begin in a shard; a row's place is that of its first byte.

    The delimiter is the one of `DELIMITERS` that finds the text's name in the first row. A file in which none
    does is one bad record.
    """
    url, stem = shard.file.url, shard.file.stem
    end = float("inf") if shard.stop is None else shard.stop
    delimiter = _delimiter(shard.file, fields, reading)
    with Stream(url, shard.file.compression) as stream:
        lines = _Lines(stream, reading)
        names: list[str] | None = None
        for place, row in _rows(lines, delimiter):
            if names is None and isinstance(row, list):
                names = row
                if fields.text in names:
                    continue
                row = (
                    "text",
                    f"there is no column {fields.text!r}: the first row is {', '.join(names)[:HEAD]}",
                )
            if place >= end:
                return
            if place >= shard.start:
                made = _made(row, names, stem, place, fields) if isinstance(row, list) else row
                if isinstance(made, Document):
                    yield made
                else:
                    yield BadRecord(url, place, made[1], shown(lines.head), made[0])
            if names is None or fields.text not in names:
                return


def _made(
    row: list[str], names: list[str] | None, stem: str, place: int, fields: Fields
) -> Document | _Wrong:
    if names is None or len(row) != len(names):
        return "syntax", f"a row of {len(row)} fields, and the first row has {len(names or ())}"
    return as_document(dict(zip(names, row, strict=True)), stem, place, fields)


def _delimiter(file: SourceFile, fields: Fields, reading: Reading) -> str:
    with Stream(file.url, file.compression) as stream:
        _, line = next(owned_lines(stream, 0, None, reading.longest), (0, b""))
    text = line.decode("utf-8-sig", "replace") if isinstance(line, bytes) else ""
    return next((mark for mark in DELIMITERS if fields.text in _split(text, mark)), DELIMITERS[0])


def _split(line: str, mark: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        return []


def _rows(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | _Wrong]]:
    """The place of each row that is not blank, and its fields or what is wrong with it."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin_row()
        try:
            row: list[str] | _Wrong = next(reader)
        except StopIteration:
            return
        except _Stopped as stopped:
            row = stopped.wrong
        except csv.Error as error:
            row = "syntax", f"no CSV: {error}"
        else:
            if lines.ended:
                row = "syntax", "a quotation mark is not closed before the end of the file"
            row = lines.wrong or row
        if isinstance(row, tuple):
            # The old one waits for the end of a quotation.
            reader = csv.reader(lines, delimiter=delimiter)
        if row:
            yield lines.place, row


class _Stopped(Exception):
    def __init__(self, kind: Problem, reason: str) -> None:
        self.wrong: _Wrong = (kind, reason)


class _Lines:
    """The lines of a file as csv asks for them, and what is known of the row that it asks them for."""

    def __init__(self, stream: Stream, reading: Reading) -> None:
        # The module's own limit of 128 KiB a field holds for the whole process, and is too low for texts.
        csv.field_size_limit(max(csv.field_size_limit(), reading.longest))
        self._lines = owned_lines(stream, 0, None, reading.longest)
        self._reading = reading
        self.place = self._size = 0
        self.begin_row()

    def begin_row(self) -> None:
        """The next line is a row's first."""
        self._size, self.head, self.ended = 0, b"", False
        self.wrong: _Wrong | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        place, line = next(self._lines, (self.place, None))
        if line is None:
            self.ended = True
            raise StopIteration
        raw = line.head if isinstance(line, Unread) else line
        if not self._size:
            self.place, self.head = place, raw[:HEAD]
        if isinstance(line, Unread):
            if line.broken:
                raise _Stopped("damage", line.broken)
            raise _Stopped("length", f"a line of {line.length:,} bytes is over the limit")
        self._size += len(line) + 1
        if self._size > self._reading.longest + 1:
            limit = f"{self._reading.longest:,}"
            raise _Stopped("length", f"a row over {limit} bytes: perhaps a quotation mark is not closed")
        try:
            return line.decode("utf-8-sig" if place == 0 else "utf-8") + "\n"
        except UnicodeDecodeError as error:
            if self._reading.errors == "quarantine":
                self.wrong = "encoding", f"not UTF-8 at byte {place + error.start}: {error.reason}"
            return line.decode("utf-8", "replace") + "\n"
