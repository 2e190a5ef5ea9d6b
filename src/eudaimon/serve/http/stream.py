"""Server-sent events of one answer: only what passed, each piece as soon as it did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, Protocol

from fastapi import Response
from starlette.types import Receive, Scope, Send

from eudaimon.serve.asked import Ended, Event, Piece
from eudaimon.serve.http.answer import Run, Stop, refusal

DONE = b"data: [DONE]\n\n"
HEARTBEAT = b": nothing yet\n\n"
"""A comment, which every reader of events passes over: proxies cut connections that are silent."""


class Shape(Protocol):
    """How an endpoint words its chunks."""

    def opening(self) -> Iterable[dict[str, Any]]:
        """Chunks before the first piece."""

    def piece(self, piece: Piece) -> dict[str, Any]:
        """The chunk of text that passed."""

    def closing(self, ended: Ended) -> Iterable[dict[str, Any]]:
        """Chunks after the last piece."""


class EventStream(Response):
    """An answer as it is made; a client that leaves cancels it, and one that does not read is cut off.

    What fails before the first piece, and before the first heartbeat is due, has the status of its error.
    """

    media_type = "text/event-stream"

    def __init__(self, run: Run, shape: Shape) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._run = run
        self._shape = shape

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the chunks; ends without a last chunk where the client is gone."""
        watch = asyncio.create_task(gone(receive, self._run))
        limits = self._run.serving.settings.limits
        try:
            async with asyncio.timeout_at(self._run.deadline + limits.write_seconds):
                first = await self._next()
                refused = None if first is None or isinstance(first, Piece) else refusal(self._run, first)
                if refused is None:
                    await self._send_all(send, first)
                elif first != "gone":
                    await refused.response()(scope, receive, send)
        except TimeoutError:
            self._run.serving.metrics.failures.labels("slow reader").inc()
        finally:
            self._run.client_gone()
            watch.cancel()

    async def _next(self) -> Event | Stop | None:
        """What comes next; None where nothing did for a heartbeat."""
        try:
            async with asyncio.timeout(self._run.serving.settings.limits.heartbeat_seconds):
                return await self._run.next()
        except TimeoutError:
            return None

    async def _send_all(self, send: Send, event: Event | Stop | None) -> None:
        headers = [each for each in self.raw_headers if each[0] != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for chunk in self._shape.opening():
            await _put(send, chunk)
        while event is None or isinstance(event, Piece):
            if event is None:
                await send({"type": "http.response.body", "body": HEARTBEAT, "more_body": True})
            else:
                await _put(send, self._shape.piece(event))
            event = await self._next()
        if event == "gone":
            return
        if refused := refusal(self._run, event):
            await _put(send, refused.body)
        else:
            assert isinstance(event, Ended)
            for chunk in self._shape.closing(event):
                await _put(send, chunk)
            await send({"type": "http.response.body", "body": DONE, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def gone(receive: Receive, run: Run) -> None:
    """Cancel the run once its client has left; the request's body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
    run.client_gone()


async def _put(send: Send, chunk: dict[str, Any]) -> None:
    body = f"data: {json.dumps(chunk, ensure_ascii=True)}\n\n".encode("ascii")
    await send({"type": "http.response.body", "body": body, "more_body": True})
