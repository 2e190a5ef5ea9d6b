"""The model of this machine as an `Answerer`: requests from an event loop to the thread of the model."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from eudaimon.core import EudaimonError, Text, UsageError
from eudaimon.serve.asked import Asked, Busy, Decided, Ended, Event
from eudaimon.serve.local.admission import Reading
from eudaimon.serve.local.desk import Desk
from eudaimon.serve.local.engine import Engine
from eudaimon.serve.local.guard import Guard
from eudaimon.serve.local.job import Job
from eudaimon.serve.local.moderating import Found, Moderator, Moderators
from eudaimon.serve.local.portions import Portion, Unreadable
from eudaimon.serve.local.post import Letterbox, Post
from eudaimon.serve.local.readout import failed, refused
from eudaimon.serve.local.release import Release
from eudaimon.serve.local.workshop import Workshop
from eudaimon.serve.second import Second, Side

READY_SECONDS = 30.0
STOP_SECONDS = 10.0
"""How long the model's thread has to come to the end of its step when the server stops."""
ENDED = -1
"""The step of a thread that ended by itself: like one that hangs, it never comes back."""
FINISHED = 64
"""So many of the last answers tell how fast places come free."""


class LocalAnswerer:
    """Guarded answers of a model in a thread of its own; made by `open_local`.

    ``facts`` are what it guards with, as JSON values. Requests may come from several event loops. A forward
    that hangs cannot be interrupted: then nothing is answered, `ready` is False, and `step` stays the same.
    """

    def __init__(
        self, workshop: Workshop, second: Second | Callable[[LocalAnswerer], Second] | None = None
    ) -> None:
        self._workshop = workshop
        self._post = Post()
        started: Future[Engine] = Future()
        self._thread = threading.Thread(
            target=workshop.work, args=(started, self._post.flush), name="eudaimon-model", daemon=True
        )
        self._thread.start()
        self._engine = started.result()
        self._limits = workshop.limits
        self._desk = Desk(self._engine.machine.model)
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix="eudaimon-desk")
        self._lock = threading.Lock()
        self._boxes: set[Letterbox] = set()
        self._finished: deque[float] = deque(maxlen=FINISHED)
        self._moderating = 0
        self._closing = False
        if second is not None:
            if self._engine.guard is None:
                raise UsageError("a second opinion needs a monitor that is unsure", do="--monitor FILE")
            made = second(self) if callable(second) else second
            self._engine.guard = replace(self._engine.guard, second=made)

    @property
    def name(self) -> str:
        """The model as ``/v1/models`` names it."""
        return self._workshop.name

    @property
    def facts(self) -> dict[str, Any]:
        """The model, the monitor with its thresholds and what they promise, and what follows a hit."""
        return self._workshop.facts | {"layers": ["monitor", "second"] if self._second else ["monitor"]}

    @property
    def fails_open(self) -> bool:
        """Whether a check that fails passes the text."""
        return self._guard is not None and self._guard.fail_open

    @property
    def waiting(self) -> int:
        """Requests that wait for a place."""
        return self._engine.waiting

    @property
    def running(self) -> int:
        """Requests that are being answered."""
        return self._engine.running

    @property
    def step(self) -> int | None:
        """The number of the step that is under way, None between two; `ENDED` where the thread has."""
        if not self._thread.is_alive():
            return None if self._closing else ENDED
        return self._engine.under_way

    def ask(self, asked: Asked) -> Letterbox:
        """The answer to come; raises `Busy`, and `UsageError` for what cannot be asked."""
        self._require_place(self.waiting)
        prompt, how, draw, room = self._desk.prompt(asked)
        job: Job

        def cancel() -> None:
            job.cancelled = True
            self._engine.wake()

        box = Letterbox(cancel)
        job = Job(
            asked=asked,
            prompt=prompt,
            room=room,
            how=how,
            draw=draw,
            release=Release(self._engine.machine.model.tokenizer, asked.stop),
            tell=partial(self._tell, box),
            n_input=len(prompt),
            guard=self._guard,
            opinion=partial(self._opinion, box.loop) if self._second is not None else None,
            followed=self._engine.machine.drift is not None,
            alert_from=self._workshop.alert_from,
        )
        if job.reads_input:
            job.prepared = self._clerk.submit(self._portions, self._moderators.asked, asked.text)
        with self._lock:
            self._boxes.add(box)
        self._engine.submit(job)
        if job.prepared is not None:
            job.prepared.add_done_callback(self._engine.wake)
        return box

    async def moderate(
        self, texts: Sequence[Text], side: Literal["input", "output"] = "input"
    ) -> list[Decided]:
        """What is decided about texts without an answer, in their order; a failing check is a decision.

        Raises `Busy` as `ask`, and `UsageError` where there is no monitor.
        """
        guard = self._guard
        if guard is None:
            raise UsageError("this server has no monitor", right="one that was started with --monitor")
        self._require_place(self._moderating)
        by = [self._moderators.of(text, side) for text in texts]
        # A monitor of texts flags an answer that is given whole at another score than a question.
        limits = [
            guard.whole if side == "output" and own is self._moderators.answers else guard.input for own in by
        ]
        began = time.perf_counter()
        self._moderating += 1
        try:
            asked = await asyncio.gather(
                *(
                    asyncio.wrap_future(self._clerk.submit(self._portions, own, text))
                    for own, text in zip(by, texts, strict=True)
                ),
                return_exceptions=True,
            )
            found = {own: await self._found(own, asked, by) for own in dict.fromkeys(by)}
            seconds = (time.perf_counter() - began) / max(len(texts), 1)
            firsts = [
                who.decided(own, found[who], limit, seconds)
                if isinstance(own, tuple)
                else _unprepared(own, limit, guard.fail_open)
                for own, who, limit in zip(asked, by, limits, strict=True)
            ]
            return list(
                await asyncio.gather(
                    *(self._seconded(text, side, first) for text, first in zip(texts, firsts, strict=True))
                )
            )
        finally:
            self._moderating -= 1

    async def ready(self) -> bool:
        """Whether a real forward just went through model and monitor."""
        if self._closing or not self._thread.is_alive():
            return False
        done: Future[bool] = Future()

        def try_it() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                self._workshop.try_out(self._engine)
            except Exception as error:
                done.set_exception(error)
            else:
                done.set_result(True)

        self._engine.submit(try_it)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(done), READY_SECONDS)
        except Exception:
            return False

    async def close(self, grace_seconds: float) -> None:
        """Take nothing new, let what runs end, and after the grace fail what is left (finish ``error``)."""
        self._closing = True
        until = time.monotonic() + grace_seconds
        while (self._boxes or self._moderating) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        reason = "the server stops"
        self._engine.submit(partial(self._engine.fail, reason))
        self._engine.stop()
        await asyncio.to_thread(self._thread.join, STOP_SECONDS)
        with self._lock:
            left = list(self._boxes)
        for box in left:  # the model hangs: nobody else tells them
            self._tell(box, Ended("error", reason=reason))
        self._post.flush()
        self._clerk.shutdown(wait=False, cancel_futures=True)

    @property
    def _guard(self) -> Guard | None:
        return self._engine.guard

    @property
    def _second(self) -> Second | None:
        return self._guard.second if self._guard is not None else None

    def _require_place(self, taken: int) -> None:
        if self._closing:
            raise Busy(STOP_SECONDS)
        if not self._thread.is_alive():
            raise EudaimonError("the model's thread has ended", right="a server that is started anew")
        if taken >= self._limits.waiting:
            raise Busy(self._seconds_to_a_place())

    def _seconds_to_a_place(self) -> float:
        """At the rate of the last answers: when the first of those that wait has gone in."""
        with self._lock:
            ends = list(self._finished)
        if len(ends) < 2:
            return 1.0
        # Nothing may have ended for long: then it takes at least as long again.
        each = max((ends[-1] - ends[0]) / (len(ends) - 1), (time.monotonic() - ends[-1]) / len(ends))
        return max(each, 0.1)

    def _tell(self, box: Letterbox, event: Event) -> None:
        if isinstance(event, Ended):
            with self._lock:
                self._finished.append(time.monotonic())
                self._boxes.discard(box)
        self._post.put(box, event)

    @property
    def _moderators(self) -> Moderators:
        assert self._engine.moderators is not None
        return self._engine.moderators

    def _portions(self, moderator: Moderator, text: Text) -> tuple[Portion, ...]:
        return moderator.portions(text, self._desk.reader)

    async def _found(
        self,
        moderator: Moderator,
        asked: Sequence[tuple[Portion, ...] | BaseException],
        by: Sequence[Moderator],
    ) -> dict[bytes, Found]:
        """What a moderator finds in the portions that are his, which the model reads between its steps."""
        mine = [
            own for own, who in zip(asked, by, strict=True) if who is moderator and isinstance(own, tuple)
        ]
        every = {one.key: one for own in mine for one in own}
        if not every:
            return {}
        done: Future[dict[bytes, Found]] = Future()
        self._engine.submit(Reading(deque(every.values()), moderator, done.set_result, done.cancelled))
        return await asyncio.wrap_future(done)

    def _opinion(
        self, loop: asyncio.AbstractEventLoop, text: Text, side: Side, first: Decided
    ) -> Future[Decided]:
        return asyncio.run_coroutine_threadsafe(self._second_decision(text, side, first), loop)

    async def _second_decision(self, text: Text, side: Side, first: Decided) -> Decided:
        assert self._second is not None and self._guard is not None
        return await asyncio.wait_for(self._second.decide(text, side, first), self._guard.second_seconds)

    async def _seconded(self, text: Text, side: Side, first: Decided) -> Decided:
        """The decision after the second opinion, where the first is unsure."""
        guard, second = self._guard, self._second
        if guard is None or second is None or first.layer != "monitor":
            return first
        second.seen()
        if not second.band.low <= first.score < second.band.high:
            return first
        try:
            return await self._second_decision(text, side, first)
        except Exception as error:
            return failed(error, first.threshold, fail_open=guard.fail_open)


def _unprepared(error: BaseException, limit: float, fail_open: bool) -> Decided:
    if isinstance(error, Unreadable):
        return refused(str(error), limit)
    return failed(error, limit, fail_open=fail_open)
