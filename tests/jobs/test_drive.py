"""Which key goes to which worker."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import pytest

from eudaimon.jobs.drive import drive
from eudaimon.jobs.engine import Ended


class Workers:
    """An engine whose workers, at these speeds, do nothing; ``done`` has what each was given, in order."""

    resumed = ()

    def __init__(self, *speeds: int, loses: str = "") -> None:
        self.speeds, self.loses = speeds, loses
        self.idle = list(range(len(speeds)))
        self.at: dict[int, tuple[float, str]] = {}
        self.clock = 0.0
        self.done: dict[int, list[str]] = defaultdict(list)

    @property
    def free(self) -> int:
        return len(self.idle)

    def drop(self, keys):
        assert not keys

    def submit(self, keys):
        for key in keys:
            worker = self.idle.pop()
            self.at[worker] = (self.clock + 1 / self.speeds[worker], key)
            self.done[worker].append(key)

    def wait(self, seconds):
        worker = min(self.at, key=lambda k: self.at[k][0])
        self.clock, key = self.at.pop(worker)
        self.idle.append(worker)
        lost, self.loses = key == self.loses, "" if key == self.loses else self.loses
        self.lost = key if lost else ""
        return [Ended(key, "died" if lost else "", lost=lost)]

    # As results: all that was not just lost is there.
    def done_(self, key):
        return key != self.lost


class Results:
    folder = None

    def __init__(self, engine: Workers) -> None:
        self.done = engine.done_


KEYS = ["a0", "a1", "a2", "b0", "b1", "b2"]


def run(engine: Workers, **options) -> dict[int, list[str]]:
    finished: list[str] = []
    assert drive(engine, Results(engine), KEYS, finished=finished.append, **options) == {}
    assert sorted(finished) == KEYS
    return dict(engine.done)


@pytest.mark.parametrize("speeds", [(1, 1), (1, 2), (5, 4)])
def test_each_worker_stays_with_a_group_while_it_lasts(speeds):
    given = run(Workers(*speeds), group=lambda key: key[0])
    assert {keys[0][0] for keys in given.values()} == {"a", "b"}
    for keys in given.values():
        assert sum(one[0] != other[0] for one, other in pairwise(keys)) <= 1
        own = [key for key in keys if key[0] == keys[0][0]]
        assert own == sorted(own)


def test_who_has_done_its_group_helps_with_another():
    given = run(Workers(1, 9), group=lambda key: key[0])
    quick = max(given.values(), key=len)
    assert {key[0] for key in quick} == {"a", "b"}


def test_without_groups_keys_go_in_order():
    engine = Workers(1)
    assert run(engine) == {0: KEYS}


def test_a_key_whose_worker_died_is_tried_again_at_once():
    told: list[str] = []
    given = run(Workers(1, loses="a1"), group=lambda key: key[0], lost=lambda key, why: told.append(key))
    assert told == ["a1"] and given[0] == ["a0", "a1", "a1", "a2", "b0", "b1", "b2"]
