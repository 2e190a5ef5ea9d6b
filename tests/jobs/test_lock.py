"""One holder at a time; the dead hold nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from eudaimon.jobs import lock as module
from eudaimon.jobs.lock import Held, holder, locked

HOLD = """
import sys
from pathlib import Path
from eudaimon.jobs.lock import locked
with locked(Path(sys.argv[1]), wait=False):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.lock"


@pytest.fixture
def other(path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_the_holder_is_named(path, other):
    assert holder(path).pid == other.pid
    with (
        pytest.raises(Held, match=f"process {other.pid} on {socket.gethostname()}"),
        locked(path, wait=False),
    ):
        pass


def test_a_killed_holder_holds_nothing(path, other):
    other.kill()
    other.wait()
    assert holder(path) is None
    with locked(path, wait=False):
        assert holder(path).pid == os.getpid()
    assert holder(path) is None


def test_waiting_ends_when_the_holder_ends(path, other):
    threading.Timer(0.3, other.stdin.close).start()
    with locked(path, wait=True):
        assert other.wait(5) == 0


def test_threads_exclude_each_other(path):
    inside, worst = [0], [0]

    def work():
        for _ in range(5):
            with locked(path, wait=True):
                inside[0] += 1
                worst[0] = max(worst[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert worst[0] == 1


def written(path, age, host="elsewhere", pid=1):
    """A lock file as another machine, whose kernel lock does not reach here, would have left it."""
    path.write_text(json.dumps({"host": host, "pid": pid, "began": 1.0, "since": 1.0}))
    os.utime(path, (time.time() - age,) * 2)


def test_another_machine_holds_the_lock_while_it_is_heard_of(path):
    written(path, age=30)
    with pytest.raises(Held, match="elsewhere"), locked(path, wait=False):
        pass


def test_another_machine_that_fell_silent_holds_nothing(path):
    written(path, age=module.STALE_SECONDS + 1)
    with locked(path, wait=False):
        assert holder(path).host == socket.gethostname()


def test_a_reused_process_number_holds_nothing(path):
    written(path, age=0, host=socket.gethostname(), pid=os.getpid())
    # A process of this number lives, but it did not begin when the one of the file did.
    assert holder(path) is None
    with locked(path, wait=False):
        now = json.loads(path.read_text())
        assert now["pid"] == os.getpid() and now["began"] > 1.0
        assert holder(path).pid == os.getpid()


def test_without_kernel_locks_the_content_counts(path, monkeypatch):
    def none(*_):
        raise OSError(module.NOT_SUPPORTED[0], "not supported")

    monkeypatch.setattr(module.fcntl, "flock", none)
    written(path, age=0, host=socket.gethostname(), pid=os.getpid())
    with locked(path, wait=False):
        pass
    import psutil

    parent = psutil.Process(os.getppid())
    path.write_text(
        json.dumps({"host": socket.gethostname(), "pid": parent.pid, "began": parent.create_time()})
    )
    with pytest.raises(Held, match=str(parent.pid)), locked(path, wait=False):
        pass


def test_a_lock_cut_off_by_a_full_disk_is_free(path):
    path.write_text('{"host": "els')
    with locked(path, wait=False):
        assert json.loads(path.read_text())["pid"] == os.getpid()
