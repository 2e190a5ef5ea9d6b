"""What a route finds at its request: the server that it belongs to, and the request's id."""

from __future__ import annotations

import re
import secrets
from typing import cast

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Scope

from eudaimon.serve.http.serving import Serving

ID = "eudaimon.id"
CLIENT_IDS = ("x-client-request-id", "x-request-id")
"""Headers in which a client or a proxy names a request; the first is OpenAI's."""
NAMED = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
"""What such a name may be: an identifier, and no text that would get into a log."""


def serving_of(request: Request) -> Serving:
    """The server's answerer, settings, metrics and audit log."""
    return cast(Serving, request.app.state.serving)


def request_id(request: Request) -> str:
    """The request's id: made here, never taken from a client; 32 hexadecimal digits."""
    return str(request.scope[ID])


def client_id(scope: Scope) -> str | None:
    """What the client calls the request, to find it again; None where it names none, or one like no id."""
    headers = Headers(scope=scope)
    given = next((headers[name] for name in CLIENT_IDS if name in headers), "")
    return given if NAMED.fullmatch(given) else None


def new_id() -> str:
    """An id that no other request has."""
    return secrets.token_hex(16)
