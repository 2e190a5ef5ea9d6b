"""A call that may hang: another thread makes it, and whoever asked waits no longer than a limit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from eudaimon.core import EudaimonError

Found = TypeVar("Found")

MOST_LOST = 8
"""So many calls may hang at once; then nothing is called until one of them comes back."""


class Hung(EudaimonError):
    """A call that did not come back in time."""


class Limited:
    """Calls in a thread of its own, each waited for at most ``seconds``; from one thread at a time.

    A call that takes longer is left to itself with its thread, which ends when it comes back; the next call
    has a new one.
    """

    def __init__(self, seconds: float, name: str) -> None:
        self.seconds, self.name = seconds, name
        self._lock = Lock()
        self._lost = 0
        self._todo: SimpleQueue[Callable[[], None] | None] | None = None

    def call(self, do: Callable[[], Found]) -> Found:
        """What ``do`` gives, or its exception; raises `Hung` when it takes too long."""
        return self.wait(self.begin(do))

    def begin(self, do: Callable[[], Found]) -> Future[Found]:
        """``do`` on its way; raises `Hung` while too many others hang."""
        if self._lost >= MOST_LOST:
            raise Hung(f"{self._lost} calls of the {self.name} hang", right=f"a {self.name} that answers")
        if self._todo is None:
            self._todo = SimpleQueue()
            Thread(target=_work, args=(self._todo,), name=f"eudaimon-{self.name}", daemon=True).start()
        found: Future[Found] = Future()
        self._todo.put(lambda: _settle(found, do))
        return found

    def wait(self, found: Future[Found]) -> Found:
        """What was begun gives; raises as `call`."""
        try:
            return found.result(timeout=self.seconds)
        except TimeoutError as error:
            if found.done():  # just now, or it raised a TimeoutError of its own
                return found.result()
            self._leave(found)
            raise Hung(f"the {self.name} did not answer within {self.seconds:g} s") from error

    def close(self) -> None:
        """End the thread once it has done what was begun."""
        if self._todo is not None:
            self._todo.put(None)
            self._todo = None

    def _leave(self, found: Future[Any]) -> None:
        with self._lock:
            self._lost += 1
        found.add_done_callback(self._returned)
        self.close()

    def _returned(self, _found: Future[Any]) -> None:
        with self._lock:
            self._lost -= 1


def _work(todo: SimpleQueue[Callable[[], None] | None]) -> None:
    while (do := todo.get()) is not None:
        do()


def _settle(found: Future[Found], do: Callable[[], Found]) -> None:
    try:
        value = do()
    except BaseException as error:
        found.set_exception(error)
    else:
        found.set_result(value)
