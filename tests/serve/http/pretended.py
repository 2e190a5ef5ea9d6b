"""An answerer without a model: what it is asked decides how it behaves, and it counts who holds a place."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress

from eudaimon.core import Conversation, TextTooLong, UsageError, plain_text
from eudaimon.serve import Asked, Busy, Decided, Ended, Piece
from eudaimon.serve.http.running import Server
from eudaimon.serve.http.settings import Settings

SECRET = "unchecked-words"
"""What must never leave: text after a flag, or in the message of an exception."""
PASSED = Decided(
    False, 0.1, 0.5, category=None, categories={"violence": 0.1}, seconds={"monitor": 0.002}, n_tokens=4
)
FLAGGED = Decided(
    True, 0.9, 0.5, "critique", "violence", {"violence": 0.9, "theft": 0.2},
    {"monitor": 0.002, "critique": 0.3}, 4,
)  # fmt: skip
BROKEN = Decided(True, 1.0, 0.5, "error", reason="the monitor raised ValueError")


class Pretended:
    """Words in the last turn choose the behaviour; anything else is repeated, a word a piece."""

    def __init__(self, *, fails_open: bool = False, places: int = 1_000, is_ready: bool = True) -> None:
        self.name = "pretended"
        self.fails_open = fails_open
        self.is_ready = is_ready
        self.places = places
        self.asked: list[Asked] = []
        self.cancelled: list[str] = []
        self.closed = threading.Event()
        self.moderated: list[tuple[str, object]] = []
        self.running = 0
        self.waiting = 0
        self.step = None

    def ask(self, asked: Asked):
        """The answer to come."""
        words = last(asked)
        if "cannot-be-asked" in words:
            raise UsageError("this cannot be asked", right="something else")
        if "too-long" in words:
            raise TextTooLong("the text is too long")
        if "ask-raises" in words:
            raise RuntimeError(SECRET)
        if "busy" in words or self.running >= self.places:
            raise Busy(2.5)
        self.asked.append(asked)
        return Answering(self, asked)

    async def moderate(self, texts, side="input"):
        """A decision for each text, by its words."""
        self.moderated += [(side, text) for text in texts]
        found = []
        for text in map(plain_text, texts):
            if "hang" in text:
                await asyncio.Event().wait()
            if "raise" in text:
                raise RuntimeError(SECRET)
            if "busy" in text:
                raise Busy(0.2)
            if "nan" in text:
                found.append(Decided(False, float("nan"), 0.5))
            else:
                found.append(BROKEN if "broken" in text else FLAGGED if "bomb" in text else PASSED)
        return found

    async def ready(self) -> bool:
        """As it was told."""
        if self.is_ready is None:
            raise RuntimeError(SECRET)
        return self.is_ready

    async def close(self, grace_seconds: float) -> None:
        """What runs may end within the grace."""
        self.closed.set()
        loop = asyncio.get_running_loop()
        end = loop.time() + grace_seconds
        while self.running and loop.time() < end:
            await asyncio.sleep(0.01)


class Answering:
    """One pretended answer."""

    def __init__(self, owner: Pretended, asked: Asked) -> None:
        self._owner = owner
        self._asked = asked
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()

    def cancel(self) -> None:
        """From any thread."""
        self._owner.cancelled.append(self._asked.id)
        self._loop.call_soon_threadsafe(self._stop.set)

    async def events(self):
        """The pieces, and the end."""
        self._owner.running += 1
        try:
            async for event in self._script(last(self._asked)):
                yield event
        finally:
            self._owner.running -= 1

    async def _script(self, words: str):
        asked, said = self._asked, 0
        if "bomb" in plain_text(asked.text) and asked.input == "block":
            yield Ended("content_filter", input=FLAGGED, n_input=4)
            return
        before = FLAGGED if "bomb" in words else PASSED
        if "check-fails" in words:
            yield Ended("content_filter", input=BROKEN, n_input=4)
            return
        if "endless" in words or "hang" in words:
            while not self._stop.is_set():
                if "endless" in words:
                    yield Piece(f"word{said} ")
                    said += 1
                    await asyncio.sleep(0.001)
                else:
                    await self._stop.wait()
            yield Ended("cancelled", input=before, n_output=said)
            return
        if "stuck" in words:
            await asyncio.Event().wait()
        if "waits-for-close" in words:
            yield Piece("before ")
            while not self._owner.closed.is_set():
                await asyncio.sleep(0.005)
        pieces = words.split()
        if "many" in words:
            pieces = ["x" * 200] * asked.max_new_tokens
        for number, word in enumerate(pieces[: asked.max_new_tokens]):
            if word == "evil":
                held = len(pieces) - number
                yield Ended("content_filter", before, FLAGGED, 4, len(pieces), held, 1, flagged_at=number + 1)
                return
            if word == "fails":
                yield Ended("error", before, n_output=said, reason=SECRET)
                return
            if word == "raises":
                raise RuntimeError(SECRET)
            if word == "breaks-off":
                return
            top = None if asked.top is None else (("a", -0.5), ("b", float("-inf")))[: asked.top]
            yield Piece(f"{word} ", () if top is None else ((f"{word} ", -0.25, top),))
            said += 1
        yield Ended(
            "stop", before, PASSED, 4, said, seconds_queued=0.01, seconds_model=0.1, seconds_monitor=0.002,
            drift=0.5 if "drifts" in words else None, drift_alert="drifts" in words,
        )  # fmt: skip
        yield Piece(SECRET)


def last(asked: Asked) -> str:
    """The last turn, or the plain string."""
    text: str | Conversation = asked.text
    return text if isinstance(text, str) else text[-1].content


@contextmanager
def running(answerer, settings: Settings | None = None, audit=None):
    """A real server on a free port of loopback: its address, and the server."""
    found: dict[str, object] = {}
    listening = threading.Event()

    def tell(host: str, port: int) -> None:
        found["url"] = f"http://{host}:{port}"
        listening.set()

    server = Server(answerer, settings or Settings(), audit, "127.0.0.1", 0, tell)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert listening.wait(180)
    try:
        yield found["url"], server
    finally:
        with suppress(RuntimeError):  # it has ended by itself
            server._loop.call_soon_threadsafe(server.stop)
        thread.join(180)
        assert not thread.is_alive()
