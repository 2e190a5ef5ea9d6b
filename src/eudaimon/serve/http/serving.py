"""What all routes share: the answerer, the operator's settings, where verdicts are recorded, and the end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from eudaimon.serve.asked import Answerer
from eudaimon.serve.http.audit import Audit
from eudaimon.serve.http.errors import hung, stopping, unrecorded
from eudaimon.serve.http.logs import tell
from eudaimon.serve.http.metrics import Metrics
from eudaimon.serve.http.recording import Recording
from eudaimon.serve.http.settings import Settings
from eudaimon.serve.http.watchdog import stuck

LEAVING_SECONDS = 10.0
"""How long what was cancelled may take to end before nobody waits for it any more."""
MOMENT_SECONDS = 1.0
"""What an answer that ended with the grace has to be recorded in."""


class Serving:
    """One server's answerer, settings, metrics and audit log, and whether it is about to end."""

    def __init__(self, answerer: Answerer, settings: Settings, audit: Audit | None = None) -> None:
        self.answerer = answerer
        self.settings = settings
        self.audit = audit
        self.metrics = Metrics(answerer)
        self.started = int(time.time())
        self.stopping = False
        self.stuck = False
        self.when_stuck: Callable[[], object] = lambda: None
        """What is called once a step of the model did not come back; everything under way has failed then."""
        self.recording = Recording(answerer, settings, self.metrics, audit, self.keep)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._give_up: dict[asyncio.Task[Any], Callable[[], object]] = {}
        self._ending: asyncio.Task[None] | None = None
        self._readiness: asyncio.Task[bool] | None = None

    async def admit(self) -> None:
        """Raises `Refused` where nothing new is taken, or where verdicts must be recorded and cannot be."""
        if self.stuck:
            raise hung()
        if self.stopping:
            raise stopping()
        if self.audit is not None and self.audit.required and not await self.recording.written(()):
            raise unrecorded()

    async def ready(self) -> bool:
        """Whether a real forward just went through; probes that come together share one."""
        if self.stopping or self.stuck:
            return False
        if self._readiness is None or self._readiness.done():
            self._readiness = self.keep(asyncio.create_task(self._try_ready()))
        trying = self._readiness
        await asyncio.wait({trying})
        return not trying.cancelled() and trying.result() and not self.stopping and not self.stuck

    async def watch(self) -> None:
        """Wait for a step of the model that does not come back; then all that is under way fails closed."""
        seconds = self.settings.limits.stuck_seconds
        if not seconds:
            return
        await stuck(lambda: self.answerer.step, seconds)
        self.stuck = True
        self.metrics.failures.labels("model stuck").inc()
        tell(
            "the model is stuck: what is under way fails, and the server ends",
            logging.CRITICAL,
            seconds=seconds,
            running=self.answerer.running,
            waiting=self.answerer.waiting,
        )
        for give_up in list(self._give_up.values()):
            give_up()
        if self._readiness is not None:
            self._readiness.cancel()
        self.when_stuck()

    def keep(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        """The task, kept alive until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def at_end(self, task: asyncio.Task[Any], give_up: Callable[[], object]) -> None:
        """What is called when the grace is over or the model is stuck, unless the task is done by then."""
        self._give_up[task] = give_up
        task.add_done_callback(lambda done: self._give_up.pop(done, None))

    async def stop(self) -> None:
        """Take nothing new, let what runs end within the grace, and close the audit log; once."""
        self.stopping = True
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        grace = 0.0 if self.stuck else self.settings.limits.grace_seconds
        over = asyncio.get_running_loop().time() + grace
        try:
            async with asyncio.timeout(grace + LEAVING_SECONDS):
                if not self.stuck:  # its thread would be waited for
                    await self.answerer.close(grace)
        except Exception as error:
            tell("close failed", logging.ERROR, error=type(error).__name__)
        # What has just ended may still be written down.
        left = max(over - asyncio.get_running_loop().time(), MOMENT_SECONDS)
        if self._give_up:
            await asyncio.wait(set(self._give_up), timeout=left)
        for give_up in list(self._give_up.values()):
            give_up()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=LEAVING_SECONDS)
        if self.audit is not None:
            await asyncio.to_thread(self.audit.close)

    async def _try_ready(self) -> bool:
        try:
            async with asyncio.timeout(self.settings.limits.ready_seconds):
                return bool(await self.answerer.ready())
        except Exception as error:
            self.metrics.failures.labels("ready").inc()
            tell("not ready", logging.WARNING, error=type(error).__name__)
            return False
