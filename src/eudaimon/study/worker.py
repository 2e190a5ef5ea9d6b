"""A worker process: reads keys from standard input, computes these steps, answers on standard output.

It ends when its input ends, and then at once, in the middle of a step: its driver is gone.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import threading

from eudaimon.study.work import compute_by_key

Orders = queue.Queue[dict[str, str] | None]


def main() -> None:
    """Serve the process that started this one until it is gone."""
    # Steps print to 1 and 2 and may read 0: the pipes to the driver move out of their way.
    orders, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    waiting: Orders = queue.Queue()
    threading.Thread(target=_listen, args=(orders, waiting), daemon=True).start()
    while order := waiting.get():
        told = compute_by_key(order["folder"], order["key"])
        answers.write(json.dumps({"key": order["key"], "error": told}) + "\n")
        answers.flush()


def _listen(orders: object, waiting: Orders) -> None:
    for line in orders:  # type: ignore[attr-defined]
        waiting.put(json.loads(line))
    # A process group of its own: what a step has started ends with it.
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
