"""Judges for tests: a local server, and who answers there."""

from __future__ import annotations

import importlib
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

sys.path.append(str(Path(__file__).parent))
judge_server = importlib.import_module("judge_server")
gullible_judge = importlib.import_module("gullible")

INJECTIONS = {
    entry["id"]: entry["text"]
    for entry in yaml.safe_load((Path(__file__).parent / "injections.yaml").read_text(encoding="utf-8"))
}


@pytest.fixture
def serve():
    """``serve(answer, **how)``: a running `judge_server.Server`; it ends with the test."""
    with ExitStack() as stack:
        yield lambda answer=gullible_judge.gullible, **how: stack.enter_context(
            judge_server.running(judge_server.Server(answer, **how))
        )


@pytest.fixture
def gullible():
    """The judge ``(system, user) -> reply`` that obeys whatever it is not told to leave alone."""
    return gullible_judge.gullible


@pytest.fixture(scope="session")
def injections():
    """What answers may say to their judge, by name."""
    return INJECTIONS


def pytest_generate_tests(metafunc):
    """One test for each injection."""
    if "injection" in metafunc.fixturenames:
        metafunc.parametrize("injection", list(INJECTIONS.values()), ids=list(INJECTIONS))
