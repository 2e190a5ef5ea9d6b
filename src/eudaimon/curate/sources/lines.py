"""The lines that begin in a range of a stream, each with its place, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eudaimon.curate.sources.stream import Stream
from eudaimon.curate.sources.unpack import Damaged

HEAD = 1024
"""Bytes that are kept of a line that is not read: enough to show."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that was not read: too long, or the file breaks off in it. ``length`` counts its bytes."""

    length: int
    head: bytes
    broken: str = ""
    """Why the file ends here; empty when the line is too long."""


def owned_lines(
    stream: Stream, start: int, stop: int | None, longest: int
) -> Iterator[tuple[int, bytes | Unread]]:
    """The place and bytes of each line whose first byte lies in ``[start, stop)``, without its line feed.

    A line that begins here and ends beyond ``stop`` belongs here as a whole, so that every line is in one of
    the ranges that tile a file, however they are cut. The stream may stand anywhere up to ``start`` where a
    line begins; at the end it stands where the next line begins. Where the file breaks off, one `Unread` says
    so in the range in which the last, incomplete line begins.
    """
    try:
        _to_line(stream, start)
    except Damaged:
        # The line in which it breaks off began before this range.
        return
    yield from _lines(stream, float("inf") if stop is None else stop, longest)


def _to_line(stream: Stream, start: int) -> None:
    """Put the stream where the first line begins that begins at ``start`` or after it, or to its end."""
    if stream.position >= start:
        return
    stream.skip_to(start - 1)
    while block := stream.block():
        cut = block.find(b"\n")
        if cut >= 0:
            stream.unread(block[cut + 1 :])
            return


def _lines(stream: Stream, end: float, longest: int) -> Iterator[tuple[int, bytes | Unread]]:
    place, line = stream.position, _Line(longest)
    while place < end:
        try:
            block = stream.block()
        except Damaged as damage:
            yield place, Unread(line.length, line.head(), str(damage))
            return
        if not block:
            if line.length:
                yield place, line.whole()
            return
        if line.length:
            cut = block.find(b"\n")
            line.add(block if cut < 0 else block[:cut])
            if cut < 0:
                continue
            yield place, line.whole()
            place += line.length + 1
            block = block[cut + 1 :]
        *whole, last = block.split(b"\n")
        line = _Line(longest, last)
        for k, raw in enumerate(whole):
            if place >= end:
                line = _Line(longest, b"\n".join((*whole[k:], last)))
                break
            yield place, raw if len(raw) <= longest else Unread(len(raw), raw[:HEAD])
            place += len(raw) + 1
    stream.unread(b"".join(line.parts))


class _Line:
    """A line whose end has not come yet; of one that is too long only the head is kept."""

    def __init__(self, longest: int, begin: bytes = b"") -> None:
        self.longest, self.length = longest, len(begin)
        self.parts = [begin]

    def add(self, piece: bytes) -> None:
        self.length += len(piece)
        self.parts.append(piece)
        if self.length > self.longest:
            self.parts = [self.head()]

    def head(self) -> bytes:
        return b"".join(self.parts)[:HEAD]

    def whole(self) -> bytes | Unread:
        return Unread(self.length, self.head()) if self.length > self.longest else b"".join(self.parts)
