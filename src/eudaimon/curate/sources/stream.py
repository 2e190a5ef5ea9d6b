"""The bytes of a file, wherever it lies, decompressed block by block in bounded memory."""

from __future__ import annotations

from types import TracebackType
from typing import IO, Any, Literal, Protocol, Self, TypeAlias, cast

from eudaimon.curate.sources.location import open_bytes

Compression: TypeAlias = Literal["", "gzip", "zstd"]

BLOCK = 1 << 20
PACKED = 1 << 16
FEW = 1 << 12
"""zstd has no limit to what one call puts out, and four bytes can stand for 128 KiB: a bomb of this many
bytes fills 128 MiB, and ordinary text is no slower for it."""

WINDOW = 1 << 31
"""The largest window that zstd knows (``--long=31``), which large dumps are written with."""


class Damaged(Exception):
    """A file cannot be read any further: it breaks off, or is not compressed as it says."""


class Unpacker(Protocol):
    """Turns packed bytes into plain ones, a bounded number at a time."""

    def next(self) -> bytes:
        """Some more bytes, none at the end; raises `Damaged` where it cannot go on."""


class Stream:
    """Bytes of a file in order, with the place of the next one; raises `OSError` when it cannot be opened."""

    def __init__(self, url: str, compression: Compression) -> None:
        self._file = open_bytes(url)
        self._compression = compression
        self._unpacker = _unpacker(self._file, compression)
        self._unread = b""
        self.position = 0
        """How many decompressed bytes lie before the next one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def block(self) -> bytes:
        """The next bytes, as many as are at hand; none at the end. Raises `Damaged` where it breaks off."""
        block, self._unread = self._unread or self._unpacker.next(), b""
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
        return _Gzip(file)
    return _Zstd(file) if compression == "zstd" else _Plain(file)


class _Plain:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def next(self) -> bytes:
        return self._file.read(BLOCK)


class _Gzip:
    """Member after member of a gzip file."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            from isal import isal_zlib as engine
        except ImportError:  # no build for this machine
            import zlib as engine  # type: ignore[no-redef]
        self._file, self._engine = file, engine
        self._error = cast(type[Exception], engine.error)
        self._member: Any = None
        self._packed = b""

    def next(self) -> bytes:
        while True:
            if self._member is None:
                # Some writers fill up the last block of a tape or disk with zeros.
                while not (packed := self._packed.lstrip(b"\0")):
                    self._packed = self._file.read(PACKED)
                    if not self._packed:
                        return b""
                self._packed = packed
                self._member = self._engine.decompressobj(wbits=31)
            try:
                plain: bytes = self._member.decompress(self._packed, BLOCK)
            except self._error as error:
                raise Damaged(f"gzip: {error}") from error
            self._packed = self._member.unconsumed_tail
            if self._member.eof:
                self._packed, self._member = self._member.unused_data, None
            elif not self._packed and not plain:
                self._packed = self._file.read(PACKED)
                if not self._packed:
                    raise Damaged("gzip: the file ends inside a member")
            if plain:
                return plain


class _Zstd:
    """Frame after frame of a zstd file."""

    def __init__(self, file: IO[bytes]) -> None:
        import zstandard

        self._file, self._error = file, zstandard.ZstdError
        self._engine = zstandard.ZstdDecompressor(max_window_size=WINDOW)
        self._frame: Any = None
        self._packed = memoryview(b"")

    def next(self) -> bytes:
        while True:
            if not self._packed:
                self._packed = memoryview(self._file.read(PACKED))
            if not self._packed:
                if self._frame is not None:
                    raise Damaged("zstd: the file ends inside a frame")
                return b""
            if self._frame is None:
                self._frame = self._engine.decompressobj()
            few = self._packed[:FEW]
            try:
                plain: bytes = self._frame.decompress(few)
            except self._error as error:
                raise Damaged(f"zstd: {error}") from error
            taken = len(few)
            if self._frame.eof:
                taken -= len(self._frame.unused_data)
                self._frame = None
            self._packed = self._packed[taken:]
            if plain:
                return plain
