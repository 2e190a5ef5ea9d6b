"""Around everything: an id, a count, one line of log, and no exception that leaves without a response."""

from __future__ import annotations

import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eudaimon.serve.http import chat, completions, litellm, moderations
from eudaimon.serve.http.context import ID, client_id, new_id
from eudaimon.serve.http.errors import Refused, broken
from eudaimon.serve.http.logs import LOGGER, tell
from eudaimon.serve.http.serving import Serving

ROUTES = frozenset(
    {chat.PATH, completions.PATH, moderations.PATH, litellm.PATH}
    | {"/v1/models", "/healthz", "/readyz", "/metrics", "/openapi.json"}
)
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
NO_RESPONSE = 499
"""The status that stands for a client that left before there was one."""


class Outermost:
    """What every request passes first; refuses what comes while too many responses are unfinished."""

    def __init__(self, app: ASGIApp, serving: Serving) -> None:
        self._app = app
        self._serving = serving
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; a failure is logged by its type and place, and answered with 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[ID] = new_id()
        begun, path = time.perf_counter(), scope["path"]
        status = NO_RESPONSE
        # What can be got can be asked for without its body; a copy, since the server looks at its own scope.
        bodiless = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if bodiless else scope

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *self._headers(scope)]}
            elif bodiless:
                message = {**message, "body": b""}
            await send(message)

        self._open += 1
        self._serving.metrics.open.set(self._open)
        try:
            if self._open > self._serving.settings.limits.open_requests and path not in QUIET:
                full = Refused(429, "too many open requests", code="queue_full", headers={"Retry-After": "1"})
                full.headers["Connection"] = "close"
                await full.response()(inner, receive, watched)
            else:
                await self._app(inner, receive, watched)
        except Exception:
            self._serving.metrics.failures.labels("request").inc()
            LOGGER.exception("request failed", extra={"facts": {"id": scope[ID]}})
            if status == NO_RESPONSE:
                await broken().response()(scope, receive, watched)
        finally:
            self._open -= 1
            self._serving.metrics.open.set(self._open)
            self._count(scope, path, status, time.perf_counter() - begun)

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        found = [(b"x-request-id", scope[ID].encode()), (b"x-content-type-options", b"nosniff")]
        if (named := client_id(scope)) is not None:
            found.append((b"x-client-request-id", named.encode()))
        if self._serving.answerer.fails_open:
            found.append((b"x-eudaimon-fail-open", b"true"))
        if self._serving.stopping:
            found.append((b"connection", b"close"))
        return found

    def _count(self, scope: Scope, path: str, status: int, seconds: float) -> None:
        # Only known paths become labels: a client must not be able to make series.
        route = path if path in ROUTES else "/v1/models" if path.startswith("/v1/models/") else "other"
        self._serving.metrics.requests.labels(route, str(status)).inc()
        self._serving.metrics.request_seconds.labels(route).observe(seconds)
        if route not in QUIET:
            more: dict[str, Any] = {} if (named := client_id(scope)) is None else {"client_id": named}
            tell("request", id=scope[ID], route=route, method=scope["method"][:8], status=status,
                 seconds=round(seconds, 6), **more)  # fmt: skip
