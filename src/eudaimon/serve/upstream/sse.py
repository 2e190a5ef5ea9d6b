"""Server-sent events from bytes as they come, cut anywhere (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

from typing import NamedTuple

from eudaimon.serve.outbound import NoAnswer

LONGEST_EVENT = 1 << 20
_BOM = b"\xef\xbb\xbf"


class ServerEvent(NamedTuple):
    """One event: its name (empty for a plain message) and its data."""

    name: str
    data: str


class EventParser:
    """What `feed` gets in pieces it gives back as whole events; comments and unknown fields are left out."""

    def __init__(self, longest: int = LONGEST_EVENT) -> None:
        self._longest = longest
        self._line = bytearray()
        self._name, self._data = "", list[str]()
        self._size = 0
        self._after_cr, self._started = False, False

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """The events that end in this piece; raises `NoAnswer` on what is no UTF-8, or too long."""
        found: list[ServerEvent] = []
        if self._after_cr and piece:
            # CR LF may be cut in the middle: it is one end of a line.
            piece, self._after_cr = piece.removeprefix(b"\n"), False
        self._after_cr = piece.endswith(b"\r") or (self._after_cr and not piece)
        lines = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines[:-1]:
            self._line += line
            self._read(bytes(self._line), found)
            self._line.clear()
        self._line += lines[-1]
        self._require_room(len(self._line))
        return found

    def end(self) -> list[ServerEvent]:
        """The event that was not ended by an empty line, as some servers leave their last one."""
        found: list[ServerEvent] = []
        for line in (bytes(self._line), b""):
            self._read(line, found)
        self._line.clear()
        return found

    def _read(self, line: bytes, found: list[ServerEvent]) -> None:
        if not self._started:
            line, self._started = line.removeprefix(_BOM), True
        if not line:
            if self._data:
                found.append(ServerEvent(self._name, "\n".join(self._data)))
            self._name, self._data, self._size = "", [], 0
            return
        self._require_room(len(line))
        try:
            field, _, value = line.decode("utf-8").partition(":")
        except UnicodeDecodeError as error:
            raise NoAnswer(
                "the upstream server sent what is no UTF-8", down=False, fault="nonsense"
            ) from error
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._size += len(line)
        elif field == "event":
            self._name = value

    def _require_room(self, more: int) -> None:
        if self._size + more > self._longest:
            raise NoAnswer(
                f"the upstream server sent an event of over {self._longest} bytes",
                down=False,
                fault="nonsense",
            )
