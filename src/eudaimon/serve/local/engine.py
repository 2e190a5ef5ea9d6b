"""The loop in which a model answers many requests at once, step by step, in the one thread that owns it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eudaimon.serve.local.admission import Reading, share, unread
from eudaimon.serve.local.batch import Batch, LongPrefill, Machine, choose, prefill, told
from eudaimon.serve.local.guard import Guard
from eudaimon.serve.local.job import Job
from eudaimon.serve.local.lookout import Lookout
from eudaimon.serve.local.moderating import Found, Moderator
from eudaimon.serve.local.opinions import answered, ask, ask_about_answer
from eudaimon.serve.local.portions import Portion, Unreadable, key_of
from eudaimon.serve.local.readout import failed, refused

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """At most ``slots`` answers grow at once and ``waiting`` requests wait; at each step at most about
    ``prefill_tokens`` of new prompts go in, as many of one long prompt, and as many are read for the monitor.
    """

    slots: int = 32
    waiting: int = 128
    prefill_tokens: int = 512


class Engine:
    """Jobs in, events out. `submit`, `cancel` and `wake` from any thread; all else belongs to the model's.

    ``joins`` is False for a model whose cache no row can join: it answers one request after the other.
    ``flush`` is called when a step has told what it had to tell.
    """

    def __init__(
        self,
        machine: Machine,
        guard: Guard | None,
        moderator: Moderator | None,
        limits: Limits,
        *,
        joins: bool = True,
        flush: Callable[[], None] = lambda: None,
    ) -> None:
        self.machine, self.guard, self.moderator = machine, guard, moderator
        self.slots = limits.slots if joins else 1
        self.flush = flush
        # What a prompt holds of one window is read in one piece.
        self.budget = max(limits.prefill_tokens, 2 * machine.window_tokens)
        self._changed = threading.Condition()
        self._inbox: deque[Job | Reading | Callable[[], None]] = deque()
        self._waiting: list[Job] = []
        self._readings: deque[Reading] = deque()
        self._long: deque[LongPrefill] = deque()
        self._batch: Batch | None = None
        self._lookout = Lookout(moderator) if moderator is not None else None
        self._lingering: list[Job] = []
        self._stopping = self._woken = False

    @property
    def waiting(self) -> int:
        """Requests that wait for a place."""
        return len(self._waiting) + sum(isinstance(one, Job) for one in list(self._inbox))

    @property
    def running(self) -> int:
        """Requests that are being answered, or whose last words are being decided about."""
        return (len(self._batch) if self._batch else 0) + len(self._long) + len(self._lingering)

    def submit(self, new: Job | Reading | Callable[[], None]) -> None:
        """A request, portions to be read, or something to be called between two steps."""
        with self._changed:
            self._inbox.append(new)
        self.wake()

    def wake(self, *_: object) -> None:
        """Something that the loop waits for has happened."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def stop(self) -> None:
        """End `run` once there is nothing to do."""
        self._stopping = True
        self.wake()

    def run(self) -> None:
        """Step until stopped; sleeps while there is nothing to do."""
        while True:
            self._woken = False
            try:
                if self.step():
                    continue
            except Exception:
                log.exception("a step failed; what was under way is ended")
                self.fail("the server failed")
                continue
            with self._changed:
                if not self._woken:
                    if self._stopping and not self.running:
                        return
                    self._changed.wait()

    def step(self) -> bool:
        """One step of everything that is under way; False where nothing could be done."""
        self._take()
        self._clear_cancelled()
        self._settle_opinions()
        did = self._read_slice()
        did |= self._feed_long()
        did |= self._admit()
        did |= self._decode()
        for job in self._answered():
            if job.ended is None:
                ask_about_answer(job, self.machine.model.tokenizer, self.wake)
                job.send()
                job.close()
        self._drop_ended()
        self.flush()
        return did

    def fail(self, reason: str) -> None:
        """End all that is under way and all that waits, with finish ``error``."""
        self._take()
        while self._readings:
            self._readings.popleft().end()
        jobs = [
            *self._waiting,
            *(own.job for own in self._long),
            *(self._batch.jobs if self._batch else ()),
            *self._lingering,
        ]
        for job in jobs:
            job.end("error", reason)
        self._batch = None
        if self._lookout is not None:
            self._lookout.forget()
        self._drop_ended()
        self.flush()

    def _answered(self) -> list[Job]:
        """The jobs that have begun to answer, and those whose last words are being decided about."""
        return [*(self._batch.jobs if self._batch is not None else ()), *self._lingering]

    def _take(self) -> None:
        while self._inbox:
            new = self._inbox.popleft()
            if isinstance(new, Job):
                self._waiting.append(new)
            elif isinstance(new, Reading):
                self._readings.append(new)
            else:
                new()

    def _clear_cancelled(self) -> None:
        for job in self._waiting:
            if job.cancelled:
                job.end("cancelled")
        for own in self._long:
            if own.job.cancelled:
                own.job.end("cancelled")
        for job in self._answered():
            if job.cancelled:
                job.end("cancelled")
        self._drop_ended()

    def _drop_ended(self) -> None:
        self._waiting = [job for job in self._waiting if job.ended is None]
        self._lingering = [job for job in self._lingering if job.ended is None]
        if any(own.job.ended is not None for own in self._long):
            self._long = deque(own for own in self._long if own.job.ended is None)
        if self._batch is not None:
            self._keep([job for job in self._batch.jobs if job.ended is None])

    def _keep(self, jobs: Sequence[Job]) -> None:
        if self._batch is None:
            return
        if jobs:
            self._batch.keep(jobs)
        else:
            self._batch = None

    def _settle_opinions(self) -> None:
        for job in self._answered():
            for one in [one for one in job.asking if one.answer.done()]:
                assert self.guard is not None
                job.asking.remove(one)
                decision = answered(self.guard, one)
                if one.side == "input":
                    job.input = decision
                    self._act_on_input(job)
                elif job.watched is not None:
                    job.watched.answered(one.n, decision)
                    self._act_on_output(job)

    def _read_slice(self) -> bool:
        if not self._readings:
            return False
        task = self._readings.popleft()
        assert self.moderator is not None
        if task.todo and not task.forgotten():
            task.found |= self.moderator.found(task.slice(self.budget))
        if task.todo and not task.forgotten():
            self._readings.append(task)
        else:
            task.end()
        return True

    def _feed_long(self) -> bool:
        if not self._long:
            return False
        own = self._long[0]
        try:
            fed = own.feed(self.budget)
        except Exception as error:
            self._model_failed([own.job], error)
            return True
        if fed is not None:
            self._long.popleft()
            batch, logits = fed
            own.job.times.model += batch.seconds_model
            self._begin(batch, logits)
        return True

    def _admit(self) -> bool:
        free = self.slots - self.running
        ready = [job for job in self._waiting if self._prepared(job)]
        if free < 1 or not ready:
            return False
        now, long = share(ready, free, self.budget)
        did = bool(now)
        for job in long[:1]:
            # One at a time: what is long may not keep short ones from their places.
            did |= self._begin_long(job)
        if now:
            self._waiting = [job for job in self._waiting if job not in now]
            self._prefill(now)
        return did

    def _prepared(self, job: Job) -> bool:
        """Whether it is known what the monitor reads of a job; the first time, what it read before."""
        if job.prepared is None:
            return True
        if not job.prepared.done():
            return False
        assert self.moderator is not None and self.guard is not None
        try:
            job.portions = job.prepared.result()
            job.found = self.moderator.recalled(job.portions)
        except Unreadable as error:
            job.input = refused(str(error), self.guard.input)
        except Exception as error:
            log.exception("a request could not be prepared for the monitor")
            job.input = failed(error, self.guard.input, fail_open=self.guard.fail_open)
        job.prepared = None
        if job.input is not None:
            self._act_on_input(job)
        return job.ended is None

    def _begin_long(self, job: Job) -> bool:
        if self._long and not unread(job):
            return False
        self._waiting.remove(job)
        job.times.began = job.times.began or time.monotonic()
        todo = unread(job)
        if len(job.prompt) > self.budget and key_of(job.prompt) in {own.key for own in job.portions}:
            todo += [
                own for own in job.portions if own.key == key_of(job.prompt) and own.key not in job.found
            ]
        if todo:

            def done(found: dict[bytes, Found]) -> None:
                job.found |= found
                self._waiting.insert(0, job)

            self._readings.append(Reading(deque(todo), done, lambda: job.cancelled))
            return True
        if job.reads_input and job.input is None:
            self._decide_input(job, 0.0)
        if job.ended is None and job not in [*self._lingering, *self._waiting]:
            self._long.append(LongPrefill(self.machine, job))
        return True

    def _prefill(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.times.began = job.times.began or time.monotonic()
        extra = {portion.key: portion for job in jobs for portion in unread(job)}
        others = list(extra.values())
        try:
            batch, logits, activations = prefill(self.machine, jobs, [own.prompt for own in others])
        except Exception as error:
            self._model_failed(jobs, error)
            return
        began = time.perf_counter()
        self._read_inputs(jobs, others, activations)
        seconds = batch.seconds_monitor + time.perf_counter() - began
        for job in jobs:
            job.times.model += batch.seconds_model
            job.times.monitor += seconds
            if job.reads_input and job.input is None:
                self._decide_input(job, seconds)
        aside = [*self._waiting, *self._lingering]
        going = [job for job in jobs if job.ended is None and job not in aside]
        if going:
            keep = [row for row, job in enumerate(jobs) if job in going]
            batch.keep(going)
            self._begin(batch, logits[keep])

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
        assert self.moderator is not None and self.guard is not None
        job.input = self.moderator.decided(job.portions, job.found, self.guard.input, seconds)
        band, score = self.guard.band, job.input.score
        uncertain = band is not None and band.low <= score < band.high and job.input.layer == "monitor"
        if uncertain and job.opinion is not None:
            ask(job, job.asked.text, "input", 0, job.input, self.wake)
            if self.guard.steer is not None and job.asked.input == "block":
                self._lingering.append(job)  # its first token follows from what is decided
                return
        self._act_on_input(job)

    def _act_on_input(self, job: Job) -> None:
        """End or steer a job whose input is decided and flagged."""
        assert self.guard is not None and job.input is not None
        parked = job in self._lingering and job.finish is None
        if job.input.flagged and job.asked.input == "block" and not job.asks("input"):
            if self.guard.steer is None or job.input.layer == "error" or job.steered or not job.portions:
                job.end("content_filter")
                return
            job.go_on_steered()
            self._again(job)
        elif parked and not job.asks("input"):
            self._again(job)

    def _again(self, job: Job) -> None:
        """Let a job's prompt go in once more."""
        if job in self._lingering:
            self._lingering.remove(job)
        if self._batch is not None and job in self._batch.jobs:
            self._keep([own for own in self._batch.jobs if own is not job])
        job.finish, job.looking = None, 0
        if job not in self._waiting:
            self._waiting.insert(0, job)

    def _begin(self, batch: Batch, logits: Any) -> None:
        """Draw the first tokens of new jobs and let them join the others."""
        self._draw(batch, logits)
        going = [job for job in batch.jobs if job.finish is None or job.unread]
        self._lingering += [job for job in batch.jobs if job.finish is not None and not job.unread]
        if not going:
            return
        batch.keep(going)
        if self._batch is None:
            self._batch = batch
        else:
            self._batch.join(batch)

    def _draw(self, batch: Batch, logits: Any) -> None:
        """Give every job its next token, or its finish."""
        for row, token in enumerate(choose(batch, logits)):
            job = batch.jobs[row]
            if job.finish is not None:
                continue
            if token in self.machine.ends:
                job.finish = "stop"
                continue
            job.release.add(token, told(batch, logits, row, token))
            job.token = token
            if job.release.stopped:
                job.finish = "stop"
            elif len(job.release) >= job.room:
                job.finish = "length"

    def _decode(self) -> bool:
        batch = self._batch
        if batch is None:
            return self._collect()
        try:
            logits = batch.step()
        except Exception as error:
            self._batch = None
            self._model_failed(batch.jobs, error)
            return True
        for job in batch.jobs:
            job.times.model += batch.seconds_model
            job.times.monitor += batch.seconds_monitor
        if logits is not None:
            self._draw(batch, logits)
        # The look before this one was read while the model computed; this one is read beside the next step.
        self._collect()
        if self._batch is not None and self._lookout is not None:
            self._lookout.begin(batch)
        over = [job for job in batch.jobs if job.finish is not None and not job.unread]
        if over and self._batch is not None:
            self._lingering += [job for job in over if job.ended is None]
            self._keep([job for job in self._batch.jobs if job not in over])
        return True

    def _collect(self) -> bool:
        """Act on the look that is on its way."""
        seen = self._lookout.collect() if self._lookout is not None else []
        for job, n, found in seen:
            self._see(job, n, found)
        return bool(seen)

    def _see(self, job: Job, n: int, found: Found) -> None:
        assert job.watched is not None
        before = job.watched.hit
        job.watched.look(n, found)
        if before is None and job.watched.hit is not None:
            job.leaked = job.release.sent
        self._act_on_output(job)

    def _act_on_output(self, job: Job) -> None:
        """End or steer a job whose answer was flagged."""
        assert self.guard is not None and job.watched is not None
        hit = job.watched.hit
        if hit is None or job.asked.output != "block" or job.ended is not None:
            return
        job.leaked = job.release.sent
        if self.guard.steer is None or job.steered or hit.layer == "error":
            job.end("content_filter")
            return
        job.asking = [one for one in job.asking if one.side == "input"]
        job.go_on_steered()
        self._again(job)

    def _model_failed(self, jobs: Sequence[Job], error: Exception) -> None:
        log.error("the model failed on %d requests", len(jobs), exc_info=error)
        for job in list(jobs):
            job.end("error", f"the model failed: {type(error).__name__}")
        self._drop_ended()
