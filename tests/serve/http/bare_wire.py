"""Bytes on the wire: bare connections, requests as they are sent, all that comes back."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager

CHAT = "/v1/chat/completions"


def asking(text: str, **more):
    return {"messages": [{"role": "user", "content": text}]} | more


@contextmanager
def wire(url: str, receive_buffer: int | None = None):
    """A bare connection."""
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as sock:
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(180)
        sock.connect((host, int(port)))
        yield sock


def head(length: int | None = None, path: str = CHAT) -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{size}\r\n\r\n".encode()


def request(body: dict, path: str = CHAT) -> bytes:
    sent = json.dumps(body).encode()
    return head(len(sent), path) + sent


def everything(sock: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    found = bytearray()
    try:
        while piece := sock.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return bytes(found)
