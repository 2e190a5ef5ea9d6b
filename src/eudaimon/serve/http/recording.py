"""One place where verdicts are recorded: counted, logged without their texts, and kept in the audit log."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eudaimon.core import Text, plain_text
from eudaimon.serve.asked import Answerer, Asked, Decided, Ended
from eudaimon.serve.http.audit import Audit, Row
from eudaimon.serve.http.logs import tell
from eudaimon.serve.http.metrics import Metrics
from eudaimon.serve.http.settings import Settings


@dataclass(frozen=True)
class Recording:
    """Where what was decided goes; ``keep`` holds a task until it is done."""

    answerer: Answerer
    settings: Settings
    metrics: Metrics
    audit: Audit | None
    keep: Callable[[asyncio.Task[Any]], object]

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
        if ended.fault is not None:
            self.metrics.failures.labels(f"upstream_{ended.fault.kind}").inc()
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
            fault=None if ended.fault is None else ended.fault.kind,
            upstream_status=None if ended.fault is None else ended.fault.status,
            seconds_queued=round(ended.seconds_queued, 6),
            seconds_model=round(ended.seconds_model, 6),
            seconds_monitor=round(ended.seconds_monitor, 6),
            input=_facts(ended.input),
            output=_facts(ended.output),
            **self._said([asked.text], answer),
        )
        return await self._record(rows)

    async def _record(self, rows: Sequence[Row]) -> bool:
        if self.audit is None or not rows:
            return True
        if not self.audit.required:
            self.keep(asyncio.create_task(self.written(rows)))
            return True
        return await self.written(rows)

    async def written(self, rows: Sequence[Row]) -> bool:
        """Whether the audit log acknowledged the rows; without rows whether it can be written at all."""
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
