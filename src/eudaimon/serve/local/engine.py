"""The loop in which a model answers many requests at once, step by step, in the one thread that owns it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eudaimon.serve.local.admission import Reading
from eudaimon.serve.local.batch import Batch, Machine, choose, told
from eudaimon.serve.local.guard import Guard
from eudaimon.serve.local.intake import Intake
from eudaimon.serve.local.job import Job
from eudaimon.serve.local.lookout import Lookout
from eudaimon.serve.local.moderating import Found, Moderators
from eudaimon.serve.local.opinions import answered, ask_about_answer

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
        moderators: Moderators | None,
        limits: Limits,
        *,
        joins: bool = True,
        flush: Callable[[], None] = lambda: None,
    ) -> None:
        self.machine, self.guard, self.moderators = machine, guard, moderators
        self.slots, self.most = (limits.slots if joins else 1), limits.slots + limits.waiting
        self.flush = flush
        self._changed = threading.Condition()
        self._inbox: deque[Job | Reading | Callable[[], None]] = deque()
        self._intake = Intake(
            machine,
            moderators.asked if moderators is not None else None,
            # What a prompt holds of one window is read in one piece.
            max(limits.prefill_tokens, 2 * guard.monitor.window_tokens if guard is not None else 0),
            joins=joins,
            begin=self._begin,
            again=self._again,
            lost=self._model_failed,
            wake=self.wake,
        )
        self._batch: Batch | None = None
        self._lookout = Lookout(moderators.answers) if moderators is not None else None
        self._lingering: list[Job] = []
        self._stopping = self._woken = False
        self._steps = 0
        self.under_way: int | None = None
        """The number of the step that `run` is at; None where it sleeps."""

    @property
    def waiting(self) -> int:
        """Requests that wait for a place."""
        return len(self._intake.waiting) + sum(isinstance(one, Job) for one in list(self._inbox))

    @property
    def running(self) -> int:
        """Requests that are being answered, or whose last words are being decided about."""
        return self._in_model + len(self._lingering) + len(self._intake.parked)

    @property
    def _in_model(self) -> int:
        return (len(self._batch) if self._batch is not None else 0) + len(self._intake.long)

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
            self._steps += 1
            self.under_way = self._steps
            try:
                if self.step():
                    continue
            except Exception:
                log.exception("a step failed; what was under way is ended")
                self.fail("the server failed")
                continue
            self.under_way = None
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
        # Who waits for a second opinion only takes no place in the model; but not without end.
        did = self._intake.step(min(self.slots - self._in_model, self.most - self.running))
        if did:
            # What nobody has to look at needs not wait for the next token of all others.
            self._tell()
        did |= self._decode()
        self._tell()
        return did

    def fail(self, reason: str) -> None:
        """End all that is under way and all that waits, with finish ``error``."""
        self._take()
        while self._intake.readings:
            self._intake.readings.popleft().end()
        jobs = [*self._intake.jobs, *self._answered()]
        for job in jobs:
            job.end("error", reason)
        self._batch = None
        if self._lookout is not None:
            self._lookout.forget()
        self._drop_ended()
        self.flush()

    def _tell(self) -> None:
        """Send what may go out, and ask about what is unsure."""
        for job in self._answered():
            if job.ended is None:
                ask_about_answer(job, self.machine.model.tokenizer, self.wake)
                job.send()
                job.close()
        self._drop_ended()
        self.flush()

    def _answered(self) -> list[Job]:
        """The jobs that have begun to answer, and those whose last words are being decided about."""
        return [*(self._batch.jobs if self._batch is not None else ()), *self._lingering]

    def _take(self) -> None:
        while self._inbox:
            new = self._inbox.popleft()
            if isinstance(new, Job):
                self._intake.waiting.append(new)
            elif isinstance(new, Reading):
                self._intake.readings.append(new)
            else:
                new()

    def _clear_cancelled(self) -> None:
        for job in [*self._intake.jobs, *self._answered()]:
            if job.cancelled:
                job.end("cancelled")
        self._drop_ended()

    def _drop_ended(self) -> None:
        self._intake.drop_ended()
        self._lingering = [job for job in self._lingering if job.ended is None]
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
        for job in [*self._answered(), *self._intake.jobs]:
            for one in [one for one in job.asking if one.answer.done()]:
                assert self.guard is not None
                if one not in job.asking:  # what was decided just now has ended the job, or begun it again
                    continue
                job.asking.remove(one)
                decision = answered(self.guard, one)
                if one.side == "input":
                    job.input = decision
                    self._intake.act_on_input(job)
                elif job.watched is not None:
                    job.watched.answered(one.n, decision)
                    self._act_on_output(job)

    def _again(self, job: Job) -> None:
        """Let a job's prompt go in once more, before those that wait."""
        for own in (self._lingering, self._intake.parked):
            if job in own:
                own.remove(job)
        if self._batch is not None and job in self._batch.jobs:
            self._keep([own for own in self._batch.jobs if own is not job])
        job.finish, job.looking = None, 0
        if job not in self._intake.waiting:
            self._intake.waiting.insert(0, job)

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
        # The look before this one was read while the model computed; this one is read beside the next step,
        # unless somebody's first or last words wait for it.
        self._collect()
        if self._batch is not None and self._lookout is not None:
            self._lookout.begin(batch)
            if any(job.awaits_look for job in batch.jobs):
                self._collect()
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
