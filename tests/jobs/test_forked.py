"""Forked workers do what others do, and share what was opened before."""

from __future__ import annotations

import ast
import sys
import time
from pathlib import Path

import psutil
import pytest

from eudaimon.jobs.forked import ForkedEngine, _spare, _taken, can_fork, prepare
from eudaimon.jobs.local import LocalEngine

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(not can_fork(), reason="this system does not fork")


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(HERE)])


def finish(engine, keys):
    """What became of each key, as (error, lost)."""
    ended, waiting = {}, list(keys)
    until = time.monotonic() + 120
    while (waiting or len(ended) < len(keys)) and time.monotonic() < until:
        chosen = [waiting.pop(0) for _ in range(min(engine.free, len(waiting)))]
        engine.submit(chosen)
        for each in engine.wait(0.2):
            ended[each.key] = (each.error, each.lost)
    return ended


def gone(family):
    """Whether all of these processes end; one that nobody reaps has ended too."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if not any(map(lives, family)):
            return True
        time.sleep(0.1)
    return False


def lives(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_is_opened_once_is_there_in_every_worker(tmp_path):
    others = set(psutil.Process().children(recursive=True))
    engine = ForkedEngine(tmp_path, "tiny_work:compute", 2, "tiny_work:warm")
    try:
        assert finish(engine, ["a", "b", "c", "d"]) == dict.fromkeys("abcd", ("", False))
        family = set(psutil.Process().children(recursive=True)) - others
    finally:
        engine.close()
    said = [(tmp_path / key).read_text().rpartition(" ") for key in "abcd"]
    (opened,) = {said[k][0] for k in range(4)}
    workers = {int(said[k][2]) for k in range(4)}
    assert len(ast.literal_eval(opened)) == 1 and ast.literal_eval(opened)[0] not in workers
    assert 1 <= len(workers) <= 2 and len(family) >= 2
    assert gone(family)


@pytest.mark.parametrize("warm", ["tiny_work:warm", "tiny_work:broken", "no_module:at_all"])
def test_errors_and_deaths_are_told(tmp_path, warm):
    engine = ForkedEngine(tmp_path, "tiny_work:compute", 2, warm)
    try:
        ended = finish(engine, ["die", "fail", "a"])
        assert ended["fail"] == ("it failed", False) and ended["a"] == ("", False)
        assert ended["die"][1]
        assert finish(engine, ["die"]) == {"die": ("", False)}
    finally:
        engine.close()


def test_the_same_work_gives_the_same_answers_without_forking(tmp_path):
    engine = LocalEngine(tmp_path, "tiny_work:compute", 2)
    try:
        assert finish(engine, ["a", "fail"]) == {"a": ("", False), "fail": ("it failed", False)}
    finally:
        engine.close()


def test_workers_end_with_a_driver_that_is_killed(tmp_path):
    import subprocess

    code = (
        f"import sys; sys.path[:0] = {[*sys.path, str(HERE)]}\n"
        "from eudaimon.jobs.forked import ForkedEngine\n"
        f"engine = ForkedEngine({str(tmp_path)!r}, 'tiny_work:compute', 2, 'tiny_work:warm')\n"
        "engine.submit(['a', 'b'])\n"
        "list(engine.wait(60)); print('up', flush=True); import time; time.sleep(60)"
    )
    driver = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert driver.stdout.readline() == "up\n"
    family = psutil.Process(driver.pid).children(recursive=True)
    assert len(family) == 3
    driver.kill()
    driver.wait()
    assert gone(family)


def test_a_kept_process_is_used_again_and_no_longer_than_it_lives(tmp_path):
    """Also one that was started before anybody knew what it would open."""
    others = set(psutil.Process().children())
    prepare("tiny_work:compute", ("json", "no_module"))
    (early,) = set(psutil.Process().children()) - others
    opened = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        engine = ForkedEngine(tmp_path / folder, "tiny_work:compute", 1, "tiny_work:warm", keep=True)
        assert finish(engine, ["a"]) == {"a": ("", False)}
        workers = set(early.children())
        engine.close()
        assert gone(workers) and lives(early)
        opened.append(ast.literal_eval((tmp_path / folder / "a").read_text().rpartition(" ")[0]))
    assert opened == [[early.pid], [early.pid] * 2]
    engine = ForkedEngine(tmp_path, "tiny_work:compute", 1, "tiny_work:warm")
    assert finish(engine, ["a"]) == {"a": ("", False)} and lives(early)
    engine.close()
    early.kill()
    assert gone({early})
    engine = ForkedEngine(tmp_path, "tiny_work:compute", 1, "tiny_work:warm", keep=True)
    assert finish(engine, ["b"]) == {"b": ("", False)}
    family = set(psutil.Process().children()) - others
    engine.close()
    prepare("tiny_work:compute")
    assert {process.pid for process in family if lives(process)} == {_spare[0].process.pid}
    sys.path.append("elsewhere")  # other variables: the old one ends
    prepare("tiny_work:compute")
    assert gone(family)
    _taken({})
    assert not _spare
