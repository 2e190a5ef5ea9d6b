"""The process that workers are forked from: it opens what they share, and does no work itself.

It ends when its driver does, or has asked nothing for a while and has no engine at work; its workers end as
those of `eudaimon.jobs.worker` do, with their input.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress

from eudaimon.jobs import worker

IDLE_SECONDS = 60.0
"""How long the process waits for an engine when it has none."""
PATIENCE_SECONDS = 5.0
"""For workers that were killed, before it rests."""
LONGEST = 1 << 16
"""Bytes of a question: names and a path."""


def main() -> None:
    """Serve the driver at the other end of the socket that is standard input.

    Its questions are JSON lists: a function of keys, one that opens, and a folder; ``fork``, with the ends of
    two pipes for the new worker; ``rest``. The answer is a number: the process id of the worker, or 1.
    """
    driver = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    compute, forks = sys.argv[1], True
    # What imports and opening make is there to stay: looking for circles in it took a third of that time.
    gc.disable()
    for name in sys.argv[1:]:
        _import(name)
    driver.settimeout(IDLE_SECONDS)
    while True:
        try:
            said, files, _, _ = socket.recv_fds(driver, LONGEST, 2)
        except OSError:
            return
        if not said:
            return
        question, answer = json.loads(said), 1
        _reap(PATIENCE_SECONDS if question == ["rest"] else 0)
        if question == ["fork"]:
            answer = os.fork()
            if answer == 0:
                driver.close()
                _become_worker(compute, files, forks=forks)
        elif question == ["rest"]:
            driver.settimeout(IDLE_SECONDS)
        else:
            driver.settimeout(None)
            compute = question[0]
            forks = _warmed(*question)
        for file in files:
            os.close(file)
        try:
            driver.sendall(json.dumps(answer).encode())
        except OSError:
            return


def _reap(seconds: float) -> None:
    """Wait so long at most for workers that end, whose CPU time then counts as this process's."""
    until = time.monotonic() + seconds
    with suppress(ChildProcessError):  # there is none
        while os.waitpid(-1, os.WNOHANG)[0] or time.monotonic() < until:
            time.sleep(0.001)


def _import(compute: str) -> None:
    with suppress(Exception):  # Each worker meets it again, and says of which key.
        importlib.import_module(compute.partition(":")[0])


def _warmed(compute: str, warm: str, folder: str) -> bool:
    """Import and open; whether what is there now survives a fork: no thread does, and no GPU."""
    _import(compute)
    try:
        module, _, function = warm.partition(":")
        getattr(importlib.import_module(module), function)(folder)
    except Exception:  # as above
        traceback.print_exc()
    # What is frozen is not touched by collections, and so stays shared.
    gc.freeze()
    # Workers make many small objects and hardly a circle; the search for one took up to a third of the time.
    gc.set_threshold(50_000, 20, 50)
    torch = sys.modules.get("torch")
    return threading.active_count() == 1 and not (torch and torch.cuda.is_initialized())


def _become_worker(compute: str, files: list[int], *, forks: bool) -> None:
    """Never returns: the worker ends the process."""
    code = 1
    gc.enable()
    try:
        os.setsid()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        sys.argv = [worker.__file__ or "worker", compute]
        if not forks:
            os.execv(sys.executable, [sys.executable, "-P", "-m", "eudaimon.jobs.worker", compute])
        worker.main()
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
