"""Two policies beside each other: what deciding each document alone says, and what `curate diff` says."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest

from eudaimon.curate import decide as decide_one
from eudaimon.curate import diff, load_policy, policy_names, read_scores
from eudaimon.curate.decided import score_files
from eudaimon.curate.run.lookup import scored_documents
from eudaimon.dashboard import find
from eudaimon.dashboard.decisions import decide
from eudaimon.dashboard.policy_diff import changed_page, policy_diff


def treatment(made):
    spans = [(s.start, s.end, s.action) for s in made.spans] if made.outcome == "keep" else []
    return made.outcome, made.weight, made.reflection, spans


@pytest.mark.parametrize(("one", "two"), [*permutations(policy_names(), 2)])
def test_it_is_that_of_deciding_each_document(runs, one, two):
    (found,) = find(runs.folder).of("scores")
    before, after = load_policy(one), load_policy(two)
    outcomes, sources, changed, actions = Counter(), Counter(), [], Counter()
    for file in score_files(found.path):
        for document in read_scores(file):
            was, becomes = decide_one(before, document), decide_one(after, document)
            outcomes[was.outcome, becomes.outcome] += 1
            for side, made in (("before", was), ("after", becomes)):
                for start, end, action in treatment(made)[3]:
                    actions[action, side] += end - start
            if treatment(was) != treatment(becomes):
                changed.append(document.id)
                sources[document.source] += 1
    made = decide(found, before), decide(found, after)
    told = policy_diff(*made)
    assert {(row["before"], row["after"]): row["documents"] for row in told.outcomes} == outcomes
    assert told.n_changed == len(changed) and told.n_documents == len(runs.documents)
    assert {row["source"]: row["changed"] for row in told.sources if row["changed"]} == sources
    sums = {(row["action"], side): row[side] for row in told.actions for side in ("before", "after")}
    assert {key: n for key, n in sums.items() if n} == {key: n for key, n in actions.items() if n}
    rows = [*changed_page(*made, 0, 10), *changed_page(*made, 10, 10_000)]
    assert [row["document"] for row in rows] == sorted(changed)


def test_documents_that_change_are_those_of_the_command(scored):
    (found,) = find(scored).of("scores")
    one, two = load_policy("prosocial"), load_policy("strict")
    expected = diff(one, two, scored_documents(found.path, (one, two)))
    told = policy_diff(decide(found, one), decide(found, two))
    assert (told.n_documents, told.n_changed) == (expected.n_documents, expected.changed_documents)
    assert {(row["before"], row["after"]): row["documents"] for row in told.outcomes} == dict(
        expected.documents
    )


def test_a_policy_does_not_differ_from_itself(runs):
    (found,) = find(runs.folder).of("scores")
    made = decide(found, load_policy("strict"))
    told = policy_diff(made, made)
    assert told.n_changed == 0 and changed_page(made, made, 0) == []
    assert all(row["before"] == row["after"] for row in (*told.outcomes, *told.actions))
