"""One answer on its way: until it ends, its client goes, or its time is over; recorded whatever happens."""

from __future__ import annotations

import asyncio
import logging
from typing import Literal, TypeAlias

from eudaimon.core import EudaimonError, UsageError
from eudaimon.serve.asked import Answering, Asked, Busy, Ended, Event, Piece
from eudaimon.serve.http.errors import Refused, behind, broken, busy, hung, mistaken, stopping, unrecorded
from eudaimon.serve.http.logs import tell
from eudaimon.serve.http.serving import LEAVING_SECONDS, Serving

Stop: TypeAlias = Literal["gone", "late", "stopping", "stuck", "unrecorded"]


class Run:
    """An answer that was asked for.

    What the answerer gives waits here, bounded by the tokens of one answer, so that a client that reads
    slowly holds no place in the batch. The end is recorded (metrics, log, audit) before anybody hears of it.
    """

    def __init__(self, serving: Serving, asked: Asked, route: str, *, streamed: bool) -> None:
        self.asked = asked
        self.serving = serving
        self._route = route
        self._streamed = streamed
        self._said: list[str] = []
        self._found: asyncio.Queue[Event | Stop] = asyncio.Queue()
        self._stopped = False
        loop = asyncio.get_running_loop()
        self._answering = _ask(serving, asked)
        self.deadline = loop.time() + serving.settings.limits.request_seconds
        self._alarm = loop.call_at(self.deadline, self._stop, "late")
        self._pump = serving.keep(asyncio.create_task(self._take()))
        serving.at_end(self._pump, lambda: self._stop("stuck" if serving.stuck else "stopping"))

    async def next(self) -> Event | Stop:
        """The next event, or why there will be none."""
        return await self._found.get()

    def client_gone(self) -> None:
        """Nobody reads any more: the place in the batch is given up."""
        self._stop("gone")

    def _stop(self, why: Stop) -> None:
        if not self._stopped and not self._pump.done():
            self._stopped = True
            self._found.put_nowait(why)
            self.serving.metrics.failures.labels("client gone" if why == "gone" else why).inc()
            self.serving.keep(asyncio.create_task(self._leave()))

    async def _leave(self) -> None:
        try:
            self._answering.cancel()
        except Exception as error:
            self._failed("cancel", error)
        # Of a model that is stuck nobody hears any more.
        await asyncio.wait({self._pump}, timeout=0 if self.serving.stuck else LEAVING_SECONDS)
        if not self._pump.done():
            self.serving.metrics.failures.labels("stuck").inc()
            tell("an answer did not end after it was cancelled", logging.ERROR, id=self.asked.id)
            self._pump.cancel()

    async def _take(self) -> None:
        ended: Ended | None = None
        try:
            async for event in self._answering.events():
                if isinstance(event, Ended):
                    ended = event
                    break
                self._said.append(event.text)
                self._found.put_nowait(event)
        except asyncio.CancelledError:
            ended = Ended("error", reason="it did not end after it was cancelled")
        except Exception as error:
            self._failed("answerer", error)
        self._alarm.cancel()
        ended = ended or Ended("error", reason="it broke off")
        text = "".join(self._said)
        recorded = await self.serving.recording.answered(self.asked, self._route, text, ended, self._streamed)
        self._found.put_nowait(ended if recorded else "unrecorded")

    def _failed(self, kind: str, error: Exception) -> None:
        self.serving.metrics.failures.labels(kind).inc()
        tell(f"{kind} failed", logging.ERROR, id=self.asked.id, error=type(error).__name__)


def refusal(run: Run, end: Ended | Stop) -> Refused | None:
    """What a client is told instead of an answer; None for an answer that ended as answers do."""
    if end == "late":
        seconds = run.serving.settings.limits.request_seconds
        return Refused(504, f"no answer within {seconds:g} s", code="timeout")
    if end == "gone":
        return Refused(499, "the client is gone", code="client_gone")
    if end == "stopping":
        return stopping()
    if end == "unrecorded":
        return unrecorded()
    if end == "stuck":
        return hung()
    if isinstance(end, Ended) and end.finish in ("error", "cancelled"):
        if run.serving.stopping:
            return stopping()
        return behind(end.fault) if end.fault is not None else broken()
    return None


async def whole(run: Run) -> tuple[list[Piece], Ended]:
    """All that passed, and the end; raises `Refused` where there is no answer."""
    pieces: list[Piece] = []
    while isinstance(event := await run.next(), Piece):
        pieces.append(event)
    if refused := refusal(run, event):
        raise refused
    assert isinstance(event, Ended)
    return pieces, event


def _ask(serving: Serving, asked: Asked) -> Answering:
    try:
        return serving.answerer.ask(asked)
    except Busy as error:
        raise busy(error) from None
    except UsageError as error:
        raise mistaken(error) from None
    except EudaimonError as error:
        serving.metrics.failures.labels("answerer").inc()
        tell("answerer failed", logging.ERROR, id=asked.id, error=type(error).__name__)
        raise broken() from None
