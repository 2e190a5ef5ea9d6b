"""WARC and WET: the text of web pages, one record a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias
from urllib.parse import urlsplit

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate.sources.formats import Ranges
from eudaimon.curate.sources.page import page_text
from eudaimon.curate.sources.ranges import byte_ranges
from eudaimon.curate.sources.record import BadRecord, Fields, Problem, Reading, as_document, shown
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.source_file import SourceFile
from eudaimon.curate.sources.stream import Stream
from eudaimon.curate.sources.unpack import Damaged

PIECES = 16
"""Where a record begins is known only to who has read the lengths of those before it."""

PAGES = ("conversion", "response", "resource")
"""The records that hold pages. All others are about them and are passed over."""

LONGEST_HEAD = 1 << 16
BEGIN, HEAD_END = b"WARC/", b"\r\n\r\n"

_Wrong: TypeAlias = tuple[Problem, str]


def ranges(file: SourceFile, shard_bytes: int) -> Ranges:
    """Byte ranges of the decompressed file; a record belongs to the one in which it begins."""
    return byte_ranges(file, shard_bytes, pieces=PIECES)


def read(shard: Shard, fields: Fields, reading: Reading) -> Iterator[Document | BadRecord]:
    """The pages of a shard: text as it is in WET, and in WARC the main text of successful HTML answers.

    Metadata are ``url``, ``host``, ``date`` and ``language`` as far as the record has them; the id is that of
    the record. Pages that hold no text (images, redirects, errors) are passed over.
    """
    url, stem = shard.file.url, shard.file.stem
    with Stream(url, shard.file.compression) as stream:
        for place, head, body in _records(stream, shard, reading.longest):
            made = body if isinstance(body, tuple) else _made(head, body, stem, place, fields, reading)
            if isinstance(made, Document):
                yield made
            elif made is not None:
                yield BadRecord(url, place, made[1], shown(body if isinstance(body, bytes) else ""), made[0])


def _made(
    head: dict[str, str], body: bytes, stem: str, place: int, fields: Fields, reading: Reading
) -> Document | _Wrong | None:
    """The document of a page, what is wrong with it, or nothing if it holds no text."""
    if head["warc-type"] == "conversion":
        try:
            text: str | None = body.decode("utf-8", "strict" if reading.errors == "quarantine" else "replace")
        except UnicodeDecodeError as error:
            return "encoding", f"not UTF-8 at byte {error.start} of the text: {error.reason}"
    else:
        try:
            text = page_text(body, head)
        except UsageError:
            raise
        except Exception as error:
            # Pages hold everything, and those who read them raise everything.
            return "syntax", f"a page that cannot be read: {type(error).__name__}: {error}"
    if text is None:
        return None
    link = head.get("warc-target-uri", "").strip("<>")
    metadata = {
        "url": link,
        "host": _host(link),
        "date": head.get("warc-date"),
        "language": head.get("warc-identified-content-language"),
    }
    named = {name: value for name, value in metadata.items() if value}
    return as_document(
        {**named, fields.id: head.get("warc-record-id"), fields.text: text}, stem, place, fields
    )


def _host(link: str) -> str:
    try:
        return urlsplit(link).hostname or ""
    except ValueError:
        return ""


def _records(
    stream: Stream, shard: Shard, longest: int
) -> Iterator[tuple[int, dict[str, str], bytes | _Wrong]]:
    """The place of each record that begins in the shard, its head in small letters, and its body."""
    source, end = _Ahead(stream), float("inf") if shard.stop is None else shard.stop
    place = 0
    try:
        while source.skip_line_ends():
            if (place := source.place) >= end:
                return
            mine = place >= shard.start
            head = source.head()
            if head is None:
                source.to_next_record()
                if mine:
                    yield place, {}, ("syntax", "no WARC record begins here; read on from the next one")
                continue
            size = int(head["content-length"])
            page = mine and head.get("warc-type") in PAGES
            if not page or size > longest:
                source.drop(size)
            if page and size > longest:
                yield place, head, ("length", f"a page of {size:,} bytes is over the limit of {longest:,}")
            elif page:
                yield place, head, source.take(size)
    except Damaged as damage:
        if place >= shard.start:
            yield place, {}, ("damage", str(damage))


class _Ahead:
    """A stream in which one can look ahead."""

    def __init__(self, stream: Stream) -> None:
        self._stream, self._held, self._at = stream, b"", 0
        self.place = 0

    def _more(self) -> bool:
        block = self._stream.block()
        self._held, self._at = self._held[self._at :] + block, 0
        return bool(block)

    def drop(self, size: int) -> None:
        """Pass over bytes, never more than a block of them in memory; raises `Damaged` at the end."""
        self.place += size
        while size > (have := len(self._held) - self._at):
            size -= have
            self._at = len(self._held)
            if not self._more():
                raise Damaged("the file ends inside a record")
        self._at += size

    def take(self, size: int) -> bytes:
        """The next bytes; raises `Damaged` when the file ends before."""
        parts, missing = [], size
        while missing:
            parts.append(self._held[self._at : self._at + missing])
            self._at += len(parts[-1])
            missing -= len(parts[-1])
            if missing and not self._more():
                raise Damaged("the file ends inside a record")
        self.place += size
        return b"".join(parts)

    def skip_line_ends(self) -> bool:
        """Pass over line ends; whether anything follows."""
        while True:
            begin = self._at
            while self._held[self._at : self._at + 1] in (b"\r", b"\n"):
                self._at += 1
            self.place += self._at - begin
            if self._at < len(self._held):
                return True
            if not self._more():
                return False

    def head(self) -> dict[str, str] | None:
        """The head of the record that begins here, if one does and its length is told; then it is passed."""
        while (end := self._held.find(HEAD_END, self._at)) < 0 and len(self._held) - self._at < LONGEST_HEAD:
            if not self._more():
                break
        raw = self._held[self._at : end]
        if end < 0 or len(raw) > LONGEST_HEAD or not raw.startswith(BEGIN):
            return None
        pairs = (line.partition(":") for line in raw.decode("utf-8", "replace").split("\r\n")[1:])
        head = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if not head.get("content-length", "").isdecimal():
            return None
        self.drop(len(raw) + len(HEAD_END))
        return head

    def to_next_record(self) -> None:
        """Pass over what is here up to the next line that begins like a record, or to the end."""
        self.drop(1)
        while (at := self._held.find(b"\n" + BEGIN, self._at)) < 0:
            # The mark may lie across two blocks.
            self.drop(max(0, len(self._held) - self._at - len(BEGIN)))
            if not self._more():
                self.drop(len(self._held) - self._at)
                return
        self.drop(at + 1 - self._at)
