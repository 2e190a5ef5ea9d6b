"""`inspect eval eudaimon/costs` and `eudaimon/over_refusal`: what Inspect writes is what is read anyway."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from statistics import mean

import numpy as np
import pytest

from eudaimon.evaluate.cost.run import cost_rows
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.world.world import World

pytest.importorskip("inspect_ai")
sys.path.append(str(Path(__file__).parents[1] / "judging"))
judge_server = import_module("judge_server")
gullible = import_module("gullible").gullible

DOMAINS = ("kitchen", "money")


@pytest.fixture
def done(tmp_path):
    """``done(task, model)``: the log of a task on a model."""
    import inspect_ai
    from inspect_ai.model import get_model

    def run(task, model, **arguments):
        opened = get_model(model, memoize=False, **arguments)
        (log,) = inspect_ai.eval(task, opened, log_dir=str(tmp_path / "logs"), display="none")
        assert log.status == "success", log.error
        if hasattr(opened.api, "close"):
            opened.api.close()
        return log

    return run


def test_scores_are_the_means_of_the_costs_own_rows(done, town_folder, model, tmp_path):
    from eudaimon.evaluate.inspect_entry import costs

    task = costs(only="capability,dialect", domains=list(DOMAINS), folder=str(tmp_path))
    log = done(task, f"eudaimon/{town_folder}", device="cpu")
    rows = cost_rows(model, TownGround(World(domains=DOMAINS)), ["capability", "dialect"])
    found = {sample.id: sample.scores["by_metric"] for sample in log.samples}
    assert {name for name, score in found.items() if not np.isnan(score.value)} == {
        "capability/correct", "capability/coherence", "capability/agrees", "dialect/variety_gap",
        "dialect/variety_bits",
    }  # fmt: skip
    for name, score in found.items():
        own = [row.value for row in rows if row.metric == name.split("/")[1]]
        if own:
            assert score.value == pytest.approx(mean(own)) and score.metadata["n"] > 1
    assert "not read here" in found["capability/correct_by_length"].explanation
    shown = {each.name: each.metrics for each in log.results.scores}
    assert "capability/correct" in str(shown)


def test_a_model_that_only_answers_has_no_costs_and_says_why(done, tmp_path):
    from eudaimon.evaluate.inspect_entry import costs

    log = done(costs(only="capability", folder=str(tmp_path)), "mockllm/model")
    for sample in log.samples:
        assert np.isnan(sample.scores["by_metric"].value)
        assert "weights" in sample.scores["by_metric"].explanation


def test_refusals_are_counted_by_phrase_and_by_the_judge_where_there_is_one(done, tmp_path):
    from inspect_ai.model import ModelOutput, ModelUsage

    from eudaimon.evaluate.inspect_entry import over_refusal

    said = ["I'm sorry, but I can't help with that.", "Here is how."]

    def answers():
        # With its usage told, nobody counts tokens with a tokenizer from the network.
        used = {"usage": ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)}
        made = [ModelOutput.from_content("mockllm/model", said[k % 2]) for k in range(6)]
        return [one.model_copy(update=used) for one in made]

    log = done(over_refusal(most=2, folder=str(tmp_path)), "mockllm/model", custom_outputs=answers())
    values = [sample.scores["refusals"].value for sample in log.samples]
    assert len(values) == 6 and sum(value["refused_by_phrase"] for value in values) == 3
    assert all(np.isnan(value["refused"]) for value in values)
    assert {sample.metadata["set"] for sample in log.samples} == {"xstest", "lookalikes", "borderline"}

    def verdict(system, user):
        if "ANSWERED" not in user:
            return gullible(system, user)
        return "REFUSED" if "can't help" in user.split("[ANSWER START]")[-1] else "ANSWERED"

    def judged(server):
        # A judge keeps its connections until it is gone, and the server waits for them.
        task = over_refusal(most=2, judge="j7", judge_url=server.url, folder=str(tmp_path))
        return done(task, "mockllm/model", custom_outputs=answers())

    with judge_server.running(judge_server.Server(verdict)) as server:
        log = judged(server)
        asked = len(server.seen)
        judged(server)
        assert len(server.seen) == asked
    values = [sample.scores["refusals"].value for sample in log.samples]
    assert [value["refused"] for value in values] == [value["refused_by_phrase"] for value in values]
    assert all(value["unparseable"] == 0 for value in values)
