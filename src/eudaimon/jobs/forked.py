"""Work on this machine by processes that are forked from one: what it has opened, they share."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from eudaimon.jobs.engine import environment
from eudaimon.jobs.local import LocalEngine


class ForkedEngine(LocalEngine):
    """A `LocalEngine` whose workers share the memory of what ``warm`` opens and imports.

    ``warm`` is a function of the folder, named as ``package.module:function``, and called once in the process
    that workers are forked from. It must start no threads. With ``keep`` that process may be one that
    `prepare` has started, and rests afterwards for a minute: the next such engine then imports nothing.
    """

    def __init__(self, folder: Path, compute: str, workers: int, warm: str, *, keep: bool = False) -> None:
        super().__init__(folder, compute, workers)
        self._warm, self._keep = warm, keep
        self._server: _Server | None = None

    def close(self) -> None:
        """End all workers at once, and the process that they came from, unless it is kept."""
        super().close()
        if self._server and not (self._keep and _rests(self._server)):
            self._server.end()
        self._server = None

    def _launch(self, number: int, variables: dict[str, str]) -> _Forked:
        if self._server is None:
            asked = self.compute, self._warm, str(self.folder)
            spare = _taken(variables) if self._keep else None
            if spare and not spare.ask(*asked):
                spare.end()
                spare = None
            self._server = spare or _Server(self.compute, variables)
            if not spare:
                self._server.ask(*asked)
        return _Forked(number, self._server)


def prepare(compute: str, modules: Sequence[str] = ()) -> None:
    """Start the process that workers will be forked from, so that it imports while the caller still plans.

    ``compute`` is the function that a `ForkedEngine` with ``keep`` will be asked for, ``modules`` are what it
    will import besides. Not used within a minute, the process ends.
    """
    variables = os.environ | environment(1)
    resting = _taken(variables)
    _spare[:] = [resting or _Server(compute, variables, modules)]


class _Server:
    """The process that forks: asked over a socket, one question at a time."""

    def __init__(self, compute: str, variables: dict[str, str], modules: Sequence[str] = ()) -> None:
        self.variables, self.driver = variables, os.getpid()
        self.socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                # -P: no module from the current folder
                [sys.executable, "-P", "-m", "eudaimon.jobs.fork_server", compute, *modules],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=variables,
                start_new_session=True,
            )

    def ask(self, *question: str, files: tuple[int, ...] = ()) -> int:
        """Its answer to a question of `eudaimon.jobs.fork_server`; 0 when it is gone."""
        said: Any = b""
        with suppress(OSError):
            words = json.dumps(question).encode()
            if files:
                socket.send_fds(self.socket, [words], files)
            else:
                self.socket.sendall(words)
            said = self.socket.recv(64)
        return int(json.loads(said)) if said else 0

    def end(self) -> None:
        """Kill the process; its workers end when their input ends."""
        self.socket.close()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


_spare: list[_Server] = []
"""At most one, that rests."""


def _rests(server: _Server) -> bool:
    """Keep a server for the next engine, if it is there and no other is."""
    if _spare or not server.ask("rest"):
        return False
    _spare.append(server)
    return True


def _taken(variables: dict[str, str]) -> _Server | None:
    """The resting server, if it is of this process and has these variables; any other is ended."""
    while _spare:
        server = _spare.pop()
        if server.driver != os.getpid():
            continue  # that of the process that this one was forked from
        if server.variables == variables and server.process.poll() is None:
            return server
        server.end()
    return None


@atexit.register
def _end_spare() -> None:
    _taken({})


class _Forked:
    """One forked worker with its two pipes; what `eudaimon.jobs.local` knows of a worker."""

    def __init__(self, number: int, server: _Server) -> None:
        self.number = number
        their_orders, orders = os.pipe()
        answers, their_answers = os.pipe()
        self.orders: IO[str] = os.fdopen(orders, "w")
        self.answers: IO[str] = os.fdopen(answers)
        self.pid = server.ask("fork", files=(their_orders, their_answers))
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
