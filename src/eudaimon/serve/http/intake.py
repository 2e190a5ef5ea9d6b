"""Bodies are read before anything else happens: counted as they come, and not longer than they may take."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eudaimon.serve.http.errors import Refused
from eudaimon.serve.http.settings import Limits


class Intake:
    """Hands the application a whole body: 413 for a large one, whatever it declares, 408 for a slow one."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with the body, or refuse it; nothing where the client left before its end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                body = await self._body(receive)
        except TimeoutError:
            await _refuse(Refused(408, "the body came too slowly", code="body_timeout"), scope, receive, send)
            return
        except Refused as refused:
            await _refuse(refused, scope, receive, send)
            return
        if body is None:
            return
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)

    async def _body(self, receive: Receive) -> bytes | None:
        found = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            found += message.get("body", b"")
            if len(found) > self._limits.body_bytes:
                most = self._limits.body_bytes
                raise Refused(413, f"the body has more than {most} bytes", code="body_too_large")
            if not message.get("more_body", False):
                return bytes(found)


async def _refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    # The rest of the body is not read, so that nothing else can come on this connection.
    refused.headers["Connection"] = "close"
    await refused.response()(scope, receive, send)
