"""gzip and zstd, member after member, frame after frame, in bounded memory and up to the last good byte."""

from __future__ import annotations

from typing import IO, Any, Protocol, cast

LEAST, FEW = 1 << 6, 1 << 12
"""Packed bytes for a call of zstd, whose output has no limit: four bytes can stand for 128 KiB."""

WINDOW = 1 << 31
"""The largest window that zstd knows (``--long=31``), which large dumps are written with."""


class Damaged(Exception):
    """A file cannot be read any further: it breaks off, or is not compressed as it says."""


class Unpacker(Protocol):
    """Turns packed bytes into plain ones, a bounded number at a time."""

    def next(self) -> bytes:
        """Some more bytes, none at the end; raises `Damaged` where it cannot go on."""


class Gunzip:
    """The plain bytes of a gzip file, at most ``block`` at a time, read in pieces of ``packed``.

    A wrong checksum comes to light at a member's end only: it says that some of it is wrong, and not where.
    """

    def __init__(self, file: IO[bytes], packed: int, block: int) -> None:
        try:
            from isal import isal_zlib as engine
        except ImportError:  # no build for this machine
            import zlib as engine  # type: ignore[no-redef]
        self._file, self._engine = file, engine
        self._error = cast(type[Exception], engine.error)
        self._piece, self._block = packed, block
        self._member: Any = None
        self._packed = b""
        self._plain = 0
        self._failed = ""

    def next(self) -> bytes:
        """Some more bytes, none at the end; raises `Damaged` where it cannot go on."""
        if self._failed:
            raise Damaged(self._failed)
        try:
            return self._next(self._block)
        except self._error as error:
            self._failed = f"gzip: {error}"
        if rescued := self._rescued():
            return rescued
        raise Damaged(self._failed)

    def _next(self, limit: int) -> bytes:
        while True:
            if self._member is None:
                # Some writers fill up the last block of a tape or disk with zeros.
                while not (packed := self._packed.lstrip(b"\0")):
                    self._packed = self._file.read(self._piece)
                    if not self._packed:
                        return b""
                self._packed = packed
                self._member = self._engine.decompressobj(wbits=31)
            plain: bytes = self._member.decompress(self._packed, limit)
            self._packed = self._member.unconsumed_tail
            if self._member.eof:
                self._packed, self._member = self._member.unused_data, None
            elif not self._packed and not plain:
                self._packed = self._file.read(self._piece)
                if not self._packed:
                    raise Damaged("gzip: the file ends inside a member")
            if plain:
                self._plain += len(plain)
                return plain

    def _rescued(self) -> bytes:
        """What the call that failed had unpacked and lost: all again, and the last part byte by byte."""
        before = self._plain
        self._file.seek(0)
        self._member, self._packed, self._plain = None, b"", 0
        rescued: list[bytes] = []
        try:
            while self._plain < before:
                self._next(min(self._block, before - self._plain))
            self._piece = 1 << 8
            while plain := self._next(1):
                rescued.append(plain)
        except self._error:
            pass
        return b"".join(rescued)


class Unzstd:
    """The plain bytes of a zstd file, at most ``block`` at a time, read in pieces of ``packed``."""

    def __init__(self, file: IO[bytes], packed: int, block: int) -> None:
        import zstandard

        self._file, self._error = file, zstandard.ZstdError
        self._engine = zstandard.ZstdDecompressor(max_window_size=WINDOW)
        self._frame: Any = None
        self._piece, self._block = packed, block
        self._packed = memoryview(b"")
        self._plain = memoryview(b"")
        self._few = LEAST

    def next(self) -> bytes:
        """Some more bytes, none at the end; raises `Damaged` where it cannot go on."""
        if not self._plain:
            self._plain = memoryview(self._unpacked())
        plain = bytes(self._plain[: self._block])
        self._plain = self._plain[self._block :]
        return plain

    def _unpacked(self) -> bytes:
        while True:
            self._packed = self._packed or memoryview(self._file.read(self._piece))
            if not self._packed:
                if self._frame is not None:
                    raise Damaged("zstd: the file ends inside a frame")
                return b""
            if self._frame is None:
                self._frame = self._engine.decompressobj()
            few = self._packed[: self._few]
            try:
                plain: bytes = self._frame.decompress(few)
            except self._error as error:
                raise Damaged(f"zstd: {error}") from error
            taken = len(few)
            if self._frame.eof:
                taken -= len(self._frame.unused_data)
                self._frame = None
            self._packed = self._packed[taken:]
            # As many bytes as give a block, were they packed like the last ones; more of them by and by only.
            fitting = len(few) * self._block // len(plain) if plain else 2 * self._few
            self._few = max(LEAST, min(2 * self._few, fitting, FEW))
            if plain:
                return plain
