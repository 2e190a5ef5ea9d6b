"""A worker process: reads keys from standard input, computes them, answers on standard output.

It ends when its input ends, and then at once, in the middle of its work: its driver is gone.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Sequence

Orders = queue.Queue[dict[str, str] | None]


def compute_by_name(compute: str, folder: str, key: str) -> str:
    """Call the function ``package.module:function`` on a key: what went wrong in one line, or nothing."""
    module, _, function = compute.partition(":")
    return str(getattr(importlib.import_module(module), function)(folder, key))


def compute_in_turn(compute: str, folder: str, keys: Sequence[str]) -> list[str]:
    """Call the function on one key after the other, whatever became of those before."""
    return [compute_by_name(compute, folder, key) for key in keys]


def main() -> None:
    """Serve the process that started this one until it is gone."""
    # Work prints to 1 and 2 and may read 0: the pipes to the driver move out of their way.
    orders, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    waiting: Orders = queue.Queue()
    threading.Thread(target=_listen, args=(orders, waiting), daemon=True).start()
    while order := waiting.get():
        told = compute_by_name(sys.argv[1], order["folder"], order["key"])
        answers.write(json.dumps({"key": order["key"], "error": told}) + "\n")
        answers.flush()


def _listen(orders: object, waiting: Orders) -> None:
    for line in orders:  # type: ignore[attr-defined]
        waiting.put(json.loads(line))
    # A process group of its own: what the work has started ends with it.
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
