"""A small soak: clients of every kind, and nothing is left open; the large one is `benchmarks/soak.py`."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def soak():
    spec = importlib.util.spec_from_file_location(
        "eudaimon_soak", Path(__file__).parents[3] / "benchmarks" / "soak.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_hundreds_of_clients_leave_nothing_open(soak):
    with soak.served([]) as (url, pid):
        found = asyncio.run(soak.soak(url, pid, 400, clients=8))
    assert soak.sound(found, most_growth=50.0), found
    assert found["came_back"]["whole"] == {"200": sum(found["came_back"]["whole"].values())}
    assert found["came_back"]["cancelled"].get("left", 0) > 10
    assert set(found["came_back"]["malformed"]) <= {"400", "413", "415"}


def test_the_verdict_sees_what_is_wrong(soak):
    good = {
        "unexpected": 0,
        "still_open": {"open_requests": 1.0, "running": 0.0, "waiting": 0.0},
        "ready_after": 200,
        "growth_mb": 3.0,
    }
    assert soak.sound(good, 50.0)
    for name, value in (
        ("unexpected", 1),
        ("still_open", {"open_requests": 2.0, "running": 0.0, "waiting": 0.0}),
        ("ready_after", 503),
        ("growth_mb", 51.0),
    ):
        assert not soak.sound(good | {name: value}, 50.0)
