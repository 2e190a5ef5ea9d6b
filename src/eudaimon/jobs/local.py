"""Work on this machine: worker processes that stay, one key each at a time."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from eudaimon.jobs.engine import Ended, environment


class LocalEngine:
    """Up to ``workers`` processes, started when there is work for them; ``gpus`` go round among them."""

    def __init__(
        self, folder: Path, compute: str, workers: int, *, threads: int = 1, gpus: Sequence[str] = ()
    ) -> None:
        self.folder, self.compute, self.workers = folder, compute, workers
        self._environment, self._gpus = environment(threads), tuple(gpus)
        self._idle: list[Worker] = []
        self._busy: dict[Worker, str] = {}
        self._selector = selectors.DefaultSelector()
        self._numbers = list(range(workers))

    @property
    def free(self) -> int:
        """How many workers have nothing to do."""
        return self.workers - len(self._busy)

    @property
    def resumed(self) -> tuple[str, ...]:
        """None: workers end with their driver."""
        return ()

    def drop(self, keys: Iterable[str]) -> None:
        """Nothing to give up."""

    def submit(self, keys: Sequence[str]) -> None:
        """Give each of these keys to an idle worker."""
        for key in keys:
            worker = self._idle.pop() if self._idle else self._start()
            self._busy[worker] = key
            worker.order(self.folder, key)

    def wait(self, seconds: float) -> Iterable[Ended]:
        """The keys that ended; a worker that died has lost its own."""
        heard = [self._hear(ready.data) for ready, _ in self._selector.select(seconds)]
        return [ended for ended in heard if ended]

    def close(self) -> None:
        """End all workers at once: what is under way leaves nothing but a temporary folder."""
        for worker in (*self._idle, *self._busy):
            worker.end()
        self._idle, self._busy = [], {}
        self._selector.close()

    def _start(self) -> Worker:
        number = self._numbers.pop(0)
        own = {"CUDA_VISIBLE_DEVICES": self._gpus[number % len(self._gpus)]} if self._gpus else {}
        worker = self._launch(number, os.environ | self._environment | own)
        self._selector.register(worker.answers, selectors.EVENT_READ, worker)
        return worker

    def _launch(self, number: int, variables: dict[str, str]) -> Worker:
        return _Process(number, self.compute, variables)

    def _hear(self, worker: Worker) -> Ended | None:
        line = worker.answers.readline()
        key = self._busy.pop(worker, None)
        if line.endswith("\n") and key:
            self._idle.append(worker)
            return Ended(key, json.loads(line)["error"])
        self._selector.unregister(worker.answers)
        self._numbers.append(worker.number)
        if worker in self._idle:
            self._idle.remove(worker)
        how = worker.end()
        return Ended(key, f"its worker {how}", lost=True) if key else None


class Worker(Protocol):
    """A worker process as its engine knows it; ``answers`` has a line for every key, and ends with it."""

    number: int
    answers: IO[str]

    def order(self, folder: Path, key: str) -> None:
        """Send a key to compute."""

    def end(self) -> str:
        """Kill the process and all that it started; says how it had ended."""


class _Process:
    """One process with its two pipes."""

    def __init__(self, number: int, compute: str, variables: dict[str, str]) -> None:
        self.number = number
        # A session of its own: Ctrl-C reaches the driver only, which then ends the whole group.
        self.process = subprocess.Popen(
            # -P: no module from the current folder
            [sys.executable, "-P", "-m", "eudaimon.jobs.worker", compute],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=variables,
            start_new_session=True,
        )
        assert self.process.stdin and self.process.stdout
        self.orders: IO[str] = self.process.stdin
        self.answers: IO[str] = self.process.stdout

    def order(self, folder: Path, key: str) -> None:
        """Send a key to compute; a worker that is dead is noticed when it does not answer."""
        with suppress(BrokenPipeError):
            self.orders.write(json.dumps({"folder": str(folder), "key": key}) + "\n")
            self.orders.flush()

    def end(self) -> str:
        """Kill the process and all that it started; says how it had ended."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        for pipe in (self.orders, self.answers):
            with suppress(OSError):
                pipe.close()
        return f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
