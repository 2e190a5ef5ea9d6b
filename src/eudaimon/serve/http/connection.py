"""Connections that stall: headers that never end and clients that never read are cut off."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class Patient(H11Protocol):
    """uvicorn's protocol with two clocks; uvicorn itself waits for ever in both places."""

    header_seconds = 10.0
    write_seconds = 30.0
    _header_clock: asyncio.TimerHandle | None = None
    _write_clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first request."""
        super().connection_made(transport)
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Go on reading; the clock runs only between requests."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._await_headers()
        elif self._header_clock is not None:
            self._header_clock.cancel()
            self._header_clock = None

    def pause_writing(self) -> None:
        """The client reads too slowly: it has a while to go on."""
        super().pause_writing()
        self._write_clock = self.loop.call_later(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        if self._write_clock is not None:
            self._write_clock.cancel()
            self._write_clock = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop both clocks."""
        super().connection_lost(exc)
        for clock in (self._header_clock, self._write_clock):
            if clock is not None:
                clock.cancel()

    def _await_headers(self) -> None:
        if self._header_clock is None:
            self._header_clock = self.loop.call_later(self.header_seconds, self._no_headers)

    def _no_headers(self) -> None:
        self._header_clock = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
