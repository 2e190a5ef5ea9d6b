"""What is new on its way into the model: read for the monitor, put in within bounds, and decided about."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eudaimon.serve.local.admission import Reading, alone, share, unread
from eudaimon.serve.local.batch import Batch, LongPrefill, Machine, prefill
from eudaimon.serve.local.job import Job
from eudaimon.serve.local.moderating import Found, Moderator
from eudaimon.serve.local.opinions import ask
from eudaimon.serve.local.portions import Portion, Unreadable, key_of
from eudaimon.serve.local.readout import failed, refused

log = logging.getLogger(__name__)


class Intake:
    """Jobs that wait, are read, or go in; ``begin`` takes those that answer, with their prompts' logits.

    ``again`` takes a job whose prompt has to go in once more, ``lost`` those on which the model failed. At
    each step about ``budget`` tokens of new prompts go in, as many of one long prompt, and as many are read
    for the monitor alone. Where no row ``joins`` another, a prompt goes in whole and by itself.
    """

    def __init__(
        self,
        machine: Machine,
        moderator: Moderator | None,
        budget: int,
        *,
        joins: bool,
        begin: Callable[[Batch, Any], None],
        again: Callable[[Job], None],
        lost: Callable[[Sequence[Job], Exception], None],
        wake: Callable[[Any], None],
    ) -> None:
        self.machine, self.moderator, self.budget, self.joins = machine, moderator, budget, joins
        self.begin, self.again, self.lost, self.wake = begin, again, lost, wake
        self.waiting: list[Job] = []
        self.readings: deque[Reading] = deque()
        self.long: deque[LongPrefill] = deque()
        self.parked: list[Job] = []
        """Those whose first token follows from a second opinion that is on its way."""

    @property
    def jobs(self) -> list[Job]:
        """All of them."""
        return [*self.waiting, *(own.job for own in self.long), *self.parked]

    def step(self, free: int) -> bool:
        """Read, and put in what there are ``free`` places for; False where there was nothing to do."""
        did = self._read_slice()
        did |= self._feed_long()
        return self._admit(free) or did

    def drop_ended(self) -> None:
        """Forget the jobs that are over."""
        self.waiting = [job for job in self.waiting if job.ended is None]
        self.parked = [job for job in self.parked if job.ended is None]
        if any(own.job.ended is not None for own in self.long):
            self.long = deque(own for own in self.long if own.job.ended is None)

    def act_on_input(self, job: Job) -> None:
        """End or steer a job whose input is decided and flagged; let one go in that waited for that."""
        assert job.guard is not None and job.input is not None
        if job.input.flagged and job.asked.input == "block" and not job.asks("input"):
            if job.guard.steer is None or job.input.layer == "error" or job.steered or not job.portions:
                job.end("content_filter")
                return
            job.go_on_steered()
            self.again(job)
        elif job in self.parked and not job.asks("input"):
            self.again(job)

    def _read_slice(self) -> bool:
        if not self.readings:
            return False
        task = self.readings.popleft()
        if task.todo and not task.forgotten():
            task.found |= task.by.found(task.slice(self.budget))
        if task.todo and not task.forgotten():
            self.readings.append(task)
        else:
            task.end()
        return True

    def _feed_long(self) -> bool:
        if not self.long:
            return False
        own = self.long[0]
        try:
            fed = own.feed(self.budget)
        except Exception as error:
            self.lost([own.job], error)
            return True
        if fed is not None:
            self.long.popleft()
            batch, logits = fed
            own.job.times.model += batch.seconds_model
            self.begin(batch, logits)
        return True

    def _admit(self, free: int) -> bool:
        ready = [job for job in self.waiting if self._prepared(job)]
        if free < 1 or not ready:
            return False
        now, long = share(ready, free, self.budget) if self.joins else alone(ready)
        did = bool(now)
        for job in long[:1]:
            # One at a time: what is long may not keep short ones from their places.
            did |= self._begin_long(job)
        if now:
            self.waiting = [job for job in self.waiting if job not in now]
            self._prefill(now)
        return did

    def _prepared(self, job: Job) -> bool:
        """Whether it is known what the monitor reads of a job; the first time, what it read before."""
        if job.prepared is None:
            return True
        if not job.prepared.done():
            return False
        assert self.moderator is not None and job.guard is not None
        try:
            job.portions = job.prepared.result()
            job.found = self.moderator.recalled(job.portions)
        except Unreadable as error:
            job.input = refused(str(error), job.guard.input)
        except Exception as error:
            log.exception("a request could not be prepared for the monitor")
            job.input = failed(error, job.guard.input, fail_open=job.guard.fail_open)
        job.prepared = None
        if job.input is not None:
            self.act_on_input(job)
        return job.ended is None

    def _begin_long(self, job: Job) -> bool:
        if self.long and not unread(job):
            return False
        self.waiting.remove(job)
        job.times.began = job.times.began or time.monotonic()
        todo = unread(job)
        if len(job.prompt) > self.budget and key_of(job.prompt) in {own.key for own in job.portions}:
            todo += [
                own for own in job.portions if own.key == key_of(job.prompt) and own.key not in job.found
            ]
        if todo:
            assert self.moderator is not None

            def done(found: dict[bytes, Found]) -> None:
                job.found |= found
                self.waiting.insert(0, job)

            self.readings.append(Reading(deque(todo), self.moderator, done, lambda: job.cancelled))
            return True
        if job.reads_input and job.input is None:
            self._decide_input(job, 0.0)
        if job.ended is None and job not in [*self.parked, *self.waiting]:
            self.long.append(LongPrefill(self.machine, job))
        return True

    def _prefill(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.times.began = job.times.began or time.monotonic()
        extra = {portion.key: portion for job in jobs for portion in unread(job)}
        others = list(extra.values())
        try:
            batch, logits, activations = prefill(self.machine, jobs, [own.prompt for own in others])
        except Exception as error:
            self.lost(jobs, error)
            return
        began = time.perf_counter()
        self._read_inputs(jobs, others, activations)
        seconds = batch.seconds_monitor + time.perf_counter() - began
        for job in jobs:
            job.times.model += batch.seconds_model
            job.times.monitor += seconds
            if job.reads_input and job.input is None:
                self._decide_input(job, seconds)
        aside = [*self.waiting, *self.parked]
        going = [job for job in jobs if job.ended is None and job not in aside]
        if going:
            keep = [row for row, job in enumerate(jobs) if job in going]
            batch.keep(going)
            self.begin(batch, logits[keep])

    def _read_inputs(self, jobs: list[Job], others: list[Portion], activations: Any) -> None:
        """What the monitor makes of what was read with the prompts; a failure of it is what was found."""
        if activations is None or self.moderator is None:
            return
        own = {
            portion.key: portion for job in jobs for portion in job.portions if portion.key not in job.found
        }
        rows: list[int] = []
        asked: list[Portion] = []
        for row, key in enumerate([*(key_of(job.prompt) for job in jobs), *(one.key for one in others)]):
            if key in own:
                rows.append(row)
                asked.append(own.pop(key))
        if not asked:
            return
        found: dict[bytes, Found]
        try:
            found = self.moderator.made_of(asked, activations.take(np.array(rows)))
        except Exception as error:
            log.error("the monitor failed on %d texts: %s", len(asked), error)
            found = {portion.key: error for portion in asked}
        for job in jobs:
            job.found |= {one.key: found[one.key] for one in job.portions if one.key in found}

    def _decide_input(self, job: Job, seconds: float) -> None:
        assert self.moderator is not None and job.guard is not None
        job.input = self.moderator.decided(job.portions, job.found, job.guard.input, seconds)
        if job.guard.second is not None and job.input.layer == "monitor":
            job.guard.second.seen()
        band, score = job.guard.band, job.input.score
        uncertain = band is not None and band.low <= score < band.high and job.input.layer == "monitor"
        if uncertain and job.opinion is not None:
            ask(job, job.asked.text, "input", 0, job.input, self.wake)
            if job.guard.steer is not None and job.asked.input == "block":
                self.parked.append(job)  # its first token follows from what is decided
                return
        self.act_on_input(job)
