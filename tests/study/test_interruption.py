"""Whatever ends a run, the same command goes on, and the results are those of a run that nothing ended."""

from __future__ import annotations

import random
import signal
import time

import psutil
import pytest

from eudaimon.study.graph import Graph
from eudaimon.study.run import run_study
from eudaimon.study.store import StepStore

KILLS = 20


def lines_until(process, n):
    """The first ``n`` events of a driver, or all of them when it ends before."""
    return [line for _ in range(n) if (line := process.stdout.readline())]


def gone(processes, seconds=10.0):
    """Whether all processes end within some seconds."""
    until = time.monotonic() + seconds
    while any(process.is_running() and process.status() != "zombie" for process in processes):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.slow
def test_killed_twenty_times_the_results_are_the_same(small, drive, results, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run_study(small.targets(), whole, workers=2, show_progress=False)
    rng, store, interrupted = random.Random(7), StepStore(broken), 0
    for _ in range(KILLS):
        driver = drive(broken)
        if rng.random() < 0.75:  # while steps are under way
            lines_until(driver, rng.randint(1, 4))
            time.sleep(rng.uniform(0, 0.2))
        else:  # at any moment from the first
            time.sleep(rng.uniform(0, 1.0))
        interrupted += driver.poll() is None
        driver.kill()
        driver.wait()
    assert interrupted == KILLS, "the study was over before the last kill: the kills tested nothing"
    left = len(Graph(small.targets()).needed(key for key in Graph(small.targets()).steps if store.done(key)))
    assert 0 < left < len(Graph(small.targets()).steps)

    outcome = run_study(small.targets(), broken, workers=2, show_progress=False)
    assert outcome.ok and len(outcome.computed) == left
    assert results(broken) == results(whole)
    assert sorted(path.name for path in store.steps.iterdir()) == sorted(Graph(small.targets()).steps)


def test_workers_end_with_a_killed_driver(drive, tmp_path):
    driver = drive(tmp_path)
    lines_until(driver, 4)
    workers = psutil.Process(driver.pid).children()
    assert len(workers) == 2
    driver.kill()
    assert gone(workers)


def test_control_c_loses_only_what_is_under_way(small, drive, tmp_path):
    driver = drive(tmp_path)
    lines = lines_until(driver, 5)
    workers = psutil.Process(driver.pid).children()
    driver.send_signal(signal.SIGINT)
    rest, said = driver.communicate(timeout=20)
    assert driver.returncode not in (0, None) and "KeyboardInterrupt" in said
    assert gone(workers)
    finished = {line.split()[1] for line in (*lines, *rest.splitlines()) if line.startswith("finished")}
    store = StepStore(tmp_path)
    kept = {path.name for path in store.steps.iterdir()}
    assert finished <= kept and all(store.damage(key) == "" for key in kept)
    assert finished, "nothing was finished before the interruption"


def test_a_killed_worker_is_replaced(drive, tmp_path):
    driver = drive(tmp_path, n_seeds=8)
    lines_until(driver, 3)
    psutil.Process(driver.pid).children()[0].kill()
    said, _ = driver.communicate(timeout=60)
    assert driver.returncode == 0
    assert "lost" in said
