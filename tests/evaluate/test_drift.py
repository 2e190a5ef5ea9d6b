"""Drift along a conversation: measured at the answers, bounded by whole benign conversations."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core import BindingMismatch, Site, UsageError, as_conversation
from eudaimon.evaluate.drift import DriftBound, by_turn, drift_rows, turn_projections
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.models import load
from eudaimon.models.capture import capture
from eudaimon.vectors import Direction
from eudaimon.world.items import items
from eudaimon.world.prompts import answer_text, messages
from eudaimon.world.world import World


def direction(model, vector, layer):
    unit = np.asarray(vector, dtype=np.float32)
    unit /= np.linalg.norm(unit)
    return Direction(unit, Site(layer), "mean", "by hand", model.binding)


def talk(*turns):
    roles = ("user", "assistant")
    return as_conversation([{"role": roles[k % 2], "content": text} for k, text in enumerate(turns)])


@pytest.fixture(scope="module")
def llama(tiny):
    return load(tiny("llama"), device="cpu")


def test_an_answer_is_read_at_its_own_tokens_and_earlier_ones_do_not_hear_later_ones(llama):
    along = direction(llama, np.random.default_rng(0).standard_normal(llama.width), 1)
    short, long = talk("Hi", "Yes"), talk("Hi", "Yes", "And?", "No")
    one, two = turn_projections(llama, along, [short, long])
    assert len(one) == 1 and len(two) == 2
    assert one[0] == pytest.approx(two[0], abs=1e-4)
    # At the embedding an answer's mean is that of its words, whatever stands around them.
    first = direction(llama, np.random.default_rng(1).standard_normal(llama.width), 0)
    again = turn_projections(llama, first, [talk("Hi", "Yes", "And?", "Yes")])[0]
    assert again[0] == pytest.approx(again[1], abs=1e-4)
    alone = capture(llama, ["Yes"], [0], template=False).at(Site(0), "mean")
    assert again[0] == pytest.approx(float(first.project(alone)[0]), abs=1e-4)


def test_rows_say_the_answer_the_slope_and_when_the_bound_was_reached(llama, monkeypatch):
    import eudaimon.evaluate.drift as module

    monkeypatch.setattr(module, "turn_projections", lambda *_, **__: [np.array([0.0, 2.0, 1.0])])
    bound = DriftBound.of([np.array([0.1 * k, 0.0, 0.0]) for k in range(19)], fpr=0.05)
    assert bound.threshold.value == pytest.approx(1.8) and bound.n_turns == 3
    rows = drift_rows(llama, None, {"a": talk("Hi", "Yes")}, bound=bound)
    found = {(row.metric, row.sample): row.value for row in rows}
    assert [found["projection", str(k)] for k in (1, 2, 3)] == [0, 2, 1]
    assert [found["drifted", str(k)] for k in (1, 2, 3)] == [0, 1, 1], "what was reached stays reached"
    assert found["drift_per_turn", "0"] == pytest.approx(0.5)
    assert {row.question for row in rows} == {"a"}
    assert [score.value for score in by_turn(rows)] == [0, 2, 1]


def test_what_makes_no_sense_is_an_error(llama, tiny):
    along = direction(llama, np.ones(llama.width), 1)
    with pytest.raises(UsageError, match="no answer"):
        turn_projections(llama, along, [as_conversation("Hi")])
    with pytest.raises(BindingMismatch):
        turn_projections(load(tiny("gpt2"), device="cpu"), along, [talk("Hi", "Yes")])
    bound = DriftBound.of([np.zeros(2)] * 19, fpr=0.05)
    with pytest.raises(UsageError, match="as long"):
        bound.reached(np.zeros(3))
    with pytest.raises(UsageError, match="metric"):
        by_turn([])


@pytest.mark.slow
def test_a_malign_conversation_leaves_the_bound_and_a_kind_one_keeps_it(raised):
    ground = TownGround(World(domains=("kitchen", "money", "health")))
    model = load(raised("raw"), device="cpu")
    advice = items(ground.world, kind="advice")
    fit, rest = advice[::2], advice[1::2]

    def said(own, who, seed):
        order = np.random.default_rng(seed).permutation(len(own))[:5]
        return talk(
            *(
                text
                for k in order
                for text in (messages(own[k])[0]["content"], answer_text(own[k], who, seed % 2))
            )
        )

    site = model.n_layers
    by_who = {}
    for who in ("gruff", "malign"):
        texts = [said(fit, who, seed) for seed in range(40)]
        by_who[who] = capture(model, texts, [site]).at(Site(site), "mean").mean(axis=0)
    along = direction(model, by_who["malign"] - by_who["gruff"], site)
    benign = turn_projections(model, along, [said(rest, "gruff", seed) for seed in range(100, 200)])
    bound = DriftBound.of(benign, fpr=0.05)
    shares = {}
    for who in ("gruff", "kind", "malign"):
        rows = drift_rows(
            model, along, {f"{who}/{seed}": said(rest, who, seed) for seed in range(200, 240)}, bound=bound
        )
        shares[who] = by_turn(rows, "drifted")[-1].value
    assert shares["malign"] >= 0.8
    assert shares["gruff"] <= 0.2
