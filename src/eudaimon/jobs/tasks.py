"""Which keys share one task: small work together, so that a task takes longer than its own start."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Mapping, Sequence


def tasks(
    keys: Sequence[str],
    seconds: Mapping[str, float],
    *,
    together: float,
    workers: int = 1,
    alone: Collection[str] = (),
) -> list[list[str]]:
    """The keys in tasks that each take about ``together`` seconds, the most urgent at their heads.

    ``keys`` come most urgent first; a key without ``seconds`` is taken for long. There are at least as many
    tasks as ``workers``, so that none is idle while another has work in store. Keys of ``alone`` and those
    that take ``together`` seconds or more have a task of their own.
    """
    small = [key for key in keys if key not in alone and seconds.get(key, math.inf) < together]
    if not small:
        return [[key] for key in keys]
    n_tasks = math.ceil(sum(seconds[key] for key in small) / together)
    shared: list[list[str]] = [[] for _ in range(min(max(n_tasks, workers), len(small)))]
    load = [(0.0, number) for number in range(len(shared))]
    for key in small:
        spent, number = heapq.heappop(load)
        shared[number].append(key)
        heapq.heappush(load, (spent + seconds[key], number))
    place = {key: index for index, key in enumerate(keys)}
    own = [[key] for key in keys if key not in set(small)]
    return sorted([*shared, *own], key=lambda task: place[task[0]])
