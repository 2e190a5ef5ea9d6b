"""One guarded answer of an upstream server, from the query that is read to the last piece that passed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from eudaimon.core import Text
from eudaimon.core.text import Message
from eudaimon.serve.asked import Asked, Decided, Ended, Event, Fault, Finish
from eudaimon.serve.outbound import NoAnswer
from eudaimon.serve.second import Side
from eudaimon.serve.upstream.checking import Checker
from eudaimon.serve.upstream.chunks import Chunk
from eudaimon.serve.upstream.growing import Growing, Look, Window
from eudaimon.serve.upstream.server import Upstream

log = logging.getLogger(__name__)

MOST_UNREAD = 16
"""Pieces that wait for a slow client; the upstream server is not read on before there is room."""


@dataclass(frozen=True)
class How:
    """Whom an answer is asked of, who checks it, how it is read, and whether query and answer go together."""

    server: Upstream
    checker: Checker
    window: Window
    side_by_side: bool = False


class UpstreamAnswering:
    """An `Answering` of an upstream server.

    ``place`` is entered before anything happens, and ``left`` is called once when all is over.
    """

    def __init__(
        self, asked: Asked, how: How, place: asyncio.Semaphore, left: Callable[[UpstreamAnswering], None]
    ) -> None:
        self.asked = asked
        self._how, self._place, self._left = how, place, left
        self._loop = asyncio.get_running_loop()
        self.started = time.perf_counter()
        self._task: asyncio.Task[None] | None = None
        self._stopped: Finish | None = None
        self._out: asyncio.Queue[Event] = asyncio.Queue()
        self._room = asyncio.Semaphore(MOST_UNREAD)
        self._told = Ended("error")
        self._growing = Growing(
            how.window, how.server.limits.longest_answer, whole_chunks=asked.top is not None
        )
        self._read = False
        self._flagged_end: int | None = None
        self._sent_before = 0
        self._counted: tuple[int | None, int | None] = (None, None)

    async def events(self) -> AsyncIterator[Event]:
        """The pieces as they pass, then the end; who stops listening stops the answer."""
        if self._task is None:
            self._task = asyncio.create_task(self._answer())
            self._task.add_done_callback(self._ended)
        try:
            while True:
                event = await self._out.get()
                if isinstance(event, Ended):
                    yield event
                    return
                self._room.release()
                yield event
        finally:
            self._stop("cancelled")

    def cancel(self) -> None:
        """The client is gone; from any thread, also twice."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop, "cancelled")

    def fail(self) -> None:
        """End with ``error``: the server closes."""
        self._stop("error")

    def _stop(self, finish: Finish) -> None:
        self._stopped = self._stopped or finish
        if self._task is None:
            self._left(self)
        else:
            self._task.cancel()

    async def _answer(self) -> None:
        """Answer, whatever happens, and say last how it ended."""
        queued = time.perf_counter()
        fault: Fault | None = None
        try:
            if self._stopped:
                raise asyncio.CancelledError
            async with asyncio.timeout(self._how.server.limits.total_seconds), self._place:
                self._told = replace(self._told, seconds_queued=time.perf_counter() - queued)
                try:
                    finish, reason = await self._checked()
                except NoAnswer as error:
                    finish, reason, fault = "error", str(error), error.fault
                await self._count()
        except TimeoutError:
            finish, reason, fault = "error", "the answer took too long", Fault("slow")
        except asyncio.CancelledError:
            finish = self._stopped or "cancelled"
            reason = "the server closes" if finish == "error" else ""
        except Exception:
            log.exception("an answer failed")
            finish, reason = "error", "the guard failed"
        self._told = replace(self._told, finish=finish, reason=reason, fault=fault)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # A task that is cancelled before its first step never runs at all.
        told = replace(self._told, finish=self._stopped or "cancelled") if task.cancelled() else self._told
        self._out.put_nowait(told)
        self._left(self)

    async def _checked(self) -> tuple[Finish, str]:
        """How the answer ended, and why where that is no matter of course."""
        query = asyncio.create_task(self._check_query())
        try:
            if not self._how.side_by_side and not await query:
                return "content_filter", ""
            finish: str | None = None
            async with aclosing(self._how.server.answer(self.asked)) as chunks:
                while (chunk := await self._next(chunks, query)) is not None:
                    self._growing.add(chunk)
                    self._note(chunk)
                    finish = chunk.finish or finish
                    if not await self._go_on(query):
                        return "content_filter", ""
            self._growing.end()
            if not await self._go_on(query, ended=True) or not await query:
                return "content_filter", ""
            if finish == "content_filter":
                return "content_filter", "the upstream server's own filter ended the answer"
            return ("length" if finish == "length" else "stop"), ""
        finally:
            query.cancel()

    async def _next(self, chunks: AsyncIterator[Chunk], query: asyncio.Task[bool]) -> Chunk | None:
        """The next chunk; None after the last one, or as soon as the query is found not to pass."""
        started = time.perf_counter()
        coming = asyncio.ensure_future(anext(chunks, None))
        try:
            if not query.done():
                await asyncio.wait({coming, query}, return_when=asyncio.FIRST_COMPLETED)
            if query.done() and not query.result():
                return None
            return await coming
        finally:
            self._took(model=time.perf_counter() - started)
            if not coming.done():
                coming.cancel()
                await asyncio.wait({coming})

    async def _check_query(self) -> bool:
        """Whether the query may be answered."""
        if self.asked.input == "off":
            return True
        decided = await self._check(self.asked.text, "input")
        self._told = replace(self._told, input=decided)
        return not (decided.flagged and self.asked.input == "block")

    async def _go_on(self, query: asyncio.Task[bool], *, ended: bool = False) -> bool:
        """Whether the answer may go on; sends what has passed."""
        mode, growing = self.asked.output, self._growing
        if query.done() and not query.result():
            return False
        look = growing.look(ended=ended) if mode != "off" else None
        if look is not None and not await self._passes(look) and mode == "block":
            return False
        if mode == "block":
            piece = growing.release(look, ended=ended) if look else None
            if ended and piece is None:
                # All of it was read before: what was held back has passed.
                piece = growing.release(Look("", growing.passed), ended=True)
        else:
            if look is not None:
                growing.passed = look.end
            piece = growing.unheld()
        if piece is not None:
            # Nothing leaves before the query has passed as well.
            if not await query:
                return False
            await self._room.acquire()
            self._out.put_nowait(piece)
        return True

    async def _passes(self, look: Look) -> bool:
        """Whether the window passes; what was decided is told with the worst one so far."""
        if not look.text:
            return True
        decided = await self._check(look.text, "output", self._shown())
        # What the guard is unsure of stays in its windows for a while: the layers need not be asked of it at
        # every step.
        self._growing.patient = set(decided.seconds) != {"monitor"}
        before = self._told.output
        self._told = replace(self._told, output=decided if before is None else worse(before, decided))
        if decided.flagged and self._flagged_end is None:
            self._flagged_end, self._sent_before = look.end, self._growing.sent
        return not decided.flagged

    async def _check(self, text: Text, side: Side, shown: Text | None = None) -> Decided:
        started = time.perf_counter()
        again = side == "output" and self._read
        decided = await self._how.checker.check(text, side, shown, again=again)
        self._read |= side == "output"
        self._took(monitor=time.perf_counter() - started)
        return decided

    def _shown(self) -> Text:
        """What was put with the answer so far, as the layers behind the guard are shown it."""
        said = self._growing.text
        if isinstance(self.asked.text, str):
            return self.asked.text + said
        return (*self.asked.text, Message(role="assistant", content=said))

    def _took(self, *, model: float = 0.0, monitor: float = 0.0) -> None:
        told = self._told
        self._told = replace(
            told, seconds_model=told.seconds_model + model, seconds_monitor=told.seconds_monitor + monitor
        )

    def _note(self, chunk: Chunk) -> None:
        known_input, known_output = self._counted
        self._counted = (
            known_input if chunk.n_input is None else chunk.n_input,
            known_output if chunk.n_output is None else chunk.n_output,
        )

    async def _count(self) -> None:
        """Tokens as the upstream server counts them; where it did not tell, as the guard's tokenizer does."""
        growing, (n_input, n_output) = self._growing, self._counted
        text, at = growing.text, self._flagged_end
        ends = (len(text), growing.sent, self._sent_before, at or 0)
        asked, made, sent, leaked, flagged = await self._how.checker.reader.counts(
            [self.asked.text, *(text[:end] for end in ends)]
        )
        self._told = replace(
            self._told,
            n_input=asked if n_input is None else n_input,
            n_output=made if n_output is None else n_output,
            n_held=made - sent,
            flagged_at=None if at is None else flagged,
            n_leaked=leaked,
        )


def worse(before: Decided, now: Decided) -> Decided:
    """The decision that is told of an answer, with what all looks at it took and read.

    One that flags, before one that passed; then the one nearest to its threshold, or farthest over it.
    """
    kept = max((before, now), key=lambda each: (each.flagged, each.score - each.threshold))
    names = dict.fromkeys((*before.seconds, *now.seconds))
    seconds = {name: before.seconds.get(name, 0.0) + now.seconds.get(name, 0.0) for name in names}
    return replace(kept, seconds=seconds, n_tokens=before.n_tokens + now.n_tokens)
