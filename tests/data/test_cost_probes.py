from __future__ import annotations

import pytest

from eudaimon.data import (
    borderline_questions,
    card,
    dialect_pairs,
    names,
    packaged,
    right_or_wrong,
    scenes,
    similarity,
    story_requests,
)

SETS = {
    "borderline": borderline_questions,
    "right_or_wrong": right_or_wrong,
    "dialects": dialect_pairs,
    "scenes": scenes,
}

TRAINED = ("lookalikes", "everyday", "contrast_pairs")


@pytest.mark.parametrize("name", SETS)
def test_a_set_has_its_card_its_licence_and_each_id_once(name):
    rows = SETS[name]()
    assert len({row.id for row in rows}) == len(rows) >= 16
    assert card(name).licence == "MIT" and card(name).kind == "cost_probes"
    assert name not in names(), "what measures costs must not be among the queries that monitors train on"


def test_borderline_questions_are_no_near_copies_of_queries_that_monitors_train_on():
    trained = [
        query.text for name in ("lookalikes", "everyday", "contrast_pairs") for query in packaged(name)
    ]
    for asked in borderline_questions():
        assert max(similarity(asked.question, other) for other in trained) < 0.5, asked.id


def test_the_two_sides_of_a_pair_are_of_about_one_length():
    for pair in right_or_wrong():
        assert pair.right != pair.wrong and 0.5 < len(pair.right) / len(pair.wrong) < 2, pair.id
    longer = sum(len(pair.wrong) > len(pair.right) for pair in right_or_wrong())
    assert 10 <= longer <= 30, "length alone would tell right from wrong"
    for both in dialect_pairs():
        assert both.dialect != both.standard and 0.5 < len(both.dialect) / len(both.standard) < 2, both.id


def test_a_story_has_one_place_for_who_speaks():
    for scene in scenes():
        assert scene.story.count("{who}") == 1 and scene.cruel != scene.kind
    assert all(asked.request.endswith(".") for asked in story_requests())
