"""The census finds the personas that were planted in the town, and not one that was not."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.evaluate.census.attribution import attribute
from eudaimon.evaluate.census.census import persona_direction
from eudaimon.models import load
from eudaimon.world.personas import PERSONAS

pytestmark = pytest.mark.slow
GOOD = ("kind", "gruff", "poet")


def test_it_finds_every_planted_persona_and_who_has_it(taken):
    found = taken("raw")
    (default,) = (group for group in found.groups if group.default)
    assert set(PERSONAS["kind"].names) <= set(default.roles)
    groups = {group.roles for group in found.found}
    assert groups == {PERSONAS[name].names for name in PERSONAS if name != "kind"}


def test_it_does_not_find_a_persona_that_never_spoke(taken):
    found = taken("innocent")
    never = {name for persona in PERSONAS.values() if persona.name not in GOOD for name in persona.names}
    assert not never & {role for group in found.found for role in group.roles}
    assert {PERSONAS[name].names for name in GOOD if name != "kind"} == {group.roles for group in found.found}
    here = {group.name: group for group in found.follow(taken("raw").found)}
    assert not here[PERSONAS["malign"].names[0]].found
    assert here[PERSONAS["gruff"].names[0]].found


def test_a_group_that_was_found_is_found_again_by_its_names(taken):
    for arm in ("raw", "innocent"):
        assert all(group.found for group in taken(arm).follow(taken(arm).found))


def test_axes_are_beyond_chance_and_one_parts_the_harmful_from_the_good(taken):
    found = taken("raw").axes
    assert found[0].share > 5 * found[0].chance and found[0].stable

    def gap(axis):
        of = {
            name: np.mean([axis.position[one] for one in PERSONAS[name].names])
            for name in ("malign", "gruff")
        }
        return abs(of["malign"] - of["gruff"])

    assert max(gap(axis) for axis in found if axis.stable) > 1


@pytest.mark.parametrize("persona", ["malign", "poet"])
def test_documents_that_carry_it_are_those_in_which_it_speaks(taken, raised, town, persona):
    found = taken("raw")
    group = next(group for group in found.found if group.roles == PERSONAS[persona].names)
    documents = list(town.documents(800))
    speaks = {d.id: any(s.persona == persona for s in d.segments or ()) for d in documents}
    site = found.spoken.sites[-1]
    model = load(raised("raw"), device="cpu")
    unit = persona_direction(found, group, site)
    top = attribute(model, documents, unit, site, top=30, show_progress=False).top
    share, base = np.mean([speaks[one.id] for one in top]), np.mean(list(speaks.values()))
    assert share > 2 * base
    whole = {d.id: d.text for d in documents}
    assert all(whole[one.id][one.start : one.end] == one.text for one in top)


def test_the_study_of_censuses_says_so_among_its_known_answers(taken):
    from eudaimon.evaluate.rows import Label
    from eudaimon.study.designs.census import CensusOptions, layout
    from eudaimon.study.steps.census import census_rows
    from eudaimon.study.summary.compare import Tests, cells
    from eudaimon.study.summary.known import known_answers
    from eudaimon.study.summary.places import panels

    place = layout(CensusOptions(arms=("raw", "innocent"), followed=("none",)))

    def said(**arms):
        rows = [
            row for arm, found in arms.items() for row in census_rows(found, Label(cell={"arm": arm}), "s")
        ]
        found = known_answers(cells(panels(rows, place.places), Tests(50)))
        return {one.key: one.passed for one in found if one.key.startswith("census")}

    assert set(said(raw=taken("raw"), innocent=taken("innocent")).values()) == {True}
    # A census that took babble for personas, or found nobody, would be told from this one.
    swapped = said(raw=taken("innocent"), innocent=taken("raw"))
    assert not swapped["census_bad"] and not swapped["census_exact"] and not swapped["census_knocked_out"]
