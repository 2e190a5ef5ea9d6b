"""Keys that need nothing of one another go to an engine, and what becomes of each is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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
) -> dict[str, str]:
    """Compute all keys, in order as far as workers are free; why each that failed did, by key.

    ``finished`` hears of every result, ``waiting`` now and then what is under way, ``lost`` why a process
    died whose key is tried once more. One failure stops no other key.
    """
    queue = list(keys)
    known = set(queue)
    running: dict[str, int] = {}
    for key in engine.resumed:
        if key in known:
            running[key] = 1
    engine.drop(set(engine.resumed) - known)
    queue = [key for key in queue if key not in running][::-1]
    tries: dict[str, int] = dict(running)
    failed: dict[str, str] = {}
    while queue or running:
        chosen = [queue.pop() for _ in range(min(engine.free, len(queue)))]
        for key in chosen:
            running[key] = tries[key] = tries.get(key, 0) + 1
        if chosen:
            engine.submit(chosen)
        for ended in engine.wait(POLL_SECONDS):
            del running[ended.key]
            if results.done(ended.key):  # the result is the truth, whatever became of the process
                finished(ended.key)
            elif ended.lost and tries[ended.key] < TRIES:
                lost(ended.key, ended.error)
                queue.append(ended.key)
            else:
                failed[ended.key] = _failed(results, ended)
        waiting(frozenset(running))
    return failed


def _failed(results: Results, ended: Ended) -> str:
    error = ended.error or "it ended without a result"
    record_failure(results.folder, ended.key, error)
    return error
