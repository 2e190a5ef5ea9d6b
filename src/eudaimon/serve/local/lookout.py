"""The looks at growing answers: what was pooled at a step is read beside the next, or waited for at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial

from eudaimon.serve.local.batch import Batch, Looks
from eudaimon.serve.local.job import Job
from eudaimon.serve.local.limited import Call
from eudaimon.serve.local.moderating import Found, Moderator
from eudaimon.serve.local.readout import Read, read_worst

log = logging.getLogger(__name__)


class Lookout:
    """At most one look is on its way; `collect` waits for it, but no longer than the monitor may take."""

    def __init__(self, moderator: Moderator) -> None:
        self._moderator = moderator
        self._looks: tuple[Looks, Call[list[Read]] | BaseException] | None = None

    def begin(self, batch: Batch) -> None:
        """Let the monitor read what its answers are now; raises what pooling raises."""
        began = time.perf_counter()
        looks = batch.looks()
        if looks is None:
            return
        monitor = self._moderator.monitor
        jobs = [job for job, _ in looks.jobs]
        known = [job.watched.worst if job.watched is not None else -1.0 for job in jobs]
        answer: Call[list[Read]] | BaseException
        try:
            answer = self._moderator.limited.begin(
                partial(read_worst, monitor, looks.activations, looks.rows, known)
            )
        except Exception as error:
            answer = error
        seconds = time.perf_counter() - began
        for job in jobs:
            job.looking += 1
            job.times.monitor += seconds
        self._looks = looks, answer

    def collect(self) -> list[tuple[Job, int, Found]]:
        """What was seen: jobs, how many tokens of their answers, what was found or why nothing was."""
        if self._looks is None:
            return []
        looks, answer = self._looks
        self._looks = None
        began = time.perf_counter()
        found: Sequence[Found]
        try:
            if isinstance(answer, BaseException):
                raise answer
            found = [*self._moderator.limited.wait(answer)]
        except Exception as error:
            log.error("the monitor failed on %d answers: %s", len(looks.jobs), type(error).__name__)
            found = [error] * len(looks.jobs)
        seconds = time.perf_counter() - began
        seen: list[tuple[Job, int, Found]] = []
        for (job, n), own in zip(looks.jobs, found, strict=True):
            job.times.monitor += seconds
            if job.ended is None and job.looking:  # neither over nor begun again since
                job.looking -= 1
                seen.append((job, n, own))
        return seen

    def forget(self) -> None:
        """Nobody waits for the look that is on its way."""
        self._looks = None
