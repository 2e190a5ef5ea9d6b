"""One event loop in a thread of its own, in which the judges of a process are asked, whoever asks them.

inspect-ai limits the connections to a model by semaphores that all threads of a process share, and a task
that waits for one is woken from whichever thread releases it, which an event loop does not notice: with a
loop in every thread, threads that asked at the same time waited for ever.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")

_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}
"""By process: a fork has none of the threads that it was made from."""


def in_one_loop(begin: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """What the coroutine that ``begin`` makes comes to, in the context of the caller, who waits for it.

    Raises what it raises. A caller who is interrupted cancels it, and it has ended when the interruption goes
    on.
    """
    loop, context, done = _loop(), copy_context(), Future[Result]()
    tasks: list[asyncio.Task[Result]] = []

    def start() -> None:
        task = loop.create_task(begin(), context=context)
        tasks.append(task)
        task.add_done_callback(lambda ended: _hand_over(ended, done))

    loop.call_soon_threadsafe(start)
    try:
        return done.result()
    except BaseException:
        if not done.done():  # it is the wait that was interrupted
            loop.call_soon_threadsafe(lambda: tasks[0].cancel())
            done.exception()
        raise


def _hand_over(ended: asyncio.Task[Result], done: Future[Result]) -> None:
    if ended.cancelled():
        done.set_exception(asyncio.CancelledError())
    elif (error := ended.exception()) is not None:
        done.set_exception(error)
    else:
        done.set_result(ended.result())


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        if os.getpid() not in _loops:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="judges", daemon=True).start()
        return _loops[os.getpid()]
