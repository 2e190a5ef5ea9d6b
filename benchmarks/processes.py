"""A command with its whole tree of processes: wall-clock and CPU seconds, peak memory."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.1
_SUBREAPER = 36
"""``PR_SET_CHILD_SUBREAPER`` of Linux."""


@dataclass(frozen=True)
class Measured:
    """One run: ``seconds`` as the command itself says, imports left out; CPU seconds of all its processes.

    ``pss_mb`` is the peak of the sum over its processes of proportional set sizes: a page that several of
    them map counts once. ``rss_mb`` is the same of resident set sizes, where such a page counts for each.
    """

    seconds: float
    cpu_seconds: float
    pss_mb: float
    rss_mb: float

    def as_dict(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


def measure(script: Path, arguments: Sequence[str]) -> Measured:
    """Run ``python script arguments`` to its end; raises `RuntimeError` with its output when it fails.

    The last line that it prints is JSON with ``seconds``.
    """
    # Workers outlive the server that forked them by an instant: as our children their CPU time is counted.
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [sys.executable, str(script), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    watch = _Watch(process.pid)
    watch.start()
    out, errors = process.communicate()
    watch.stop()
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise RuntimeError(f"{script.name} {' '.join(arguments)}\n{out[-2000:]}\n{errors[-4000:]}")
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return Measured(json.loads(out.splitlines()[-1])["seconds"], cpu, watch.pss / 1e6, watch.rss / 1e6)


class _Watch(threading.Thread):
    """Samples the memory of a process and of all below it."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self._over = pid, threading.Event()
        self.pss = self.rss = 0

    def stop(self) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        import psutil

        while not self._over.wait(SAMPLE_SECONDS):
            pss = rss = 0
            try:
                root = psutil.Process(self._pid)
                family = [root, *root.children(recursive=True)]
            except psutil.Error:
                return
            for process in family:
                try:
                    memory = process.memory_full_info()
                except (psutil.Error, OSError):
                    continue
                pss, rss = pss + memory.pss, rss + memory.rss
            self.pss, self.rss = max(self.pss, pss), max(self.rss, rss)
