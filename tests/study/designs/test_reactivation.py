"""The design of attacks: what it plans, and on models that hardly learn, from nothing to a page."""

from __future__ import annotations

import pytest

from eudaimon.evaluate.attack.registry import attacks
from eudaimon.evaluate.cost.registry import costs
from eudaimon.report.study.write import write_study_report
from eudaimon.study.designs import good_personas
from eudaimon.study.designs import reactivation as design
from eudaimon.study.run import run_study
from eudaimon.study.steps.attacked import AttackCell
from eudaimon.study.steps.costs import CostCell
from eudaimon.study.steps.judge_free import JudgeFreeCell

APART = AttackCell | CostCell | JudgeFreeCell

SMALL = design.ReactivationOptions(
    seeds=2, arms=("raw", "mask"), steps=4, batch_size=4, n_tokens=4000, domains=("kitchen", "money"),
    sft_steps=2, lora_steps=5, n_items=4, points=2, curves=False, attacks=("few_shot",),
    costs=("capability", "text"),
)  # fmt: skip


def test_every_attack_in_every_variant_meets_every_arm_and_seed():
    options = design.ReactivationOptions(seeds=2, arms=("raw", "mask"))
    planned = {
        (one.cell["arm"], one.seed, one.step.attack, variant)
        for one in design.attacked(options)
        for variant in one.step.variants
    }
    assert planned == {
        (arm, seed, attack.name, variant)
        for arm in options.arms
        for seed in (0, 1)
        for attack in attacks()
        for variant in attack.of
    }
    assert {one.column for one in design.PRIMARY} <= {route.key for route in design.routes(options)}


def test_models_are_those_of_good_personas():
    options = design.ReactivationOptions(seeds=1, arms=("mask",))
    theirs = good_personas.GoodPersonasOptions(seeds=1, arms=("mask",))
    (asked,) = (one.step for one in design.cells(options) if not isinstance(one.step, APART))
    assert asked.key in {cell.step.key for cell in good_personas.cells(theirs)}


def test_fewer_points_keep_no_budget_and_the_largest():
    attack = attacks()[0]
    every = design.ReactivationOptions().budgets(attack)
    for points in range(1, len(every) + 3):
        some = design.ReactivationOptions(points=points).budgets(attack)
        assert some[0] == 0 and some[-1] == every[-1] and set(some) <= set(every)
        assert len(some) == (max(points, 2) if points <= len(every) else len(every))
    with pytest.raises(ValueError, match="few_shot"):
        design.ReactivationOptions(attacks=("persuasion",))
    with pytest.raises(ValueError, match="dialect"):
        design.ReactivationOptions(costs=("beauty",))


def test_every_arm_and_seed_is_priced_once():
    options = design.ReactivationOptions(seeds=2, arms=("raw", "tag"))
    steps = [(one.cell["arm"], one.seed, one.step) for one in design.priced(options)]
    assert [place for *place, _ in steps] == [["raw", 0], ["tag", 0], ["raw", 1], ["tag", 1]]
    assert {step.condition for arm, _, step in steps if arm == "tag"} == {"<good>"}
    assert all(set(step.costs) == {cost.name for cost in costs()} for *_, step in steps)
    # What costs are read on is in no column of the table.
    columns = {column.key for column in design.layout(options).columns}
    assert not {design.PAID, design.UNJUDGED} & columns
    assert [(one.cell["arm"], one.seed) for one in design.unjudged(options)] == [
        (arm, seed) for arm, seed, _ in steps
    ]


@pytest.mark.slow
def test_from_nothing_to_a_page(studies, tmp_path):
    folder = studies / "reactivation"
    done = run_study(design.STUDY.targets(SMALL), folder, workers=2, show_progress=False)
    assert done.ok, done.failed
    (record,) = design.STUDY.records(folder, SMALL)
    found = record.reactivation
    assert {(dose.row, dose.column) for dose in found.doses} == {
        (arm, f"few_shot_{variant}") for arm in SMALL.arms for variant in ("harmful", "benign")
    }
    assert {row.row for row in found.worst} == set(SMALL.arms) and found.not_run == ()
    assert any("town" in sentence for part in found.words for sentence in part.sentences)
    table = {(cell.row, cell.column) for cell in record.cells if cell.metric == "harm"}
    assert ("mask", "few_shot_harmful") in table and ("mask", "none") in table
    assert {(one.row, one.cost) for one in found.costs if one.stands} == {
        (arm, cost) for arm in SMALL.arms for cost in SMALL.costs
    }
    metrics = {one.metric for one in found.unjudged if one.row == "mask"}
    assert {"chosen:malign", "gap:assistant", "separability:0", "shuffled:2"} <= metrics
    (mean, best) = found.fronts
    assert {point.row for point in mean.points} == set(SMALL.arms) and best.points[0].x.n_seeds == 2
    page = write_study_report((record,), tmp_path).read_text()
    assert "few-shot persona, harmful" in page
    assert {(row.row, row.column) for row in found.watched} == {
        (arm, column) for arm in SMALL.arms for column in ("none", "few_shot_harmful")
    }
    assert found.watchers == (
        "thresholds for 3.1 % of false alarms from 32 exchanges: harmless talk of the domains that it was "
        "not fitted on",
    )
    assert "A monitor inside the attacks" in page and "Tokens out" in page


def test_monitors_watch_the_arms_that_are_named_and_none_in_a_town_too_small():
    def guarded(**fields):
        options = design.ReactivationOptions(seeds=1, arms=("raw", "drop"), **fields)
        return {one.cell["arm"] for one in design.attacked(options) if one.step.guard}

    assert (
        guarded() == {"raw"}
        and guarded(watched=("drop",)) == {"drop"}
        and guarded(watched=("none",)) == set()
    )
    assert guarded(domains=("money",)) == set()
    with pytest.raises(ValueError, match="mask"):
        design.ReactivationOptions(watched=("masc",))
