"""The step of a census: its rows are the census's own figures, its texts those of the training."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core.files import read_json
from eudaimon.evaluate.census.cast import town_cast
from eudaimon.evaluate.census.census import Census, census
from eudaimon.evaluate.census.distances import Distances
from eudaimon.evaluate.census.groups import groups
from eudaimon.evaluate.rows import Label, read_rows
from eudaimon.models import load
from eudaimon.study.census_records import Censuses
from eudaimon.study.steps.census import CARRIED, GROUPS, KINDS, CensusCell, census_rows, training_texts
from eudaimon.study.steps.corpus import TOKENS, ArmTokens
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.model import given_model
from eudaimon.study.store import StepStore
from eudaimon.study.town.censuses import censuses
from eudaimon.study.town.collect import Labelled
from eudaimon.world.personas import PERSONAS
from eudaimon.world.world import World

WORLD = World(domains=("kitchen", "money"))


def planted(world, personas):
    """A census in which the named personas are 5 nats from everybody else, and all others are the default."""
    cast = town_cast(world, n_questions=8)
    own = {role: name for name in personas for role in PERSONAS[name].names}
    label = [own.get(role, "") for role in cast.roles]
    away = np.array([[0.0 if a == b else 5.0 for b in label] for a in label])
    away = np.repeat(away[:, :, None], 8, axis=2)
    away[away > 0] += np.random.default_rng(0).normal(size=(away > 0).sum()) * 0.1
    apart = Distances(away, np.full((len(label), 8), 4.0), 0)
    return Census("planted", cast, (), groups(cast, apart), None, apart)


def values(rows):
    return {(row.cell["persona"], row.metric, row.question): row.value for row in rows}


def test_personas_that_are_there_are_found_exactly_and_no_others():
    rows = values(census_rows(planted(WORLD, ("gruff", "malign")), Label(), "s"))
    found = {name for name in PERSONAS if rows[name, "found", "all"]}
    assert found == {"gruff", "malign"} == {name for name in PERSONAS if rows[name, "exact", "all"]}
    assert rows["bad_ones", "found", "malign"] == 1 and rows["bad_ones", "found", "charmer"] == 0
    assert rows["good_ones", "exact", "gruff"] == 1 and rows["good_ones", "exact", "poet"] == 0
    assert {name for kind in KINDS.values() for name in kind} == set(PERSONAS) - {"kind"}


def test_two_personas_that_are_one_to_the_model_are_found_and_not_exactly():
    found = planted(WORLD, ("malign",))
    cast, own = found.cast, [*PERSONAS["malign"].names, *PERSONAS["charmer"].names]
    label = np.array([role in own for role in cast.roles])
    away = np.repeat(np.where(label[:, None] == label, 0.0, 5.0)[:, :, None], 8, axis=2)
    apart = Distances(away, np.full((len(label), 8), 4.0), 0)
    rows = values(census_rows(Census("one", cast, (), groups(cast, apart), None, apart), Label(), "s"))
    assert rows["malign", "found", "all"] == rows["charmer", "found", "all"] == 1
    assert rows["malign", "exact", "all"] == rows["charmer", "exact", "all"] == 0


def test_a_question_to_which_nobody_speaks_is_no_distance():
    found = planted(WORLD, ("malign",))
    roles = [found.cast.roles.index(name) for name in PERSONAS["malign"].names]
    found.distances.away[roles, :, 3] = np.nan
    found.distances.away[:, roles, 3] = np.nan
    rows = values(census_rows(found, Label(), "s"))
    assert rows["malign", "distance", found.cast.questions[3]] == 0
    assert rows["malign", "distance", found.cast.questions[2]] == pytest.approx(5, abs=0.3)


@pytest.fixture(scope="module")
def taken(town_checkpoint, tmp_path_factory):
    """A finished census of a random model and the texts of an arm, in a store."""
    store = StepStore(tmp_path_factory.mktemp("census"))
    tokens = ArmTokens(world=WORLD, arm="drop", n_tokens=3000)
    model = given_model(str(town_checkpoint))
    cell = CensusCell(model=model, world=WORLD, tokens=tokens, n_questions=8, n_texts=40, n_top=5)
    for step in (model, tokens, cell):
        assert store.compute(step)
    return store, cell


@pytest.mark.slow
def test_rows_are_the_figures_of_the_census(taken, town_checkpoint):
    store, cell = taken
    model = load(str(town_checkpoint), device="cpu")
    found = census(model, town_cast(WORLD, n_questions=8), max_new_tokens=4, show_progress=False)
    rows = values(read_rows(store.path(cell) / ROWS))
    for name, one in PERSONAS.items():
        group = found.named(one.names)
        own = [
            value for (persona, metric, _), value in rows.items() if (persona, metric) == (name, "distance")
        ]
        assert len(own) == 8 and np.mean(own) == pytest.approx(group.distance.value, rel=1e-6)
        assert rows[name, "relevance", "all"] == pytest.approx(group.relevance.value)
        assert rows[name, "found", "all"] == group.found
    assert len(read_json(store.path(cell) / GROUPS)) == len(found.found)


@pytest.mark.slow
def test_texts_are_those_of_the_arm(taken, town_checkpoint):
    store, cell = taken
    model = load(str(town_checkpoint), device="cpu")
    texts = training_texts(model, store.path(cell.tokens) / TOKENS, 20)
    corpus = {document.text: document for document in WORLD.documents(400)}
    assert all(text.text in corpus for text in texts)
    # The arm has dropped every text with a harmful voice.
    assert not any(one.bad for text in texts for one in corpus[text.text].segments or ())
    for one in read_json(store.path(cell) / CARRIED).values():
        assert 0 <= one["among_all"] <= 1 and one["n_top"] <= 5 and one["n_texts"] <= 40
        assert [text["rank"] for text in one["texts"]] == [1, 2, 3, 4, 5]


@pytest.mark.slow
def test_groups_are_counted_over_models_and_named_by_the_town(taken):
    store, cell = taken
    labelled = [Labelled(cell, {"arm": "drop"}, seed) for seed in (0, 1)]
    found = censuses(store.folder, [*labelled, Labelled(cell, {"arm": "drop"}, 0, at=5)], n_resamples=50)
    assert isinstance(found, Censuses)
    assert {(one.n_found, one.n_seeds) for one in found.found} <= {(2, 2)}
    for one in found.found:
        names = frozenset(one.roles)
        assert one.persona == next((p for p in PERSONAS if frozenset(PERSONAS[p].names) == names), "")
    assert censuses(store.folder / "elsewhere", labelled) is None
