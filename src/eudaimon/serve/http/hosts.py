"""Names under which a server without tokens lets itself be called: a page's own name must not lead to it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from eudaimon.serve.http.errors import Refused


class Hosts:
    """Refuses requests for another host: a name that was pointed at loopback reads nothing here."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._app = app
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, or refuse."""
        if scope["type"] == "http" and name_of(Headers(scope=scope).get("host", "")) not in self._names:
            refused = Refused(400, "this server has another name", code="wrong_host")
            await refused.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)


def name_of(host: str) -> str:
    """The name in a Host header, without its port; that of an IPv6 address without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0].lower() or host.lower() if host.count(":") == 1 else host.lower()
