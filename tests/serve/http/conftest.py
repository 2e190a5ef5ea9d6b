"""Servers for tests: in this process without a socket, or on loopback with uvicorn."""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from eudaimon.serve.http import Settings, make_app

sys.path.append(str(Path(__file__).parent))
pretended = importlib.import_module("pretended")

CHILD = """
import sys
sys.path.append(sys.argv[1])
from pretended import Pretended
from eudaimon.serve.http import Audit, Limits, Settings, serve
from eudaimon.serve.http.logs import log_to
log_to(sys.stderr)
audit = Audit(sys.argv[2], required=True)
serve(Pretended(), Settings(limits=Limits(grace_seconds=20)), audit, port=0,
      listening=lambda host, port: print(f"http://{host}:{port}", flush=True))
print("ended", flush=True)
"""


@pytest.fixture
def client():
    """``client(settings=None, audit=None, **answerer)``: a client of an application, without a socket."""
    with ExitStack() as stack:

        def made(settings: Settings | None = None, audit=None, **how):
            answerer = pretended.Pretended(**how)
            app = make_app(answerer, settings, audit)
            found = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            found.answerer, found.serving = answerer, app.state.serving
            return found

        yield made


@pytest.fixture
def served():
    """``served(settings=None, audit=None, **answerer)``: address, answerer, `Server` on loopback."""
    with ExitStack() as stack:

        def made(settings: Settings | None = None, audit=None, **how):
            answerer = pretended.Pretended(**how)
            url, server = stack.enter_context(pretended.running(answerer, settings, audit))
            return url, answerer, server

        yield made


@pytest.fixture
def until():
    """``until(condition)``: wait until it holds, with a limit that only a fault reaches."""

    def wait(condition, seconds: float = 180.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it never came true"
            threading.Event().wait(0.01)

    return wait


@pytest.fixture
def logged(caplog):
    """The facts of what the server logged."""
    caplog.set_level(logging.INFO, "eudaimon.serve")
    return lambda event: [r.facts for r in caplog.records if r.getMessage() == event]


@pytest.fixture
def child(tmp_path):
    """``child(program)``: a server process and its address; the program gets this folder and an audit log."""
    started = []

    def start(program=CHILD):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(Path(__file__).parent), str(tmp_path / "audit.sqlite")],
            stdout=subprocess.PIPE,
            stderr=(tmp_path / "log").open("ab"),
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.wait(180)
        process.stdout.close()
