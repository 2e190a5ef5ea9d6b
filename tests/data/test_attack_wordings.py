from __future__ import annotations

import pytest

from eudaimon.data import attack_wordings
from eudaimon.data.attack_wordings import AttackWordings, Scene


def test_each_wording_has_a_twin_of_its_form_and_another_content() -> None:
    words = attack_wordings()
    for lines in (words.persona, words.onwards):
        assert len(lines["harmful"]) >= 8
        assert len(set(lines["harmful"])) == len(lines["harmful"])
        for harmful, good in zip(lines["harmful"], lines["good"], strict=True):
            assert 0.5 < len(good) / len(harmful) < 2
        assert set(lines["harmful"]) - set(lines["good"])
    assert 0.7 < len(words.begun["good"]) / len(words.begun["harmful"]) < 1.4


def test_a_scene_holds_the_question_and_the_part_once() -> None:
    for scene in attack_wordings().scenes:
        harmful, good = (scene.of("May I?", side) for side in ("harmful", "good"))
        assert harmful.count("May I?") == good.count("May I?") == 1 and harmful != good
        assert scene.harmful in harmful and scene.good in good


def test_wordings_without_a_twin_or_a_place_are_refused() -> None:
    whole = attack_wordings().model_dump()
    lone = {**whole, "onwards": {**whole["onwards"], "good": whole["onwards"]["good"][:-1]}}
    with pytest.raises(ValueError, match="no twin"):
        AttackWordings.model_validate(lone)
    nowhere = Scene(frame="A play with {who}.", harmful="a rogue", good="a saint")
    with pytest.raises(ValueError, match="has not one"):
        AttackWordings.model_validate({**whole, "scenes": [nowhere]})
