"""How much of what is new goes into the model at one step: bounded, short before long, nobody forgotten."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field

from eudaimon.serve.local.job import Job
from eudaimon.serve.local.moderating import Found, Moderator
from eudaimon.serve.local.portions import Portion, key_of


@dataclass(eq=False)
class Reading:
    """Portions that are read in slices, by whom, and who is told; ``forgotten``: nobody any more."""

    todo: deque[Portion]
    by: Moderator
    done: Callable[[dict[bytes, Found]], None]
    forgotten: Callable[[], bool] = lambda: False
    found: dict[bytes, Found] = field(default_factory=dict)

    def end(self) -> None:
        """Tell what was found; who is gone by now hears nothing."""
        with suppress(InvalidStateError):
            self.done(self.found)

    def slice(self, budget: int) -> list[Portion]:
        """The next portions, of ``budget`` tokens together if there are several."""
        some = [self.todo.popleft()]
        width = len(some[0].prompt)
        while self.todo and (len(some) + 1) * max(width, len(self.todo[0].prompt)) <= budget:
            some.append(self.todo.popleft())
            width = max(width, len(some[-1].prompt))
        return some


def unread(job: Job) -> list[Portion]:
    """The portions of a job that are neither read nor held by its prompt, as it goes through the model."""
    own = key_of(job.prompt)
    return [portion for portion in job.portions if portion.key not in job.found and portion.key != own]


def alone(jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """As `share`, for a model that answers one after the other: nothing goes in beside its prompt."""
    first = list(jobs[:1])
    return ([], first) if any(unread(job) for job in first) else (first, [])


def share(jobs: Sequence[Job], slots: int, budget: int) -> tuple[list[Job], list[Job]]:
    """Of the jobs in their order those that go in now, together, and those that take more than a step.

    At most ``slots`` go in, of ``budget`` tokens with what is read beside them, filler included.
    """
    now: list[Job] = []
    long: list[Job] = []
    rows, width = 0, 0
    for job in jobs:
        if len(now) >= slots:
            break
        extra = unread(job)
        widest = max([len(job.prompt), *(len(portion.prompt) for portion in extra)])
        if (1 + len(extra)) * widest > budget:
            long.append(job)
        elif (rows + 1 + len(extra)) * max(width, widest) <= budget:
            now.append(job)
            rows, width = rows + 1 + len(extra), max(width, widest)
    return now, long
