"""What a census is made of: casts, axes against a table with known axes, groups against known distances."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core import Site, UsageError
from eudaimon.data.roles import role_prompts
from eudaimon.evaluate.census.axes import axes, best_site
from eudaimon.evaluate.census.cast import Cast, role_cast, town_cast
from eudaimon.evaluate.census.distances import Distances, distances
from eudaimon.evaluate.census.groups import group_of, groups
from eudaimon.evaluate.census.spoken import Spoken, answer_nats, speak


def cast_of(n_roles, n_questions=24):
    names = tuple(f"r{number}" for number in range(n_roles))
    texts = tuple(tuple(f"{name} {q}" for q in range(n_questions)) for name in names)
    return Cast(names, tuple(map(str, range(n_questions))), texts, "r0")


def spoken_of(states):
    cast = cast_of(states.shape[0], states.shape[1])
    return Spoken(cast, tuple(Site(k + 1) for k in range(states.shape[2])), (), states)


@pytest.fixture
def planted(rng=None):
    """Eight roles on two axes, of lengths 3 and 1.5, in noise; a second site has noise alone."""
    rng = np.random.default_rng(0)
    units = np.linalg.qr(rng.normal(size=(20, 2)))[0].T
    place = rng.normal(size=(8, 2)) * [3, 1.5]
    noise = rng.normal(size=(8, 24, 2, 20)) * 0.5 + rng.normal(size=(1, 24, 1, 20)) * 4
    states = noise.copy()
    states[:, :, 0] += (place @ units)[:, None]
    return states.astype(np.float32), units


def test_axes_are_those_that_were_planted_and_no_more(planted):
    states, units = planted
    found = axes(spoken_of(states))
    assert len(found) == 2 and all(axis.stable for axis in found)
    for axis in found:
        assert np.linalg.norm(units @ axis.unit) > 0.98
        assert axis.default <= 0 and axis.position["r0"] == pytest.approx(axis.default)
        assert axis.position[axis.low[0]] == min(axis.position.values())
    assert best_site(spoken_of(states)) == 0 and found[0].site == Site(1)


def test_noise_has_no_stable_axis(planted):
    states, _ = planted
    assert not any(axis.stable for axis in axes(spoken_of(states), site=1))


def apart(table, relevance, n_questions=24, noise=0.3):
    rng = np.random.default_rng(1)
    size = len(table)
    away = np.asarray(table, dtype=float)[:, :, None] + rng.normal(size=(size, size, n_questions)) * noise
    away[np.arange(size), np.arange(size)] = 0
    own = np.asarray(relevance, dtype=float)[:, None] + rng.normal(size=(size, n_questions)) * noise
    return Distances(away, own, 0)


def test_groups_are_what_is_near_and_babble_is_no_persona():
    table = [[0, 0, 5, 5, 9], [0, 0, 5, 5, 9], [5, 5, 0, 0, 9], [5, 5, 0, 0, 9], [9, 9, 9, 9, 0]]
    own, other, babble = groups(cast_of(5), apart(table, [6, 6, 6, 6, 0.5]))
    assert own.default and own.roles == ("r0", "r1") and not own.found
    assert other.roles == ("r2", "r3") and other.found and other.together == 1
    assert other.distance.low < 5 < other.distance.high and other.relevance.value == pytest.approx(6, abs=0.3)
    assert babble.roles == ("r4",) and not babble.found


def test_a_group_is_followed_where_its_roles_are_one_with_others():
    near = np.zeros((4, 4))
    here = group_of(cast_of(4), apart(near, [6] * 4), ("r2", "r3"))
    assert not here.found and abs(here.distance.value) < 0.3
    with pytest.raises(UsageError, match="r9"):
        group_of(cast_of(4), apart(near, [6] * 4), ("r9",))


def test_answers_weigh_what_the_model_gives_their_tokens(model, world):
    import torch

    cast = town_cast(world, n_questions=8)
    text, answer = cast.texts[0][0], " yes, do that, my dear."
    ids = model.tokenizer(text)["input_ids"]
    own = model.tokenizer(answer, add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        logits = model.module(torch.tensor([[*ids, *own]])).logits[0].double().log_softmax(-1)
    expected = sum(float(logits[len(ids) - 1 + k, token]) for k, token in enumerate(own))
    found = answer_nats(model, [text, text], [answer, ""])
    assert found[0] == pytest.approx(expected, abs=1e-4) and np.isnan(found[1])


def test_a_role_is_no_distance_from_itself_and_large_casts_compare_the_nearest(model, world, monkeypatch):
    from eudaimon.evaluate.census import distances as module

    cast = town_cast(world, n_questions=8)
    spoken = speak(model, cast, max_new_tokens=3, show_progress=False)
    assert spoken.states.shape == (len(cast.roles), 8, len(spoken.sites), model.width)
    monkeypatch.setattr(module, "MOST_COMPARED", 4)
    monkeypatch.setattr(module, "NEAREST", 2)
    found = distances(model, spoken, show_progress=False)
    assert (np.diagonal(found.away.mean(axis=2)) == 0).all()
    between = found.between()
    default = cast.roles.index(cast.default)
    assert np.isfinite(between[default]).all() and np.isinf(between).any()
    assert np.array_equal(between, between.T)


def test_casts_put_every_role_to_every_question(world):
    roles = [role for role in role_prompts() if role.name in ("pirate", "poet", "vindictive")]
    cast = role_cast(["What is fair?", "Who decides?", "Why?", "When?"], roles)
    assert cast.roles[0] == "default" and "not vindictive" in cast.roles
    assert [turn.role for turn in cast.texts[1][0]] == ["system", "user"]
    assert [turn.role for turn in cast.texts[0][0]] == ["user"]
    assert cast.texts[1][0][0].content != cast.texts[1][1][0].content
    assert set(town_cast(world, n_questions=8).roles) >= {"Malva", "Ada", "Assistant"}
    with pytest.raises(UsageError, match="repeat"):
        Cast(("a", "a", "b"), ("1",) * 4, (("x",) * 4,) * 3, "a")


def test_packaged_roles_are_whole():
    roles, traits = role_prompts("role"), role_prompts("trait")
    assert len(roles) == 275 and len(traits) == 240
    assert all(len(role.instructions) == 5 and role.text for role in roles)
    assert all(len(trait.opposites) == 5 for trait in traits)
    assert not any("{" in text for role in (*roles, *traits) for text in role.instructions)
    with pytest.raises(UsageError, match="villain"):
        role_prompts("villain")
