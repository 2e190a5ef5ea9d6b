"""Small work shares tasks; nothing is lost, doubled or kept waiting behind what is less urgent."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.jobs.tasks import tasks


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.floats(0.01, 50), min_size=1, max_size=30),
    together=st.floats(1, 100),
    workers=st.integers(1, 8),
    alone=st.sets(st.integers(0, 29), max_size=4),
)
def test_every_key_once_in_tasks_of_about_one_length(lengths, together, workers, alone):
    keys = [f"k{number:02d}" for number in range(len(lengths))]
    seconds = dict(zip(keys, lengths, strict=True))
    own = {f"k{number:02d}" for number in alone} | {key for key in keys if seconds[key] >= together}
    found = tasks(keys, seconds, together=together, workers=workers, alone=own)
    assert sorted(key for task in found for key in task) == keys
    assert all(len(task) == 1 for task in found if own & set(task))
    shared = [task for task in found if not own & set(task)]
    small = [key for key in keys if key not in own]
    total = sum(seconds[key] for key in small)
    assert len(shared) == min(len(small), max(workers, math.ceil(total / together)))
    # Within a task, and of the tasks' first keys, the more urgent comes first.
    assert all(task == sorted(task) for task in found)
    assert [task[0] for task in found] == sorted(task[0] for task in found)
    if small:
        longest = max(seconds[key] for key in small)
        assert max(sum(seconds[key] for key in task) for task in shared) <= total / len(shared) + longest


def test_the_most_urgent_stand_at_the_heads():
    keys = list("abcdef")
    assert tasks(keys, dict.fromkeys(keys, 1.0), together=3, workers=1) == [["a", "c", "e"], ["b", "d", "f"]]


def test_zero_minutes_and_unknown_lengths_are_a_task_each():
    keys = list("abc")
    assert tasks(keys, dict.fromkeys(keys, 1.0), together=0) == [["a"], ["b"], ["c"]]
    assert tasks(keys, {}, together=60) == [["a"], ["b"], ["c"]]
