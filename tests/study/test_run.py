"""The local engine: what runs, what stays, and what one failure does to its siblings."""

from __future__ import annotations

import errno
import json
import os
import platform
import subprocess
import sys

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.jobs.engine import environment
from eudaimon.jobs.lock import Held, locked
from eudaimon.jobs.output import tell
from eudaimon.study.graph import Graph
from eudaimon.study.run import RUN_LOCK, run_study
from eudaimon.study.store import StepStore


@pytest.fixture
def run(tmp_path):
    """Run targets in one folder with two workers; the events come back beside the outcome."""

    def call(*targets, **more):
        events = []
        options = {"workers": 2, "watch": events.append, "show_progress": False} | more
        return run_study(targets, tmp_path, **options), events

    return call


def test_what_is_finished_stays(steps, run, tmp_path):
    target = steps.Mixed(parts=(steps.Seeded(seed=1), steps.Seeded(seed=2)))
    first, _ = run(target)
    assert first.ok and set(first.computed) == set(Graph([target]).steps) and first.found == ()
    second, events = run(target)
    assert second.ok and second.computed == () and set(second.found) == set(first.computed) and events == []
    assert "drawing 1" in StepStore(tmp_path).log(steps.Seeded(seed=1)).read_text()


def test_a_step_runs_after_its_inputs(steps, run):
    chain = steps.Mixed(parts=(steps.Mixed(parts=(steps.Seeded(seed=1),), name="a"),), name="b")
    outcome, _ = run(chain)
    assert list(outcome.computed) == list(Graph([chain]).steps)


def test_a_failure_stops_no_sibling(steps, run, tmp_path):
    good, bad = steps.Seeded(seed=1), steps.Broken()
    above, beside = steps.Mixed(parts=(bad, good), name="above"), steps.Mixed(parts=(good,), name="beside")
    outcome, events = run(above, beside)
    assert not outcome.ok
    assert set(outcome.computed) == {good.key, beside.key}
    assert outcome.failed == {bad.key: "ValueError: it is broken"} and outcome.blocked == (above.key,)
    (failed,) = (event for event in events if event.kind == "failed")
    assert "last words" in failed.lines and failed.lines[-1] == "ValueError: it is broken"
    assert StepStore(tmp_path).clean() == 0


def test_a_failed_step_is_tried_again_by_the_same_command(steps, run):
    bad = steps.Broken()
    assert run(bad)[0].failed.keys() == run(bad)[0].failed.keys() == {bad.key}


def test_a_full_disk_is_said_and_leaves_nothing_half_written(steps, run, tmp_path):
    full, good = steps.Broken(how="disk full"), steps.Seeded(seed=1)
    outcome, _ = run(full, good)
    assert "disk is full" in outcome.failed[full.key] and outcome.computed == (good.key,)
    assert [path.name for path in (tmp_path / "steps").iterdir()] == [good.key]


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), True),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), True),
        (RuntimeError("I/O error: No space left on device (os error 28)"), True),
        (RuntimeError("broken\npipe"), False),
        (OSError(errno.EACCES, os.strerror(errno.EACCES)), False),
    ],
)
def test_a_full_disk_is_known_by_any_name(error, full):
    told = tell(error)
    assert told.startswith("the disk is full") == full and "\n" not in told
    outer = ValueError("while writing")
    outer.__cause__ = error
    assert tell(outer).startswith("the disk is full") == full


def test_a_worker_that_dies_is_replaced_and_its_step_tried_once_more(steps, run):
    killed, good = steps.Broken(how="killed"), [steps.Seeded(seed=seed) for seed in range(3)]
    outcome, events = run(killed, *good, workers=1)
    assert outcome.failed == {killed.key: "its worker was killed by signal 9"}
    assert len(outcome.computed) == 3
    assert [event.kind for event in events if event.key == killed.key] == [
        "started",
        "lost",
        "started",
        "failed",
    ]


def test_a_corrupt_entry_is_said_and_computed_again(steps, run, tmp_path):
    target = steps.Mixed(parts=(steps.Seeded(seed=1), steps.Seeded(seed=2)))
    run(target)
    rows = StepStore(tmp_path).path(target.parts[0]) / "rows.txt"
    before = rows.read_bytes()
    rows.write_bytes(before[::-1])
    outcome, events = run(target)
    assert rows.read_bytes() == before
    assert outcome.computed == (target.parts[0].key,)
    assert (events[0].kind, events[0].key) == ("damaged", target.parts[0].key)
    assert "rows.txt" in events[0].text and "\n" not in events[0].text


def test_what_no_target_needs_any_more_is_not_computed_again(steps, run, tmp_path):
    target = steps.Mixed(parts=(steps.Seeded(seed=1),))
    run(target)
    StepStore(tmp_path).discard(target.parts[0])
    assert run(target)[0].computed == ()


def test_a_second_run_of_a_folder_is_refused_or_told_to_wait(steps, run, tmp_path):
    with locked(tmp_path / RUN_LOCK, wait=False), pytest.raises(Held, match="one run of a study at a time"):
        run(steps.Seeded(seed=1), wait=False)


def test_two_runs_at_once_compute_each_step_once(small, drive, tmp_path):
    first, second = (drive(tmp_path, n_seeds=8) for _ in range(2))
    said = [process.communicate(timeout=120)[0] for process in (first, second)]
    assert first.returncode == second.returncode == 0
    keys = set(Graph(small.targets(8)).steps)
    computed = [line.split()[1] for lines in said for line in lines.splitlines() if "finished" in line]
    assert sorted(computed) == sorted(keys)
    store = StepStore(tmp_path)
    assert all(store.log(key).read_text().count("---") == 1 for key in keys)
    assert sum("waiting" in lines for lines in said) == 1


def test_threads_hashes_and_gpus_of_a_worker(steps, run, tmp_path):
    step = steps.Environment()
    run(step, threads=3, gpus=("7",))
    found = json.loads((StepStore(tmp_path).path(step) / "environment.txt").read_text())
    assert found["OMP_NUM_THREADS"] == "3" and found["PYTHONHASHSEED"] == "0"
    assert found["CUDA_VISIBLE_DEVICES"] == "7"


def test_unknown_engine_and_no_workers(steps, run):
    with pytest.raises(UsageError, match="local or slurm"):
        run(steps.Seeded(seed=1), engine="cloud")
    with pytest.raises(UsageError, match="0 workers"):
        run(steps.Seeded(seed=1), workers=0)


PAGE_FAULTS = """
import resource
import numpy as np

before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    np.ones(2**23)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps memory when told to")
def test_workers_use_freed_memory_again_without_page_faults():
    def faults(variables):
        command = [sys.executable, "-c", PAGE_FAULTS]
        return int(subprocess.run(command, env=variables, capture_output=True, check=True).stdout)

    plain = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    # What is mapped before the loop, and how large its pages are, differs between machines.
    assert 2 * faults(plain | environment(1)) < faults(plain)
