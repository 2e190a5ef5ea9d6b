"""A call that may hang: another thread makes it, and whoever asked waits no longer than a limit."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Generic, TypeVar, cast

from eudaimon.core import EudaimonError

Found = TypeVar("Found")

MOST_LOST = 8
"""So many calls may hang at once; then nothing is called until one of them comes back."""


class Hung(EudaimonError):
    """A call that did not come back in time."""


class Call(Generic[Found]):
    """A call on its way. Less than a `concurrent.futures.Future`: one a step is made of them."""

    def __init__(self, do: Callable[[], Found]) -> None:
        self._do = do
        self._value: Found | None = None
        self._error: BaseException | None = None
        self._under_way = Lock()
        self._under_way.acquire()

    def make(self) -> None:
        """Call, and let who waits for it go on."""
        try:
            self._value = self._do()
        except BaseException as error:
            self._error = error
        self._under_way.release()

    def over(self, seconds: float) -> bool:
        """Whether it came back, after ``seconds`` at most."""
        if not self._under_way.acquire(timeout=seconds):
            return False
        self._under_way.release()
        return True

    def found(self) -> Found:
        """What it gave, or its exception; once it is over."""
        if self._error is not None:
            raise self._error
        return cast("Found", self._value)


class Limited:
    """Calls in a thread of its own, each waited for at most ``seconds``; from one thread at a time.

    A call that takes longer is left to itself with its thread, which ends when it comes back; the next call
    has a new one.
    """

    def __init__(self, seconds: float, name: str) -> None:
        self.seconds, self.name = seconds, name
        self._lost: list[Call[Any]] = []
        self._todo: SimpleQueue[Call[Any] | None] | None = None

    def call(self, do: Callable[[], Found]) -> Found:
        """What ``do`` gives, or its exception; raises `Hung` when it takes too long."""
        return self.wait(self.begin(do))

    def begin(self, do: Callable[[], Found]) -> Call[Found]:
        """``do`` on its way; raises `Hung` while too many others hang."""
        if self._lost:
            self._lost = [call for call in self._lost if not call.over(0)]
        if len(self._lost) >= MOST_LOST:
            raise Hung(
                f"{len(self._lost)} calls of the {self.name} hang", right=f"a {self.name} that answers"
            )
        if self._todo is None:
            self._todo = SimpleQueue()
            Thread(target=_work, args=(self._todo,), name=f"eudaimon-{self.name}", daemon=True).start()
        call = Call(do)
        self._todo.put(call)
        return call

    def wait(self, call: Call[Found]) -> Found:
        """What was begun gives; raises as `call`."""
        if call.over(self.seconds):
            return call.found()
        self._lost.append(call)
        self.close()
        raise Hung(f"the {self.name} did not answer within {self.seconds:g} s")

    def close(self) -> None:
        """End the thread once it has done what was begun."""
        if self._todo is not None:
            self._todo.put(None)
            self._todo = None


class AtOnce(Limited):
    """Calls that cannot hang, made where they are begun: a thread costs more than a product of two arrays."""

    def begin(self, do: Callable[[], Found]) -> Call[Found]:
        """``do``, which is over when this returns."""
        call = Call(do)
        call.make()
        return call


def _work(todo: SimpleQueue[Call[Any] | None]) -> None:
    while (call := todo.get()) is not None:
        call.make()
