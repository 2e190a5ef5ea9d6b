"""What a route finds at its request: the server that it belongs to, and the request's id."""

from __future__ import annotations

import secrets
from typing import cast

from fastapi import Request

from eudaimon.serve.http.serving import Serving

ID = "eudaimon.id"


def serving_of(request: Request) -> Serving:
    """The server's answerer, settings, metrics and audit log."""
    return cast(Serving, request.app.state.serving)


def request_id(request: Request) -> str:
    """The request's id: made here, never taken from a client; 32 hexadecimal digits."""
    return str(request.scope[ID])


def new_id() -> str:
    """An id that no other request has."""
    return secrets.token_hex(16)
