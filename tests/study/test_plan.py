"""What is said before, while and after a study runs."""

from __future__ import annotations

import pytest

from eudaimon.jobs.lock import locked
from eudaimon.study.expectation import expected_seconds
from eudaimon.study.graph import Graph
from eudaimon.study.plan import plan
from eudaimon.study.run import run_study
from eudaimon.study.status import status
from eudaimon.study.store import StepStore


@pytest.fixture
def target(steps):
    """Four steps of one second, and one of five that needs them."""
    return steps.Mixed(parts=tuple(steps.Seeded(seed=seed, pause=0.98) for seed in range(4)))


@pytest.mark.parametrize(("workers", "seconds"), [(1, 9), (2, 7), (3, 7), (4, 6), (99, 6)])
def test_hours_follow_from_the_workers(target, tmp_path, workers, seconds):
    assert plan([target], tmp_path, workers=workers).hours * 3600 == pytest.approx(seconds)


def test_the_longest_chain_goes_first(steps, tmp_path):
    """With two workers: the chain of 1 + 5 beside two of 3; begun last, the chain would end at 9."""
    chain = steps.Mixed(parts=(steps.Seeded(seed=0, pause=0.98),))
    others = [steps.Seeded(seed=seed, pause=2.98) for seed in (1, 2)]
    assert plan([*others, chain], tmp_path, workers=2).hours * 3600 == pytest.approx(6)


def test_a_plan_counts_what_is_left(steps, target, tmp_path):
    before = plan([target, target], tmp_path, workers=1)
    row = next(row for row in before.rows if row.kind == "Seeded")
    assert (row.n_steps, row.n_done, row.n_to_do, row.n_tokens) == (4, 0, 4, 200)
    assert before.n_targets == 1 and before.memory_gb == pytest.approx(0.7)
    StepStore(tmp_path).compute(steps.Seeded(seed=0, pause=0.98))
    after = plan([target], tmp_path, workers=1)
    row = next(row for row in after.rows if row.kind == "Seeded")
    assert (row.n_done, row.n_to_do, row.n_tokens) == (1, 3, 150)


def test_hints_are_corrected_by_what_was_measured(steps, tmp_path):
    class Slow(steps.Seeded):
        def cost(self):
            return steps.Cost(seconds=1000.0)

    one, other = Slow(seed=0), Slow(seed=1)
    store = StepStore(tmp_path)
    store.compute(one)
    expected = expected_seconds(Graph([one, other]), store)
    assert expected[other.key] < 10


def test_status_counts_every_step_once(steps, tmp_path):
    bad, good, waiting = steps.Broken(), steps.Seeded(seed=1), steps.Seeded(seed=2)
    above = steps.Mixed(parts=(good, bad))
    run_study([above], tmp_path, show_progress=False, watch=lambda event: None)
    store = StepStore(tmp_path)
    found = status([above, waiting], tmp_path)
    assert found.failed == {bad.key: "ValueError: it is broken"} and found.running == ()
    assert found.driver is None and found.seconds_left > 0
    counts = {row.kind: row for row in found.rows}
    assert (counts["Seeded"].n_done, counts["Seeded"].n_to_do) == (1, 1)
    assert counts["Broken"].n_failed == counts["Mixed"].n_blocked == 1
    for row in found.rows:
        assert row.n_steps == row.n_done + row.n_running + row.n_failed + row.n_blocked + row.n_to_do
    store.log(waiting).write_text("--- now\nstep 5/10, 3 s left\n")
    with locked(store.lock(waiting), wait=False):
        (running,) = status([above, waiting], tmp_path).running
    assert running.key == waiting.key and running.line == "step 5/10, 3 s left" and running.seconds >= 0
