"""Work on this machine by processes that are forked from one: what it has opened, they share."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from eudaimon.jobs.local import LocalEngine


class ForkedEngine(LocalEngine):
    """A `LocalEngine` whose workers share the memory of what ``warm`` opens and imports.

    ``warm`` is a function of the folder, named as ``package.module:function``, and called once in the process
    that workers are forked from. It must start no threads.
    """

    def __init__(self, folder: Path, compute: str, workers: int, warm: str) -> None:
        super().__init__(folder, compute, workers)
        self._warm = warm
        self._server: _Server | None = None

    def close(self) -> None:
        """End all workers at once, and the process that they came from."""
        super().close()
        if self._server:
            self._server.end()
            self._server = None

    def _launch(self, number: int, variables: dict[str, str]) -> _Forked:
        if self._server is None:
            self._server = _Server(self.compute, self._warm, self.folder, variables)
        return _Forked(number, self._server)


class _Server:
    """The process that forks: asked over a socket, with the ends of pipes that the new worker gets."""

    def __init__(self, compute: str, warm: str, folder: Path, variables: dict[str, str]) -> None:
        self.socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                # -P: no module from the current folder
                [sys.executable, "-P", "-m", "eudaimon.jobs.fork_server", compute, warm, str(folder)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=variables,
                start_new_session=True,
            )

    def fork(self, orders: int, answers: int) -> int:
        """The process id of a new worker with these for its input and output; 0 when none can be had."""
        try:
            socket.send_fds(self.socket, [b"fork"], [orders, answers])
            said = self.socket.recv(64)
        except OSError:
            return 0
        return int(json.loads(said)) if said else 0

    def end(self) -> None:
        """Kill the process; its workers end when their input ends."""
        self.socket.close()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class _Forked:
    """One forked worker with its two pipes; what `eudaimon.jobs.local` knows of a worker."""

    def __init__(self, number: int, server: _Server) -> None:
        self.number = number
        their_orders, orders = os.pipe()
        answers, their_answers = os.pipe()
        self.orders: IO[str] = os.fdopen(orders, "w")
        self.answers: IO[str] = os.fdopen(answers)
        self.pid = server.fork(their_orders, their_answers)
        os.close(their_orders)
        os.close(their_answers)

    def order(self, folder: Path, key: str) -> None:
        """Send a key to compute; a worker that is dead is noticed when it does not answer."""
        with suppress(BrokenPipeError):
            self.orders.write(json.dumps({"folder": str(folder), "key": key}) + "\n")
            self.orders.flush()

    def end(self) -> str:
        """Kill the process and all that it started; says that it had ended."""
        with suppress(ProcessLookupError):
            if self.pid:
                os.killpg(self.pid, signal.SIGKILL)
        for pipe in (self.orders, self.answers):
            with suppress(OSError):
                pipe.close()
        return "was killed or ended"


def can_fork() -> bool:
    """Whether this system forks processes and hands over open files: not on Windows."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds")
