"""The process that workers are forked from: it opens what they share, and does no work itself.

It ends when its driver does, and its workers end as those of `eudaimon.jobs.worker` do: with their input.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
import threading
import traceback

from eudaimon.jobs import worker


def main() -> None:
    """Serve the driver at the other end of the socket that is standard input."""
    driver = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    # The system reaps workers: nobody here waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    compute, warm, folder = sys.argv[1:]
    forks = _warmed(compute, warm, folder)
    while True:
        try:
            said, files, _, _ = socket.recv_fds(driver, 16, 2)
        except OSError:
            return
        if not said:
            return
        child = os.fork()
        if child == 0:
            driver.close()
            _become_worker(compute, files, forks=forks)
        for file in files:
            os.close(file)
        driver.sendall(json.dumps(child).encode())


def _warmed(compute: str, warm: str, folder: str) -> bool:
    """Import and open; whether what is there now survives a fork: no thread does, and no GPU."""
    try:
        importlib.import_module(compute.partition(":")[0])
        module, _, function = warm.partition(":")
        getattr(importlib.import_module(module), function)(folder)
    except Exception:  # Each worker meets it again, and says of which key.
        traceback.print_exc()
    gc.collect()
    # What is frozen is not touched by collections, and so stays shared.
    gc.freeze()
    torch = sys.modules.get("torch")
    return threading.active_count() == 1 and not (torch and torch.cuda.is_initialized())


def _become_worker(compute: str, files: list[int], *, forks: bool) -> None:
    """Never returns: the worker ends the process."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
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
