"""An OpenAI-compatible server on loopback that does what a test tells it, bytes and breaks included."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


class Stub:
    """``seen`` are the bodies of requests with their path and headers; ``answer(stub, body)`` writes bytes.

    ``gone`` is set when a client went before its answer had ended, ``asked`` when a request is there.
    """

    def __init__(self, script: Callable[[Talk], Awaitable[None]]) -> None:
        self.script = script
        self.seen: list[dict] = []
        self.gone, self.asked = asyncio.Event(), asyncio.Event()
        self.go_on = asyncio.Event()
        self.url = ""


class Talk:
    """One request that is being answered."""

    def __init__(self, stub: Stub, body: dict, writer: asyncio.StreamWriter) -> None:
        self.stub, self.body, self._writer = stub, body, writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()
        # Let the other side read this piece by itself, so that pieces are cut where a test wants them.
        await asyncio.sleep(0)

    async def status(
        self, status: int, content: bytes = b"{}", kind: str = "application/json", more: str = ""
    ) -> None:
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n{more}\r\n"
        await self.send(head.encode() + content)

    async def stream(self, *pieces: str, usage: bool = True, finish: str = "stop", chat: bool = True) -> None:
        """A whole answer, as OpenAI streams it."""
        await self.send(HEAD)
        if chat:
            await self.send(event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}))
        for piece in pieces:
            await self.send(said(piece, chat))
        await self.send(ended(finish, chat))
        if usage:
            await self.send(event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 11}}))
        await self.send(b"data: [DONE]\n\n")


def event(value: dict) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def said(text: str, chat: bool = True) -> bytes:
    return event({"choices": [{"index": 0, **({"delta": {"content": text}} if chat else {"text": text})}]})


def ended(finish: str = "stop", chat: bool = True) -> bytes:
    return event(
        {"choices": [{"index": 0, **({"delta": {}} if chat else {"text": ""}), "finish_reason": finish}]}
    )


@asynccontextmanager
async def running(script: Callable[[Talk], Awaitable[None]]):
    """The server on a port of loopback, until the block ends."""
    stub = Stub(script)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
            body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or b"{}")
            stub.seen.append({"path": first.split()[1], "headers": headers, "body": body})
            stub.asked.set()
            work = asyncio.ensure_future(stub.script(Talk(stub, body, writer)))
            gone = asyncio.ensure_future(reader.read())
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                stub.gone.set()
            gone.cancel()
            await asyncio.wait({work, gone})
            # A client that went is what several tests are about.
            await asyncio.gather(work, gone, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            stub.gone.set()
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield stub
    finally:
        server.close()


@contextmanager
def in_thread(script: Callable[[Talk], Awaitable[None]]):
    """The server with an event loop in a thread of its own, until the block ends."""
    found, end = [], threading.Event()
    there = threading.Event()

    async def serve():
        async with running(script) as server:
            found.append(server)
            there.set()
            await asyncio.to_thread(end.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert there.wait(60)
    try:
        yield found[0]
    finally:
        end.set()
        thread.join(60)
