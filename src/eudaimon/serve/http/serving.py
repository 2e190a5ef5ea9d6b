"""What all routes share: the answerer, the operator's settings, and one place where verdicts are recorded."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from eudaimon.core import Text, plain_text
from eudaimon.serve.asked import Answerer, Asked, Decided, Ended
from eudaimon.serve.http.audit import Audit, Row
from eudaimon.serve.http.errors import stopping, unrecorded
from eudaimon.serve.http.logs import tell
from eudaimon.serve.http.metrics import Metrics
from eudaimon.serve.http.settings import Settings

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
        self.stopping = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._give_up: dict[asyncio.Task[Any], Callable[[], object]] = {}
        self._ending: asyncio.Task[None] | None = None
        self._readiness: asyncio.Task[bool] | None = None

    async def admit(self) -> None:
        """Raises `Refused` where nothing new is taken, or where verdicts must be recorded and cannot be."""
        if self.stopping:
            raise stopping()
        if self.audit is not None and self.audit.required and not await self._written(()):
            raise unrecorded()

    async def ready(self) -> bool:
        """Whether a real forward just went through; probes that come together share one."""
        if self.stopping:
            return False
        if self._readiness is None or self._readiness.done():
            self._readiness = self.keep(asyncio.create_task(self._try_ready()))
        return await asyncio.shield(self._readiness) and not self.stopping

    async def judged(
        self, id_: str, route: str, side: str, mode: str, texts: Sequence[Text], decided: Sequence[Decided]
    ) -> bool:
        """Record decisions without an answer; False where they had to be written and were not."""
        for each in decided:
            self.metrics.decided(side, each)
        rows = [
            self._row(id_, route, side, mode, each, text, "none")
            for text, each in zip(texts, decided, strict=True)
        ]
        said = self._said(texts) | {side: [_facts(each) for each in decided]}
        tell("moderated", id=id_, route=route, **said)
        return await self._record(rows)

    async def answered(self, asked: Asked, route: str, answer: str, ended: Ended, streamed: bool) -> bool:
        """Record an answer that ended; False where its verdicts had to be written and were not."""
        sides = (
            ("input", asked.input, ended.input, asked.text),
            ("output", asked.output, ended.output, answer),
        )
        for side, _, decided, _ in sides:
            if decided is not None:
                self.metrics.decided(side, decided)
        self.metrics.ended(ended, streamed)
        if ended.finish == "error":
            self.metrics.failures.labels("answer").inc()
        rows = [
            self._row(asked.id, route, side, mode, decided, text, ended.finish)
            for side, mode, decided, text in sides
            if decided is not None
        ]
        tell(
            "answered",
            logging.WARNING if ended.finish == "error" else logging.INFO,
            id=asked.id,
            route=route,
            finish=ended.finish,
            n_input=ended.n_input,
            n_output=ended.n_output,
            n_held=ended.n_held,
            n_leaked=ended.n_leaked if streamed else 0,
            flagged_at=ended.flagged_at,
            steered=ended.steered,
            drift=_number(ended.drift),
            seconds_queued=round(ended.seconds_queued, 6),
            seconds_model=round(ended.seconds_model, 6),
            seconds_monitor=round(ended.seconds_monitor, 6),
            input=_facts(ended.input),
            output=_facts(ended.output),
            **self._said([asked.text], answer),
        )
        return await self._record(rows)

    def keep(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        """The task, kept alive until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def at_end(self, task: asyncio.Task[Any], give_up: Callable[[], object]) -> None:
        """What is called once the server ends and the grace is over, unless the task is done by then."""
        self._give_up[task] = give_up
        task.add_done_callback(lambda done: self._give_up.pop(done, None))

    async def stop(self) -> None:
        """Take nothing new, let what runs end within the grace, and close the audit log; once."""
        self.stopping = True
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        grace = self.settings.limits.grace_seconds
        over = asyncio.get_running_loop().time() + grace
        try:
            async with asyncio.timeout(grace + LEAVING_SECONDS):
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

    async def _record(self, rows: Sequence[Row]) -> bool:
        if self.audit is None or not rows:
            return True
        if not self.audit.required:
            self.keep(asyncio.create_task(self._written(rows)))
            return True
        return await self._written(rows)

    async def _written(self, rows: Sequence[Row]) -> bool:
        assert self.audit is not None
        try:
            await asyncio.wrap_future(self.audit.write(rows))
        except Exception as error:
            self.metrics.failures.labels("audit").inc()
            tell("audit failed", logging.ERROR, error=type(error).__name__, rows=len(rows))
            return False
        return True

    def _row(
        self, id_: str, route: str, side: str, mode: str, decided: Decided, text: Text, finish: str
    ) -> Row:
        return Row(
            id_,
            time.time(),
            route,
            side,
            mode,
            decided.flagged,
            _number(decided.score),
            _number(decided.threshold),
            decided.layer,
            decided.category,
            self.answerer.name,
            self.settings.monitor_hash,
            finish,
            text,
        )

    def _said(self, texts: Sequence[Text], answer: str | None = None) -> dict[str, Any]:
        """How long the texts are; what they say only where the operator wants that logged."""
        said: dict[str, Any] = {"characters": [len(plain_text(text)) for text in texts]}
        if answer is not None:
            said["answer_characters"] = len(answer)
        if self.settings.log_text:
            said["texts"] = [plain_text(text) for text in texts]
            if answer is not None:
                said["answer"] = answer
        return said


def _facts(decided: Decided | None) -> dict[str, Any] | None:
    if decided is None:
        return None
    return {
        "flagged": decided.flagged,
        "score": _number(decided.score),
        "threshold": _number(decided.threshold),
        "layer": decided.layer,
        "category": decided.category,
    }


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
