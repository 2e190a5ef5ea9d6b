"""A guard in a thread of its own: texts of many requests are read in batches there, each in time."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from typing import Protocol

from eudaimon.core import EudaimonError, Text, UsageError
from eudaimon.core.text import plain_text
from eudaimon.evaluate.provider.worker import Worker
from eudaimon.monitor.verdict import Verdict

log = logging.getLogger(__name__)

LARGEST_BATCH = 32


class Guard(Protocol):
    """What reads texts: a `Monitor`, or a `Cascade` of two."""

    def check_many(self, texts: Sequence[Text]) -> Sequence[Verdict]:
        """Verdicts in the order of the texts."""


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
        self._worker: Worker[Text, None, Verdict | Exception] = Worker(
            self._read, LARGEST_BATCH, quiet_seconds=0.0
        )
        self._n = 0

    async def read(self, text: Text) -> Verdict:
        """The guard's verdict, with a score in [0, 1]; raises `NotRead`."""
        if self._n >= self._most_waiting:
            raise NotRead("too many texts wait for the guard")
        self._n += 1
        reply = self._worker.ask(text, None)
        # Counted until the guard is done with it, also when nobody waits any more.
        loop = asyncio.get_running_loop()
        reply.add_done_callback(lambda _: _later(loop, self._done))
        try:
            async with asyncio.timeout(self._timeout_seconds):
                found = await asyncio.shield(asyncio.wrap_future(reply))
        except TimeoutError as error:
            raise NotRead(f"the guard gave no verdict within {self._timeout_seconds:g} s") from error
        if isinstance(found, Exception):
            raise NotRead(f"the guard failed ({type(found).__name__})") from found
        if not 0 <= found.score <= 1 or not math.isfinite(found.margin):
            raise NotRead(f"the guard gave no score ({found.score})")
        if found.stage == "refused":
            raise NotRead(found.reason or "the guard could not read the text")
        return found

    async def count(self, text: Text) -> int:
        """How many tokens the guard makes of a text; words where it does not answer in time."""
        plain = plain_text(text)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await asyncio.wrap_future(self._worker.call(lambda: self._count(plain)))
        except Exception:
            return len(plain.split())

    def close(self) -> None:
        """End the thread once it has read what was asked before."""
        self._worker.close()

    def _done(self) -> None:
        self._n -= 1

    def _read(self, texts: Sequence[Text], how: None) -> list[Verdict | Exception]:
        try:
            found = list(self._guard.check_many(texts))
            if len(found) != len(texts):
                raise EudaimonError(f"the guard gave {len(found)} verdicts on {len(texts)} texts")
            return list(found)
        except Exception as error:
            log.exception("the guard failed on %d texts", len(texts))
            # One text that breaks the guard must not block those that came with it.
            return [error] if len(texts) == 1 else [self._read([text], how)[0] for text in texts]


def _later(loop: asyncio.AbstractEventLoop, do: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(do)
