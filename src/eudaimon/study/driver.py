"""Ready steps go to an engine, the longest chains first, and what becomes of each is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from eudaimon.core.progress import LINE_SECONDS
from eudaimon.jobs.engine import Ended, Engine
from eudaimon.jobs.failure import last_lines, record_failure
from eudaimon.study.graph import Graph
from eudaimon.study.store import StepStore

TRIES = 2
"""How often a step is started whose process dies without a word."""

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Event:
    """Something that a watcher of a run may want to show."""

    kind: Literal[
        "waiting", "resumed", "started", "working", "finished", "damaged", "lost", "failed", "blocked"
    ]
    key: str
    text: str = ""
    lines: tuple[str, ...] = ()
    """The last lines of the step's log, for a failure."""


class Driver:
    """Gives ready steps to the engine, the longest chains first, until nothing is left that can run."""

    def __init__(
        self,
        graph: Graph,
        store: StepStore,
        engine: Engine,
        seconds: dict[str, float],
        needed: set[str],
        say: Callable[[Event], None],
    ) -> None:
        self.graph, self.store, self.engine, self.say = graph, store, engine, say
        self.seconds, self.urgency = seconds, graph.path_seconds(seconds)
        self.waiting = {key for key in graph.steps if key in needed}
        self.running: dict[str, int] = {}
        self.tries: dict[str, int] = {}
        self.computed: list[str] = []
        self.failed: dict[str, str] = {}
        self.blocked: list[str] = []
        self._shown = time.monotonic()
        self._take_up()

    def drive(self, advance: Callable[[int], None]) -> None:
        """Work until every step is computed, failed or blocked; ``advance`` hears the seconds of work."""
        reported = 0
        while self.waiting or self.running:
            self._submit()
            for ended in self.engine.wait(POLL_SECONDS):
                self._take(ended)
            credit = sum(self.seconds[key] for key in (*self.computed, *self.failed, *self.blocked))
            advance(int(credit) - reported)
            reported = int(credit)
            self._show_work()

    def _show_work(self) -> None:
        """Every 30 seconds, the last line of each running step's log: its own progress, with its own rate."""
        if time.monotonic() - self._shown > LINE_SECONDS:
            self._shown = time.monotonic()
            for key in self.running:
                if line := last_lines(self.store.log(key), 1):
                    self.say(Event("working", key, line[0]))

    def _take_up(self) -> None:
        """Steps that are under way since an earlier driver go on, unless an input of theirs was discarded."""
        for key in self.engine.resumed:
            if key in self.waiting and not (self.graph.inputs[key] & self.waiting):
                self.running[key] = self.tries[key] = 1
                self.say(Event("resumed", key, "is under way since an earlier run"))
        self.engine.drop(set(self.engine.resumed) - set(self.running))
        self.waiting -= set(self.running)

    def _submit(self) -> None:
        pending = self.waiting | set(self.running)
        ready = [key for key in self.waiting if not (self.graph.inputs[key] & pending)]
        ready.sort(key=lambda key: (-self.urgency[key], key))
        chosen = ready[: self.engine.free]
        for key in chosen:
            self.waiting.discard(key)
            self.running[key] = self.tries[key] = self.tries.get(key, 0) + 1
            self.say(Event("started", key))
        if chosen:
            self.engine.submit(chosen)

    def _take(self, ended: Ended) -> None:
        key = ended.key
        del self.running[key]
        if self.store.done(key):  # the manifest is the truth, whatever became of the process
            self.computed.append(key)
            self.say(Event("finished", key, f"{self.store.seconds(key) or 0:.1f} s"))
            return
        lines = tuple(last_lines(self.store.log(key)))
        error = ended.error or "it ended without a result"
        if ended.lost and self.tries[key] < TRIES:
            self.waiting.add(key)
            self.say(Event("lost", key, f"{error}; it is tried once more", lines))
            return
        record_failure(self.store.folder, key, error)
        self.failed[key] = error
        self.say(Event("failed", key, error, lines))
        for other in sorted(self.graph.below([key]) & self.waiting):
            self.waiting.discard(other)
            self.blocked.append(other)
            self.say(Event("blocked", other, f"needs {key}"))
