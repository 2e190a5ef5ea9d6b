"""The bytes of a file, wherever it lies, decompressed block by block in bounded memory."""

from __future__ import annotations

from types import TracebackType
from typing import IO, Literal, Self, TypeAlias

from eudaimon.curate.sources.location import open_bytes
from eudaimon.curate.sources.unpack import Damaged, Gunzip, Unpacker, Unzstd

Compression: TypeAlias = Literal["", "gzip", "zstd"]

BLOCK = 1 << 20
PACKED = 1 << 16


class Stream:
    """Bytes of a file in order, with the place of the next one; raises `OSError` when it cannot be opened."""

    def __init__(self, url: str, compression: Compression) -> None:
        self._file = open_bytes(url)
        self._compression = compression
        self._unpacker = _unpacker(self._file, compression)
        self._unread = b""
        self.position = 0
        """How many decompressed bytes lie before the next one."""
        self.damaged = False
        """Whether it broke off: nothing follows then."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def block(self) -> bytes:
        """The next bytes, as many as are at hand; none at the end. Raises `Damaged` where it breaks off."""
        try:
            block, self._unread = self._unread or self._unpacker.next(), b""
        except Damaged:
            self.damaged = True
            raise
        self.position += len(block)
        return block

    def unread(self, block: bytes) -> None:
        """Put bytes back: they come next."""
        self._unread = block + self._unread
        self.position -= len(block)

    def skip_to(self, place: int) -> None:
        """Leave out what lies before ``place``, by a jump where the file is plain; the end may come first."""
        if self._compression == "" and place > self.position + len(self._unread):
            self._file.seek(place)
            self.position, self._unread = place, b""
        while self.position < place and (block := self.block()):
            if self.position > place:
                self.unread(block[place - self.position :])

    def packed_position(self) -> int:
        """How many bytes of the file itself have been taken."""
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def compression_of(name: str, head: bytes) -> Compression:
    """How a file is compressed, by its first bytes; by its name only where these are no text either."""
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    if head[:4] == b"\x28\xb5\x2f\xfd" or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F):
        return "zstd"
    if b"\0" in head:
        return "gzip" if name.endswith(".gz") else "zstd" if name.endswith(".zst") else ""
    return ""


def _unpacker(file: IO[bytes], compression: Compression) -> Unpacker:
    if compression == "gzip":
        return Gunzip(file, PACKED, BLOCK)
    return Unzstd(file, PACKED, BLOCK) if compression == "zstd" else _Plain(file)


class _Plain:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def next(self) -> bytes:
        return self._file.read(BLOCK)
