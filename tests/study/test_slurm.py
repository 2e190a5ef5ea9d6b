"""Job arrays on a real Slurm, where one answers: ``scripts/one_node_slurm.sh`` makes one of this machine."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_json
from eudaimon.jobs import slurm as module
from eudaimon.jobs.queue import queued
from eudaimon.jobs.slurm import minutes
from eudaimon.study.graph import Graph
from eudaimon.study.run import run_study
from eudaimon.study.store import StepStore
from eudaimon.study.work import COMPUTE, DEFINITIONS


def answers() -> bool:
    """Whether ``sinfo`` shows a node that takes jobs."""
    if shutil.which("sinfo") is None:
        return False
    said = subprocess.run(
        ["sinfo", "--noheader", "--format", "%T"], capture_output=True, text=True, timeout=20, check=False
    )
    return any(state in said.stdout for state in ("idle", "mix", "alloc"))


@pytest.fixture(scope="module")
def slurm():
    """Skips, with a word, where no Slurm answers."""
    if not answers():
        pytest.skip("no Slurm answers here: scripts/one_node_slurm.sh, as root, makes one of this machine")


@pytest.fixture
def run(slurm, tmp_path):
    def call(*targets, **more):
        events = []
        options = {"engine": "slurm", "watch": events.append, "show_progress": False} | more
        return run_study(targets, tmp_path, **options), events

    return call


def mine(name):
    """Jobs in the queue that belong to the study of a name, less those that have ended and are tidied up."""
    jobs = (job for job in queued() if job.name.startswith(f"eudaimon-{name}-"))
    return [job for job in jobs if job.state != "COMPLETING"]


@pytest.mark.slow
def test_the_same_bytes_as_on_this_machine(steps, run, results, tmp_path):
    parts = tuple(steps.Seeded(seed=seed) for seed in range(3))
    target = steps.Mixed(parts=parts)
    outcome, _ = run(target, workers=2, slurm={"partition": "main", "time": "0:10:00", "nice": "1"})
    assert outcome.ok and len(outcome.computed) == 4
    run_study([target], tmp_path / "local", workers=2, show_progress=False)
    assert results(tmp_path) == results(tmp_path / "local")
    assert run(target)[0].computed == ()


def jobs_of(store, *keys):
    """Which job computed each of these: the process that wrote its log."""
    return [store.log(key).read_text().splitlines()[0].rpartition("process ")[2] for key in keys]


@pytest.mark.slow
def test_small_steps_share_a_task_and_one_that_kills_it_does_so_once(steps, run, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GRACE_SECONDS", 1.0)
    monkeypatch.setattr(module, "QUEUE_SECONDS", 0.5)
    store, small = StepStore(tmp_path), [steps.Seeded(seed=seed) for seed in range(4)]
    run(*small, slurm={"task_minutes": "1"})
    assert len(set(jobs_of(store, *(step.key for step in small)))) == 1
    more = [steps.Seeded(seed=seed) for seed in range(4, 8)]
    run(*more, workers=2, slurm={"task_minutes": "1"})
    assert len(set(jobs_of(store, *(step.key for step in more)))) == 2
    run(*(steps.Seeded(seed=seed) for seed in (8, 9)), slurm={"task_minutes": "0"})
    assert len(set(jobs_of(store, *(steps.Seeded(seed=seed).key for seed in (8, 9))))) == 2
    # The most urgent is the first of its task and takes the others with it, once.
    killed, innocent = steps.Broken(how="killed"), [steps.Seeded(seed=seed) for seed in (10, 11)]
    outcome, events = run(killed, *innocent, slurm={"task_minutes": "1"})
    assert set(outcome.failed) == {killed.key}
    assert set(outcome.computed) == {step.key for step in innocent}
    assert sum(event.kind == "lost" for event in events) == 3


@pytest.mark.slow
def test_a_task_that_is_half_done_is_taken_up_where_it_is(steps, slurm, tmp_path):
    small = [steps.Seeded(seed=seed, pause=1.0) for seed in range(4)]
    graph, store = Graph(small), StepStore(tmp_path)
    store.steps.mkdir(parents=True)
    write_json(store.folder / DEFINITIONS, graph.definitions)
    keys = sorted(graph.steps)
    engine = module.SlurmEngine(store, COMPUTE, "half", None, 1, {}, dict.fromkeys(keys, 1.0))
    engine.submit(keys)
    while not (ended := [each.key for each in engine.wait(1.0)]):
        pass
    assert ended == keys[:1]
    again = module.SlurmEngine(store, COMPUTE, "half", None, 1, {}, {})
    assert sorted(again.resumed) == keys[1:]
    left = set(again.resumed)
    while left:
        left -= {each.key for each in again.wait(1.0) if not each.error}
    assert all(store.log(key).read_text().count("---") == 1 for key in keys)


@pytest.mark.parametrize("given", ["soon", "-1", "inf", "nan"])
def test_task_minutes_that_are_none(given):
    with pytest.raises(UsageError, match="task_minutes"):
        module._together({"task_minutes": given})


def test_shared_tasks_stay_well_within_their_time():
    assert module._together({"task_minutes": 90, "time": "1:00:00", "mem": "1G"}) == (
        900.0,
        {"time": "1:00:00", "mem": "1G"},
    )
    assert module._together({}) == (120.0, {})


@pytest.mark.slow
def test_a_failure_stops_no_sibling(steps, run):
    good, bad = steps.Seeded(seed=1), steps.Broken()
    above = steps.Mixed(parts=(good, bad))
    outcome, events = run(above)
    assert outcome.computed == (good.key,) and outcome.blocked == (above.key,)
    assert outcome.failed == {bad.key: "ValueError: it is broken"}
    assert "last words" in next(event.lines for event in events if event.kind == "failed")


@pytest.mark.slow
def test_jobs_of_a_killed_driver_are_taken_up_and_not_submitted_again(small, slurm, drive, tmp_path):
    driver = drive(tmp_path, "slurm", 8)
    while not driver.stdout.readline().startswith("finished"):
        pass
    driver.kill()
    driver.wait()
    before = {job.id.partition("_")[0] for job in mine(tmp_path.name)}
    assert before, "no job was left in the queue"
    again = drive(tmp_path, "slurm", 8)
    said, errors = again.communicate(timeout=300)
    assert again.returncode == 0, errors
    assert "resumed" in said
    keys, store = set(Graph(small.targets(8)).steps), StepStore(tmp_path)
    assert all(store.log(key).read_text().count("---") == 1 for key in keys)
    assert not mine(tmp_path.name)
    assert not list((tmp_path / "slurm").rglob("*submitted.pkl"))


@pytest.mark.slow
def test_a_job_that_vanishes_is_submitted_once_more(steps, run, monkeypatch):
    monkeypatch.setattr(module, "GRACE_SECONDS", 1.0)
    monkeypatch.setattr(module, "QUEUE_SECONDS", 0.5)
    killed = steps.Broken(how="killed")
    outcome, events = run(killed)
    assert "left the queue without a result" in outcome.failed[killed.key]
    assert [event.kind for event in events] == ["started", "lost", "started", "failed"]


def test_options_that_slurm_refuses(steps, run):
    with pytest.raises(UsageError, match="partition"):
        run(steps.Seeded(seed=1), slurm={"partition": "nowhere"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("90:30", 91), ("1:30:00", 90), ("0:00:01", 1), ("1-12", 2160), ("1-00:30:00", 1470)],
)
def test_times_as_slurm_writes_them(text, expected):
    assert minutes(text) == expected


@pytest.mark.parametrize("text", ["soon", "0", "1:2:3:4", "", "1-", "-5"])
def test_what_is_no_time(text):
    with pytest.raises(UsageError, match="no time"):
        minutes(text)


def test_without_slurm_it_is_said(steps, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="--engine local"):
        run_study([steps.Seeded(seed=1)], tmp_path, engine="slurm", show_progress=False)
