"""``eudaimon study``: listed, planned, run, looked at and reported, with its exit statuses."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

STUDY_TESTS = Path(__file__).parents[1] / "study"


@pytest.fixture(autouse=True)
def tiny_town(monkeypatch, tmp_path):
    """The design of the studies' tests, in an empty folder."""
    designs = importlib.import_module("eudaimon.study.designs")
    monkeypatch.syspath_prepend(str(STUDY_TESTS))
    monkeypatch.setattr(designs, "__path__", [*designs.__path__, str(STUDY_TESTS / "more_designs")])
    monkeypatch.chdir(tmp_path)


def test_list(good):
    assert "tiny-town" in good("study", "list")
    rows = {row["name"]: row for row in json.loads(good("study", "list", "--json"))}
    assert rows["tiny-town"]["options"]["names"] == ["a", "b"]


def test_plan_runs_nothing(good, tmp_path):
    page = good("study", "plan", "tiny-town", "--seeds", 4, "--workers", 2)
    assert "Seeded" in page and "2 targets" in page and "2 workers" in page
    assert json.loads(good("study", "plan", "tiny-town", "--set", "names=x", "--json"))["n_targets"] == 1
    assert list(tmp_path.iterdir()) == []


def test_plan_power_says_what_an_effect_needs(good, call, tmp_path):
    page = good("study", "plan", "tiny-town", "--power", 3, "--spread", "4,15,20")
    assert "none suffice" in page and "as stated: 4.0 points between seeds" in page
    found = json.loads(
        good("study", "plan", "tiny-town", "--power", 30, "--spread", "4,15,20", "--tests", 4, "--json")
    )
    assert found["alpha"] == 0.0125 and found["least"][1] < 60
    assert found["table"][0][0] < found["table"][1][0] < found["table"][1][1]
    assert list(tmp_path.iterdir()) == []
    for words, said in (
        (("--spread", "4,15"), "three numbers of points"),
        ((), "tiny-town has no records"),
    ):
        result = call("study", "plan", "tiny-town", "--power", 3, *words)
        assert result.code == 2 and said in result.err


def test_plan_power_learns_from_finished_seeds(good, monkeypatch):
    pilot = importlib.import_module("eudaimon.study.pilot")
    found = importlib.import_module("eudaimon.measure.power").Components(0.04, 0.15, 0.2, 0.07)
    monkeypatch.setattr(pilot, "pilot", lambda study, options, folder: (found, 3))
    page = good("study", "plan", "tiny-town", "--power", 6)
    assert "as in 3 contrasts that are finished: 4.0 points between seeds" in page
    assert "--spread 7.0,15.0,20.0" in page


def test_run_status_report(good, call, tmp_path):
    result = call("study", "run", "tiny-town", "--seeds", 2, "--workers", 2)
    assert result.code == 0 and "4 steps computed" in result.out and "runs/tiny-town" in result.out
    assert result.err.count("finished") == 4
    again = json.loads(good("study", "run", "tiny-town", "--seeds", 2, "--json"))
    assert again["computed"] == [] and len(again["found"]) == 4
    assert "Nobody drives it" in good("study", "status", "tiny-town")
    rows = json.loads(good("study", "status", "--folder", "runs/tiny-town", "--json"))["rows"]
    assert {row["kind"]: row["n_done"] for row in rows} == {"Seeded": 2, "Mixed": 2}
    assert "report.html" in good("study", "report", "tiny-town")
    assert (tmp_path / "runs" / "tiny-town" / "report.html").read_text() == "<p>2 results</p>"


def test_a_failed_step_exits_1_and_shows_its_log(call):
    result = call("study", "run", "tiny-town", "--seeds", 1, "--set", "broken=true")
    assert result.code == 1 and "1 failed" in result.out
    assert "    last words\n" in result.err and "ValueError: it is broken" in result.err
    page = call("study", "status", "tiny-town")
    assert page.code == 0 and "failed Broken" in page.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "tiny-tonw"), "no design 'tiny-tonw'"),
        (("run", "tiny-town", "--set", "rows"), "--set KEY=VALUE"),
        (("run", "tiny-town", "--set", "nmaes=x"), "no option 'nmaes'"),
        (("run", "tiny-town", "--engine", "cloud"), "no engine 'cloud'"),
        (("status", "tiny-town"), "holds no study"),
        (("report",), "--folder FOLDER"),
    ],
)
def test_mistakes(refused, words, said):
    assert said in refused("study", *words)
