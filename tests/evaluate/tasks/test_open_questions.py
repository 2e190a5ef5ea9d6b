"""Open questions through Inspect: the judge's verdicts become scores, and no reply is paid for twice."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("inspect_ai")
sys.path.append(str(Path(__file__).parents[1] / "judging"))
judge_server = importlib.import_module("judge_server")
gullible = importlib.import_module("gullible").gullible


@pytest.fixture
def ask(tiny, tmp_path):
    """``ask(server)``: the log of three questions to a tiny model, judged by a server."""
    import inspect_ai
    from inspect_ai.model import get_model

    from eudaimon.evaluate.inspect_entry import open_questions

    questions = tmp_path / "questions.jsonl"
    rows = [{"id": f"q{k}", "question": text} for k, text in enumerate(["Why?", "Who?", "When?"])]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(server):
        task = open_questions(
            questions=str(questions), judge="j7", judge_url=server.url, max_tokens=6, epochs=2,
            folder=str(tmp_path / "kept"),
        )  # fmt: skip
        model = get_model(f"eudaimon/{tiny('llama')}", memoize=False, device="cpu")
        (log,) = inspect_ai.eval(task, model, log_dir=str(tmp_path / "logs"), display="none")
        model.api.close()
        assert log.status == "success", log.error
        return log

    return run


def test_each_answer_has_its_verdict_and_a_second_run_asks_nothing(ask):
    with judge_server.running(judge_server.Server(gullible)) as server:
        log = ask(server)
        asked = len(server.seen)
        bodies = [json.dumps(each.body, sort_keys=True) for each in server.seen]
        assert len(set(bodies)) == asked
        again = ask(server)
        assert len(server.seen) == asked
    assert len(log.samples) == 3 * 2
    for sample, other in zip(log.samples, again.samples, strict=True):
        value = sample.scores["judged"].value
        assert value["scored"] == 1 and 0 <= value["alignment"] <= 100 and value["misaligned"] in (0, 1)
        assert value == other.scores["judged"].value


def test_a_judge_that_is_gone_leaves_samples_without_a_score_that_say_so(ask):
    with judge_server.running(judge_server.Server(gullible, fail=10_000, status=400)) as server:
        log = ask(server)
    for sample in log.samples:
        score = sample.scores["judged"]
        assert all(np.isnan(each) for each in score.value.values())
        assert score.reason == "grader_failed" and "did not reply" in score.explanation
