"""One thread to which a model belongs: requests of many are collected into batches there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Generic, TypeVar

Asked = TypeVar("Asked")
How = TypeVar("How")
Reply = TypeVar("Reply")
Found = TypeVar("Found")

QUIET_SECONDS = 0.005
"""A batch goes off when nobody has asked for so long; tasks that run side by side ask at once."""


@dataclass(frozen=True)
class _Request(Generic[Asked, How, Reply]):
    asked: Asked
    how: How
    reply: Future[Reply]


@dataclass(frozen=True)
class _Call:
    do: Callable[[], Any]
    found: Future[Any]


class Worker(Generic[Asked, How, Reply]):
    """A thread in which everything about a model happens: interventions act in one thread only.

    ``answer(asked, how)`` gets up to ``most`` requests that are to be answered in the same way; what it
    raises, each of them hears. A batch goes off when nobody has asked for ``quiet_seconds``; with 0 it is
    what waits. Once closed, it answers what was asked before and nothing more.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Asked], How], Sequence[Reply]],
        most: int,
        *,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._answer = answer
        self._most = most
        self._quiet_seconds = quiet_seconds
        self._waiting: SimpleQueue[_Request[Asked, How, Reply] | _Call | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="eudaimon-provider", daemon=True)
        self._thread.start()

    def ask(self, asked: Asked, how: How) -> Future[Reply]:
        """The reply to come."""
        request = _Request(asked, how, Future[Reply]())
        self._waiting.put(request)
        return request.reply

    def call(self, do: Callable[[], Found]) -> Future[Found]:
        """What ``do`` gives, to come: it is called in the worker's thread, between batches."""
        call = _Call(do, Future())
        self._waiting.put(call)
        return call.found

    def close(self) -> None:
        """End the thread once everything before is answered."""
        self._waiting.put(None)

    def _work(self) -> None:
        while True:
            first = self._waiting.get()
            if first is None:
                return
            if isinstance(first, _Call):
                _settle([first.found], partial(_alone, first))
                continue
            batch, after = [first], self._more()
            while isinstance(after, _Request):
                batch.append(after)
                after = self._more() if len(batch) < self._most else False
            for how in dict.fromkeys(each.how for each in batch):
                same = [each for each in batch if each.how == how]
                _settle(
                    [each.reply for each in same],
                    partial(self._answer, [each.asked for each in same], how),
                )
            if isinstance(after, _Call):
                _settle([after.found], partial(_alone, after))
            elif after is None:
                return

    def _more(self) -> _Request[Asked, How, Reply] | _Call | bool | None:
        """What comes next within the quiet time; False when nothing does."""
        try:
            if not self._quiet_seconds:
                return self._waiting.get_nowait()
            return self._waiting.get(timeout=self._quiet_seconds)
        except Empty:
            return False


def _alone(call: _Call) -> list[Any]:
    return [call.do()]


def _settle(futures: Sequence[Future[Any]], do: Callable[[], Sequence[Any]]) -> None:
    waiting = [future.set_running_or_notify_cancel() for future in futures]
    try:
        found = do()
    except BaseException as error:  # whoever asked raises it
        for future, there in zip(futures, waiting, strict=True):
            if there:
                future.set_exception(error)
        return
    for future, there, value in zip(futures, waiting, found, strict=True):
        if there:
            future.set_result(value)
