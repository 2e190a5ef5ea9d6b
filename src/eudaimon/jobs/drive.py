"""Keys that need nothing of one another go to an engine, and what becomes of each is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Hashable, Iterable

from eudaimon.jobs.engine import Ended, Engine, Results
from eudaimon.jobs.failure import record_failure

TRIES = 2
"""How often a key is started whose process dies without a word."""

POLL_SECONDS = 1.0


def drive(
    engine: Engine,
    results: Results,
    keys: Iterable[str],
    *,
    finished: Callable[[str], None],
    waiting: Callable[[frozenset[str]], None] = lambda running: None,
    lost: Callable[[str, str], None] = lambda key, why: None,
    group: Callable[[str], Hashable] = lambda key: None,
) -> dict[str, str]:
    """Compute all keys, in order as far as workers are free; why each that failed did, by key.

    ``finished`` hears of every result, ``waiting`` now and then what is under way, ``lost`` why a process
    died whose key is tried once more. One failure stops no other key. Keys of one ``group`` are done sooner
    by one worker after the other: whoever ends one goes on with the next of its group, and begins with a
    group that nobody is at.
    """
    queue = list(keys)
    known = set(queue)
    running: dict[str, int] = {}
    for key in engine.resumed:
        if key in known:
            running[key] = 1
    engine.drop(set(engine.resumed) - known)
    waiting_keys = _Queue((key for key in queue if key not in running), group)
    ended_groups: deque[Hashable] = deque()
    tries: dict[str, int] = dict(running)
    failed: dict[str, str] = {}
    while waiting_keys or running:
        chosen: list[str] = []
        busy = {group(key) for key in running}
        while waiting_keys and len(chosen) < engine.free:
            after = ended_groups.popleft() if ended_groups else None
            key = waiting_keys.take(after, busy)
            busy.add(group(key))
            running[key] = tries[key] = tries.get(key, 0) + 1
            chosen.append(key)
        ended_groups.clear()
        if chosen:
            engine.submit(chosen)
        for ended in engine.wait(POLL_SECONDS):
            del running[ended.key]
            ended_groups.append(group(ended.key))
            if results.done(ended.key):  # the result is the truth, whatever became of the process
                finished(ended.key)
            elif ended.lost and tries[ended.key] < TRIES:
                lost(ended.key, ended.error)
                waiting_keys.put_back(ended.key)
            else:
                failed[ended.key] = _failed(results, ended)
        waiting(frozenset(running))
    return failed


class _Queue:
    """Keys that wait, in order and by group."""

    def __init__(self, keys: Iterable[str], group: Callable[[str], Hashable]) -> None:
        self._group = group
        self._keys: dict[Hashable, deque[str]] = {}
        for key in keys:
            self._keys.setdefault(group(key), deque()).append(key)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def take(self, after: Hashable, busy: Container[Hashable]) -> str:
        """The next of the group ``after``, else of one that is not ``busy``, else of the first."""
        others = (each for each in self._keys if each not in busy)
        group = after if after in self._keys else next(others, next(iter(self._keys)))
        key = self._keys[group].popleft()
        if not self._keys[group]:
            del self._keys[group]
        return key

    def put_back(self, key: str) -> None:
        """Let a key be the next of its group."""
        self._keys.setdefault(self._group(key), deque()).appendleft(key)


def _failed(results: Results, ended: Ended) -> str:
    error = ended.error or "it ended without a result"
    record_failure(results.folder, ended.key, error)
    return error
