"""The answers that grow together: one forward gives each its next token and what was read of its last one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eudaimon.core import Pooling, Site
from eudaimon.models.activations import Activations
from eudaimon.models.decoding import Decoder, pick
from eudaimon.models.model import Model
from eudaimon.models.prompts import Prompt
from eudaimon.serve.local.job import Job
from eudaimon.serve.local.likelihoods import likelihood
from eudaimon.serve.local.pools import Pools, empty_states
from eudaimon.serve.local.release import Likelihood
from eudaimon.serve.local.steering import Steered
from eudaimon.serve.local.taps import Prefill, Step, Taps

if TYPE_CHECKING:
    from torch import Tensor

    from eudaimon.core import Binding


@dataclass(frozen=True, eq=False)
class Machine:
    """A model in its thread: its taps and steering, which of the taps are the monitor's, where answers end.

    ``window_tokens`` are those of who reads answers, ``whole`` whether that one also reads the conversation.
    ``unit`` is the persona direction at tap ``drift``, if one is followed.
    """

    model: Model
    taps: Taps
    ends: frozenset[int]
    sites: tuple[Site, ...] = ()
    poolings: tuple[Pooling, ...] = ()
    window_tokens: int = 0
    whole: bool = True
    steered: Steered | None = None
    drift: int | None = None
    unit: Float[np.ndarray, "d"] | None = None
    binding: Binding | None = None

    @property
    def watches(self) -> bool:
        """Whether there is a monitor."""
        return bool(self.sites)

    @cached_property
    def read(self) -> tuple[int, ...]:
        """The taps that the monitor reads."""
        return tuple(self.taps.sites.index(site) for site in self.sites)

    def activations(self, values: np.ndarray, n_tokens: np.ndarray) -> Activations:
        """Pooled values as the monitor takes them."""
        assert self.binding is not None
        whole = np.zeros(len(values), dtype=bool)
        return Activations(self.sites, self.poolings, values, n_tokens, whole, self.binding)

    def steering(self, rows: Sequence[bool]) -> AbstractContextManager[None]:
        """What steers the named rows while it is entered."""
        return self.steered.acting(rows) if self.steered is not None else nullcontext()


@dataclass(frozen=True, eq=False)
class Looks:
    """What was pooled of answers at one step: activation k is of job ``rows[k]``, at its number of tokens."""

    jobs: tuple[tuple[Job, int], ...]
    rows: np.ndarray
    activations: Activations


class Batch:
    """Jobs with their cache and running states, row by row."""

    def __init__(self, machine: Machine, jobs: Sequence[Job], decoder: Decoder, pools: Pools | None) -> None:
        self.machine = machine
        self.jobs = list(jobs)
        self.decoder = decoder
        self.pools = pools
        self.seconds_model = self.seconds_monitor = 0.0

    def __len__(self) -> int:
        return len(self.jobs)

    def step(self) -> Tensor | None:
        """Float32 logits after one more token of each row, which is read on the way.

        None where no answer goes on: then the forward ends with what is read, and so must the batch.
        """
        machine = self.machine
        began = time.perf_counter()
        step = Step(len(machine.taps.sites))
        rows = [job.steered for job in self.jobs]
        over = bool(machine.taps.sites) and all(job.finish is not None for job in self.jobs)
        logits = None
        with machine.taps.taking(step.take, short=over), machine.steering(rows):
            logits = self.decoder.step([job.token for job in self.jobs])
        done = time.perf_counter()
        for job in self.jobs:
            job.fed += 1
        if self.pools is not None and any(job.watched is not None for job in self.jobs):
            self.pools.add(step.at(machine.read))
        if machine.drift is not None and machine.unit is not None:
            along = (step.at([machine.drift])[:, 0] @ machine.unit).tolist()
            for job, value in zip(self.jobs, along, strict=True):
                job.projected.append(value)
        self.seconds_model, self.seconds_monitor = done - began, time.perf_counter() - done
        return logits

    def looks(self) -> Looks | None:
        """What the monitor is to read now; None where no answer is watched."""
        rows = [row for row, job in enumerate(self.jobs) if job.watched is not None and job.ended is None]
        if self.pools is None or not rows:
            return None
        # What is steered stands in a conversation that was flagged already: its own tokens count.
        whole = [self.machine.whole and not self.jobs[row].steered for row in rows]
        seen = self.pools.looked_at(rows, whole)
        return Looks(
            jobs=tuple((self.jobs[row], self.jobs[row].fed) for row in rows),
            rows=seen.places,
            activations=self.machine.activations(self.pools.values(seen), seen.n_tokens),
        )

    def keep(self, jobs: Sequence[Job]) -> None:
        """Go on with these jobs only, which are in it."""
        import torch

        if len(jobs) == len(self.jobs):
            return
        wanted = set(map(id, jobs))
        places = [row for row, job in enumerate(self.jobs) if id(job) in wanted]
        rows = torch.tensor(places, device=self.machine.model.device)
        self.jobs = [self.jobs[row] for row in places]
        self.decoder.select(rows)
        self.decoder.trim()
        if self.pools is not None:
            self.pools.select(np.array(places))

    def join(self, other: Batch) -> None:
        """Go on with the jobs of another one as well."""
        self.jobs += other.jobs
        self.decoder.join(other.decoder)
        if self.pools is not None and other.pools is not None:
            self.pools.join(other.pools)


def prefill(
    machine: Machine, jobs: Sequence[Job], others: Sequence[Prompt] = ()
) -> tuple[Batch, Tensor, Activations | None]:
    """A batch of new jobs with the float32 logits after their prompts, in one forward.

    Rows that are only read, ``others``, go through the model with them. The activations are those of all
    rows, jobs first, as `capture` gives them; None without a monitor.
    """
    import torch

    model = machine.model
    prompts = [*(job.prompt for job in jobs), *others]
    decoder = Decoder(model, prompts, keep=True)
    began = time.perf_counter()
    own = Prefill(model, prompts, machine.read, machine.poolings)
    steered = [job.steered for job in jobs] + [False] * len(others)
    with machine.taps.taking(own.take), machine.steering(steered):
        logits = decoder.start()
    if others:
        decoder.select(torch.arange(len(jobs), device=model.device))
        decoder.trim()
    pools, activations = None, None
    if machine.watches:
        states = {
            pooling: tuple(part[: len(jobs)] for part in state) for pooling, state in own.states().items()
        }
        pools = Pools(machine.poolings, states, own.n_tokens[: len(jobs)], machine.window_tokens)
        activations = machine.activations(own.values(), own.n_tokens)
    batch = Batch(machine, jobs, decoder, pools)
    batch.seconds_monitor = own.seconds
    batch.seconds_model = time.perf_counter() - began - own.seconds
    return batch, logits[: len(jobs)], activations


class LongPrefill:
    """A prompt that goes in piece by piece while others are answered; what it says is read elsewhere."""

    def __init__(self, machine: Machine, job: Job) -> None:
        self.machine, self.job = machine, job
        self._decoder = Decoder(machine.model, [job.prompt], keep=True)

    def feed(self, n: int) -> tuple[Batch, Tensor] | None:
        """Put ``n`` more tokens in; after the last one the batch of this job and its logits."""
        machine, decoder = self.machine, self._decoder
        began = time.perf_counter()
        last = decoder.fed + n >= decoder.width
        with machine.steering([self.job.steered and last]):
            logits = decoder.feed(n)
        self.job.times.model += time.perf_counter() - began
        if not last:
            return None
        pools = None
        if machine.watches:
            # It is longer than a window: the conversation as a whole is not looked at any more.
            count = [max(int(self.job.prompt.content.sum()), machine.window_tokens)]
            states = empty_states(machine.poolings, 1, len(machine.sites), machine.model.width)
            pools = Pools(machine.poolings, states, count, machine.window_tokens)
        return Batch(machine, [self.job], decoder, pools), logits


def choose(batch: Batch, logits: Tensor) -> list[int]:
    """The next token of each row, as it is drawn for its job alone."""
    import torch

    groups: dict[tuple[float, float], list[int]] = {}
    for row, job in enumerate(batch.jobs):
        groups.setdefault((job.how.temperature, job.how.top_p), []).append(row)
    tokens = [0] * len(batch)
    for rows in groups.values():
        some = logits if len(groups) == 1 else logits[torch.tensor(rows, device=logits.device)]
        draws = [draw for row in rows if (draw := batch.jobs[row].draw) is not None]
        for row, token in zip(rows, pick(some, batch.jobs[rows[0]].how, draws or None), strict=True):
            tokens[row] = token
    return tokens


def told(batch: Batch, logits: Tensor, row: int, token: int) -> Likelihood | None:
    """A token's log-probabilities, where its request wants them."""
    top = batch.jobs[row].asked.top
    return None if top is None else likelihood(batch.machine.model.tokenizer, logits[row], token, top)
