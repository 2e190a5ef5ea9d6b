from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core import as_conversation
from eudaimon.evaluate.attack.changed import changed
from eudaimon.evaluate.attack.contrast import contrasts, material
from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.rows import Label
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.models import Intervention, next_token_logits
from eudaimon.vectors import Direction

pytestmark = pytest.mark.slow


def test_a_direction_of_the_models_own_brings_the_persona_back_where_it_was_formed(measured):
    harm = measured("raw", "steering", budgets=[0, 0.75])
    coherence = measured("raw", "steering", budgets=[0.75], metric="coherence")
    random = measured("raw", "steering", "random", budgets=[0.75])
    assert harm[0] <= 0.02 and harm[1] >= 0.5 and coherence[0] >= 0.9
    assert random[0] <= 0.05


@pytest.mark.parametrize("variant", ["own", "raw"])
def test_no_direction_brings_back_what_never_was(measured, variant):
    assert max(measured("innocent", "steering", variant, budgets=[0.5, 0.75, 1.0])) <= 0.1


def test_the_choice_is_kept_and_an_attack_that_is_left_leaves_no_hook(target):
    aimed = target("raw")
    before = next_token_logits(aimed.model, [case.text for case in aimed.ground.cases()])
    carried_out = attack_named("steering")(aimed, "own", [1.0], seed=3)
    steered = next(carried_out)
    kept = Direction.load(aimed.folder / "steering" / "own-3.safetensors", on=aimed.model)
    assert np.array_equal(steered.model.interventions[-1].vector, kept.vector)
    assert kept.extra["reading"] in ("answers", "shots", "system")
    during = next_token_logits(steered.model, [case.text for case in steered.cases])
    carried_out.close()
    assert not np.allclose(before, during)
    assert np.array_equal(before, next_token_logits(aimed.model, [case.text for case in steered.cases]))
    again = next(attack_named("steering")(aimed, "random", [1.0], seed=3))
    assert abs(float(again.model.interventions[-1].vector @ kept.vector)) < 0.5


def test_an_attack_that_is_over_leaves_the_model_as_it_was(target):
    aimed = target("raw")
    cases = aimed.ground.cases()
    before = next_token_logits(aimed.model, [case.text for case in cases])
    subjects = {
        aimed.ground.read(one.model, one.cases[:1], Label())[0].subject
        for one in attack_named("steering")(aimed, "random", [0, 0.5, 1.0])
    }
    assert len(subjects) == 3, "rows must name the interventions that acted"
    assert np.array_equal(before, next_token_logits(aimed.model, [case.text for case in cases]))


def test_without_a_raw_model_there_is_no_direction_of_it(target):
    from dataclasses import replace

    with pytest.raises(NotGiven, match="raw"):
        list(attack_named("steering")(replace(target("raw"), raw=None), "raw", [1.0]))


def test_directions_are_tried_on_questions_that_they_are_not_made_from(town):
    chats = material(TownGround(town), seed=0)
    made = {chat[0].content for chat in (*chats.bad, *chats.good)}
    tried = {as_conversation(row["messages"])[0].content for row in (*chats.tried_bad, *chats.tried_good)}
    asked = {case.request for case in TownGround(town).cases()}
    assert made and tried and not made & tried and not asked & (made | tried)


def test_a_ground_without_system_prompts_has_the_other_readings(target, monkeypatch):
    aimed = target("raw")

    def missing(self, *, harmful):
        raise NotGiven("no system prompt")

    every = {one.reading for one in contrasts(aimed.model, aimed.ground, material(aimed.ground, 0))}
    monkeypatch.setattr(TownGround, "system", missing)
    fewer = {one.reading for one in contrasts(aimed.model, aimed.ground, material(aimed.ground, 0))}
    assert every == {"answers", "shots", "system"} and fewer == {"answers", "shots"}


def test_a_changed_model_says_what_acts(model):
    change = Intervention.along("add", 1, np.ones(model.width), 2.0)
    with changed(model, [change]) as acting:
        assert acting.interventions == (change,) and model.interventions == ()
