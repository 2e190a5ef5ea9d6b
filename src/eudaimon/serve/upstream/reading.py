"""A guard in a thread of its own: texts of many requests are read in batches there, each in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from eudaimon.core import EudaimonError, Text, UsageError
from eudaimon.core.text import plain_text
from eudaimon.evaluate.provider.worker import Worker
from eudaimon.serve.asked import Decided

log = logging.getLogger(__name__)

LARGEST_BATCH = 32
COUNT_SECONDS = 1.0
"""A client does not wait longer for the count of tokens of an answer that has ended."""


class Guard(Protocol):
    """What decides on texts: `eudaimon.serve.local.Moderator`, with a monitor."""

    def decide(self, texts: Sequence[Text], threshold: float) -> Sequence[Decided]:
        """The decisions at a threshold, in the order of the texts; what fails is one of layer ``error``."""


class NotRead(EudaimonError):
    """A text could not be read: the guard raised, took too long, had too much to do, or gave no score."""


class Reader:
    """A guard that an event loop may ask; ``most_waiting`` texts wait at a time, others are `NotRead`.

    ``timeout_seconds`` bounds one text with its waiting. ``count`` tells how many tokens a text has; without
    it, words are counted. Everything about the guard happens in one thread.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        timeout_seconds: float = 10.0,
        most_waiting: int = 1024,
        count: Callable[[str], int] | None = None,
    ) -> None:
        if timeout_seconds <= 0 or most_waiting < 1:
            raise UsageError(
                f"a guard with {timeout_seconds} s for {most_waiting} texts reads none",
                right="a positive timeout, and at least one text",
            )
        self._guard, self._timeout_seconds, self._most_waiting = guard, timeout_seconds, most_waiting
        self._count = count or (lambda text: len(text.split()))
        # No quiet time: while one batch is read the next one comes together by itself.
        self._worker: Worker[Text, float, Decided | Exception] = Worker(
            self._batch, LARGEST_BATCH, quiet_seconds=0.0
        )
        self._n, self._closed = 0, False
        self._steps = 0
        self.step: int | None = None
        """The number of what the guard's thread is at; None where it waits."""

    async def read(self, text: Text, threshold: float) -> Decided:
        """The guard's decision at a threshold; raises `NotRead` where it gives none."""
        if self._closed:
            raise NotRead("the guard is closed")
        if self._n >= self._most_waiting:
            raise NotRead("too many texts wait for the guard")
        self._n += 1
        reply = self._worker.ask(text, threshold)
        # Counted until the guard is done with it, also when nobody waits any more.
        loop = asyncio.get_running_loop()
        reply.add_done_callback(lambda _: _later(loop, self._done))
        try:
            async with asyncio.timeout(self._timeout_seconds):
                found = await asyncio.shield(asyncio.wrap_future(reply))
        except TimeoutError as error:
            raise NotRead(f"the guard gave no decision within {self._timeout_seconds:g} s") from error
        if isinstance(found, Exception):
            raise NotRead(f"the guard failed ({type(found).__name__})") from found
        # Also NaN, which lies below every threshold.
        if found.layer != "error" and not 0 <= found.score <= 1:
            raise NotRead(f"the guard gave no score ({found.score})")
        return found

    async def counts(self, texts: Sequence[Text]) -> list[int]:
        """How many tokens the guard makes of each text; words where it does not say so soon."""
        plain = [plain_text(text) for text in texts]
        try:
            async with asyncio.timeout(min(self._timeout_seconds, COUNT_SECONDS)):
                counted = self._worker.call(lambda: self._counted(plain))
                return await asyncio.wrap_future(counted)
        except Exception as error:
            log.warning("the guard did not count tokens (%s)", type(error).__name__)
            return [len(text.split()) for text in plain]

    def close(self) -> None:
        """End the thread once it has read what was asked before."""
        self._closed = True
        self._worker.close()

    def _done(self) -> None:
        self._n -= 1

    def _batch(self, texts: Sequence[Text], threshold: float) -> list[Decided | Exception]:
        with self._stepping():
            return self._decide(texts, threshold)

    def _counted(self, texts: Sequence[str]) -> list[int]:
        with self._stepping():
            return [self._count(text) for text in texts]

    @contextmanager
    def _stepping(self) -> Iterator[None]:
        self._steps += 1
        self.step = self._steps
        try:
            yield
        finally:
            self.step = None

    def _decide(self, texts: Sequence[Text], threshold: float) -> list[Decided | Exception]:
        try:
            found = self._guard.decide(texts, threshold)
            if len(found) != len(texts):
                raise EudaimonError(f"the guard gave {len(found)} decisions on {len(texts)} texts")
            return list(found)
        except Exception as error:
            log.exception("the guard failed on %d texts", len(texts))
            if len(texts) == 1:
                return [error]
        # One text that breaks the guard must not block those that came with it.
        return [self._decide([text], threshold)[0] for text in texts]


def _later(loop: asyncio.AbstractEventLoop, do: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(do)
