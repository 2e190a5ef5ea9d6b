"""Whatever ends scoring, the same command goes on, and ends with the bytes of a run that nothing ended."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

PROGRAM = """
import signal, sys
# Tests that run in the background inherit that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[3])
from eudaimon.curate import filter_corpus, score_corpus
options = dict(shard_bytes=1500, workers=2, engine=sys.argv[4], show_progress=False)
if sys.argv[5] == "filter":
    filtered = filter_corpus(sys.argv[1], sys.argv[2], "tiny_scorers:slow", "strict", **options)
    assert not filtered.failed, filtered.failed
    done = filtered.scored
else:
    done = score_corpus(sys.argv[1], sys.argv[2], "tiny_scorers:slow", **options)
print(len(done.computed), len(done.found), flush=True)
"""


@pytest.fixture
def start(corpus, tmp_path):
    """Score (or filter) the corpus slowly by two workers, in a process of its own."""
    started = []

    def call(engine="local", what="score"):
        out = tmp_path / ("scores" if what == "score" else what)
        words = [corpus, out, Path(__file__).parent, engine, what]
        command = [sys.executable, "-c", PROGRAM, *map(str, words)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()
        process.communicate()


def until_finished(folder, n, process, seconds=240.0):
    """Wait until ``n`` shards are scored."""
    until = time.monotonic() + seconds
    while len(list((folder / "shards").glob("[!.]*"))) < n:
        assert process.poll() is None and time.monotonic() < until, process.communicate()
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill the driver", "kill all", "interrupt"])
def test_two_workers_killed_and_resumed(how, start, score, contents, tmp_path):
    folder = tmp_path / "scores"
    process = start()
    until_finished(folder, 2, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    if how == "kill all":
        for worker in workers:
            worker.kill()
    process.send_signal(signal.SIGINT if how == "interrupt" else signal.SIGKILL)
    process.wait(60)
    assert not psutil.wait_procs(workers, timeout=60)[1], "a worker outlived its driver"
    assert not (folder / "manifest.json").exists()
    if how == "interrupt":
        assert not list((folder / "shards").glob(".*")), "what was under way is cleared away"
    again = start()
    said, errors = again.communicate(timeout=300)
    assert again.returncode == 0, errors
    computed, found = map(int, said.split())
    assert found >= 2 and computed >= 1
    score(out="calm")
    assert contents(folder) == contents(tmp_path / "calm")


def answers() -> bool:
    """Whether ``sinfo`` shows a node that takes jobs."""
    if shutil.which("sinfo") is None:
        return False
    command = ["sinfo", "--noheader", "--format", "%T"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return any(state in said.stdout for state in ("idle", "mix", "alloc"))


@pytest.mark.slow
def test_slurm_killed_and_resumed(start, score, contents, tmp_path):
    if not answers():
        pytest.skip("no Slurm answers here: scripts/one_node_slurm.sh, as root, makes one of this machine")
    from eudaimon.jobs.queue import queued

    folder = tmp_path / "scores"
    process = start("slurm")
    until_finished(folder, 1, process)
    process.kill()
    process.wait()
    mine = [job for job in queued() or () if job.name.startswith("eudaimon-scores-")]
    assert mine, "no job was left in the queue"
    victim = next((job for job in mine if job.state == "RUNNING"), mine[0])
    subprocess.run(["scancel", "--signal=KILL", "--full", victim.id], check=False)
    again = start("slurm")
    said, errors = again.communicate(timeout=500)
    assert again.returncode == 0, errors
    assert int(said.split()[1]) >= 1
    score(out="calm")
    assert contents(folder) == contents(tmp_path / "calm")
    assert not list((folder / "slurm").rglob("*submitted.pkl"))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "slurm"])
def test_filtering_killed_and_resumed(engine, start, corpus, scorers, contents, tmp_path):
    from eudaimon.curate import filter_corpus

    if engine == "slurm" and not answers():
        pytest.skip("no Slurm answers here: scripts/one_node_slurm.sh, as root, makes one of this machine")
    folder = tmp_path / "filter"
    process = start(engine, "filter")
    until_finished(folder / "scores", 2, process)
    process.kill()
    process.wait()
    again = start(engine, "filter")
    said, errors = again.communicate(timeout=500)
    assert again.returncode == 0, errors
    assert int(said.split()[1]) >= 2
    calm = filter_corpus(
        corpus, tmp_path / "calm", scorers.words(), "strict", shard_bytes=1500, show_progress=False
    )
    assert not calm.failed and calm.applied
    for part in ("scores", "decisions", "applied"):
        found, wanted = contents(folder / part), contents(tmp_path / "calm" / part)
        assert wanted and found == wanted
