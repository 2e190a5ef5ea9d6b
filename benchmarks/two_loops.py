"""What two processes reach over one on this machine, when they share nothing but its cores."""

from __future__ import annotations

import subprocess
import sys
import time

LOOP = "s = 0\nfor i in range(20_000_000): s += i & 7"
"""About a second of Python that touches no memory: whatever does touch some gains less."""


def gain() -> float:
    """Work done in a second by two plain loops at once over that of one: 2 where cores are whole and idle.

    Cores that are two threads of one, and other work on the machine, make it less.
    """
    one, two = _seconds(1), _seconds(2)
    return 2 * one / two


def _seconds(n: int) -> float:
    """Until so many processes of the loop, started together, have ended."""
    started = time.perf_counter()
    running = [subprocess.Popen([sys.executable, "-S", "-c", LOOP]) for _ in range(n)]
    failed = [process.wait() for process in running]
    if any(failed):
        raise RuntimeError("a plain loop failed")
    return time.perf_counter() - started
