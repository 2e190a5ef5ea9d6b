"""A guard in front of another server, as an answerer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from eudaimon.core import Text
from eudaimon.serve.asked import Asked, Busy, Decided
from eudaimon.serve.second import Side
from eudaimon.serve.upstream.answering import How, UpstreamAnswering
from eudaimon.serve.upstream.checking import Checker, Thresholds
from eudaimon.serve.upstream.growing import Window
from eudaimon.serve.upstream.server import Upstream

TRIED_EVERY_SECONDS = 30.0
"""A probe of readiness asks the upstream model for a token at most so often: it may be paid by the token."""
LONGEST_WAIT = 60.0


class UpstreamAnswerer:
    """An `Answerer` whose answers come from an upstream server and are read here before they go.

    With ``side_by_side`` the request goes out while the query is read; nothing of the answer goes to a client
    before the query has passed, but the upstream server has seen it.
    """

    def __init__(
        self,
        server: Upstream,
        checker: Checker,
        *,
        window: Window | None = None,
        side_by_side: bool = False,
    ) -> None:
        self._how = How(server, checker, window or Window(), side_by_side)
        self._place = asyncio.Semaphore(server.limits.running)
        self._open: set[UpstreamAnswering] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._seconds = 1.0
        self._tried, self._works = -TRIED_EVERY_SECONDS, False

    @property
    def name(self) -> str:
        """The model, as its server knows it."""
        return self._how.server.model

    @property
    def fails_open(self) -> bool:
        """Whether a check that fails passes the text."""
        return self._how.checker.fail_open

    @property
    def thresholds(self) -> Thresholds:
        """From which scores on texts are flagged."""
        return self._how.checker.thresholds

    @property
    def window(self) -> Window:
        """How answers are read."""
        return self._how.window

    @property
    def running(self) -> int:
        """Requests that are being answered."""
        return min(len(self._open), self._how.server.limits.running)

    @property
    def waiting(self) -> int:
        """Requests that wait for a place."""
        return len(self._open) - self.running

    @property
    def step(self) -> int | None:
        """The number of the batch that the guard's thread reads; None between two."""
        return self._how.checker.reader.step

    def ask(self, asked: Asked) -> UpstreamAnswering:
        """The answer to come, which has its place until it ended or was cancelled.

        Raises `Busy` when too many wait, or when the server closes.
        """
        limits = self._how.server.limits
        if self._closing or len(self._open) >= limits.running + limits.waiting:
            raise Busy(self._likely_wait())
        answering = UpstreamAnswering(asked, self._how, self._place, self._over)
        self._open.add(answering)
        self._idle.clear()
        return answering

    async def moderate(self, texts: Sequence[Text], side: Side = "input") -> list[Decided]:
        """What is decided about texts, each by itself; a failing check is a decision."""
        if self._closing:
            raise Busy(self._likely_wait())
        return list(await asyncio.gather(*(self._how.checker.check(text, side) for text in texts)))

    async def ready(self) -> bool:
        """Whether the guard reads a text and the upstream model gave a token, now or half a minute ago."""
        if self._closing:
            return False
        reads = await self._how.checker.works()
        now = time.monotonic()
        if now - self._tried >= TRIED_EVERY_SECONDS or not self._works:
            self._works = await self._how.server.works()
            self._tried = now
        return reads and self._works and not self._closing

    async def close(self, grace_seconds: float) -> None:
        """Take nothing new, let what runs end, and after the grace fail what is left."""
        self._closing = True
        try:
            async with asyncio.timeout(max(grace_seconds, 0.0)):
                await self._idle.wait()
        except TimeoutError:
            for answering in tuple(self._open):
                answering.fail()
            await self._idle.wait()
        await self._how.server.close()
        await self._how.checker.close()

    def _over(self, answering: UpstreamAnswering) -> None:
        if answering in self._open:
            self._open.discard(answering)
            if not self._open:
                self._idle.set()
            # A mean that forgets: what the last dozen of answers took.
            self._seconds += (time.perf_counter() - answering.started - self._seconds) / 12

    def _likely_wait(self) -> float:
        ahead = self.waiting + 1
        return min(max(self._seconds * ahead / self._how.server.limits.running, 1.0), LONGEST_WAIT)
