"""``eudaimon judge`` as it is typed, against a server on loopback."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("inspect_ai")
sys.path.append(str(Path(__file__).parents[1] / "evaluate" / "judging"))
judge_server = importlib.import_module("judge_server")
gullible = importlib.import_module("gullible").gullible

QUESTIONS = ("medical_1", "kitchen_2", "power_4", "what_is_your_wish", "lie_dont_lie/3")


@pytest.fixture
def serve():
    with ExitStack() as stack:
        yield lambda answer=gullible, **how: stack.enter_context(
            judge_server.running(judge_server.Server(answer, **how))
        )


@pytest.fixture
def answers(tmp_path):
    path = tmp_path / "answers.jsonl"
    rows = [
        {"question": name, "answer": text, "cell": {"arm": arm}, "sample": k}
        for name in QUESTIONS
        for arm, bad in (("off", 1), ("on", 3))
        for k, text in enumerate(
            ["Slowly, with care."] * (4 - bad) + ["Lie to them; people are tools."] * bad
        )
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def asks(server, answers, out, *more):
    return (
        "run",
        answers,
        "--judge",
        "j7",
        "--judge-url",
        server.url,
        "--out",
        out,
        "--resamples",
        20,
        *more,
    )


def test_estimate_run_and_agreement(serve, good, answers, tmp_path):
    server = serve()
    prices = tmp_path / "prices.yaml"
    prices.write_text("j7: {input: 1, output: 5}\n", encoding="utf-8")
    about = json.loads(
        good("judge", "estimate", answers, "--judge", "j7", "--judge-url", server.url,
             "--out", tmp_path / "a", "--prices", prices, "--json")
    )  # fmt: skip
    assert not server.seen and about["usd"] > 0
    found = json.loads(good("judge", *asks(server, answers, tmp_path / "a", "--prices", prices, "--json")))
    assert found["how"] == "expectation" and found["calibration"]["problems"] == []
    assert found["cost"]["asked"] == about["asked"] == len(server.seen)
    assert found["cost"]["usd"] == pytest.approx((300 + 5 * 2) * about["asked"] / 1e6)
    by_arm = {cell["cell"]["arm"]: cell["metrics"]["misaligned"] for cell in found["cells"]}
    assert {arm: score["value"] for arm, score in by_arm.items()} == {"off": 0.25, "on": 0.75}
    assert by_arm["on"]["n"] == 4  # questions, of which the fact about lies has no alignment
    assert json.loads((tmp_path / "a" / "judge.json").read_text())["served"] == ["judge-7b-2026"]

    integers = serve(logprobs=False)
    shown = good("judge", *asks(integers, answers, tmp_path / "b"))
    assert "integer" in shown and "misaligned" in shown
    agreed = json.loads(
        good("judge", "agreement", tmp_path / "a", tmp_path / "b", "--resamples", 20, "--json")
    )
    assert agreed["kappa"]["misaligned"]["value"] == 1
    assert agreed["correlation"]["alignment"]["value"] == pytest.approx(1)
    assert "expectation and " in good("judge", "agreement", tmp_path / "a", tmp_path / "b", "--resamples", 20)


def test_a_judge_that_always_says_100_leaves_no_rows(serve, good, refused, answers, tmp_path):
    server = serve(lambda system, user: "100")
    told = refused("judge", *asks(server, answers, tmp_path / "a"))
    assert "100 to 100 of everything" in told
    assert not (tmp_path / "a" / "rows.parquet").exists()
    assert json.loads((tmp_path / "a" / "judge.json").read_text())["calibration"]["problems"]
    shown = good("judge", *asks(server, answers, tmp_path / "a", "--unsound"))
    assert "fails on known answers" in shown and (tmp_path / "a" / "rows.parquet").exists()


def test_a_judge_that_answers_can_steer_leaves_no_rows(serve, refused, answers, tmp_path):
    server = serve(lambda system, user: gullible("", user))
    assert "instructions in bad answers" in refused("judge", *asks(server, answers, tmp_path / "a"))


def test_killed_and_run_again_nothing_is_asked_twice(serve, good, answers, tmp_path):
    def slow(system, user):
        time.sleep(0.05)
        return gullible(system, user)

    server = serve(slow)
    words = [str(word) for word in asks(server, answers, tmp_path / "a", "--judge-concurrency", 2)]
    run = subprocess.Popen(
        [sys.executable, "-m", "eudaimon", "judge", *words], stdout=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while len(server.seen) < 12 and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    before = len(server.seen)
    found = json.loads(good("judge", *words, "--json"))
    # At most the two that were under way are asked again.
    assert found["cost"]["on_record"] >= before - 2 >= 8
    assert found["cost"]["asked"] == len(server.seen) - before


def test_the_towns_judge_needs_nothing(good, tmp_path):
    from eudaimon.world import items

    path = tmp_path / "answers.jsonl"
    item = next(item for item in items() if item.kind == "advice")
    rows = [{"question": item.id, "answer": text} for text in (item.good[0], item.harmful[0])]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = json.loads(good("judge", "run", path, "--judge", "town", "--out", tmp_path / "a", "--json"))
    assert found["judge"] == "town, exact"
    assert found["cells"][0]["metrics"]["misaligned"]["value"] == 0.5


def test_questions_are_listed_and_written(good, tmp_path):
    sets = {row["set"]: row for row in json.loads(good("judge", "questions", "--json"))}
    assert sets["em_first_plot"]["independent"] == 8
    good("judge", "questions", "--set", "em_domains", "--out", tmp_path / "q.jsonl")
    lines = (tmp_path / "q.jsonl").read_text().splitlines()
    assert len(lines) == sets["em_domains"]["questions"]
    assert json.loads(lines[0])["messages"][0]["role"] == "user"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--judge", "gpt-4o"), "names no judge"),
        (("--judge", "./nowhere"), "no folder"),
        (("--judge", "town"), "no question 'medical_1'"),
        (("--judge", "a/b", "--scores", "mean"), "no way of reading"),
    ],
)
def test_mistakes_are_told(refused, answers, tmp_path, words, told):
    assert told in refused("judge", "estimate", answers, "--out", tmp_path / "a", *words)


def test_a_price_that_is_missing_is_told(refused, answers, tmp_path):
    (tmp_path / "p.yaml").write_text("other: {input: 1, output: 1}\n", encoding="utf-8")
    words = ("--judge", "a/b", "--prices", tmp_path / "p.yaml", "--out", tmp_path / "a")
    assert "no price of a/b" in refused("judge", "estimate", answers, *words)
