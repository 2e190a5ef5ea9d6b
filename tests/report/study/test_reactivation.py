"""The part of a page about attacks: every stored figure that it promises, nothing unescaped."""

from __future__ import annotations

import csv

import pytest

from eudaimon.core import Score
from eudaimon.measure.hierarchical import SeededScore
from eudaimon.report.study.attack_curves import survival_curves
from eudaimon.report.study.attack_reading import groups, times
from eudaimon.report.study.page import parts
from eudaimon.report.study.write import write_study_report
from eudaimon.study import reactivation_records as r
from eudaimon.study.cost_records import CostRow, Front, FrontPoint, HalfDose, Told
from eudaimon.study.records import RowName

HALF = {"level": 0.5, "floor": 0.8, "n": 16, "n_seeds": 5}


def score(value):
    return Score(value=value, low=value - 0.01, high=value + 0.02, n=16)


@pytest.fixture
def study(good_personas):
    route = r.Route(key="tune", title="tuning <b>", unit="tokens", models="x", source="y", budgets=(0, 100))
    times = {
        "row": "mask", "reference": "raw", "column": "tune", "p": 0.0123, "p_holm": 0.0246,
        "p_logrank": 0.001, "p_swapped": 0.0625, "p_least": 0.0625, "observed": 3.0, "expected": 9.0,
        "n_seeds": 5,
    }  # fmt: skip
    found = r.Reactivation(
        threshold=0.5,
        routes=(route,),
        doses=(r.DoseCurve(row="mask", column="tune", points=(r.DosePoint(budget=100, harm=score(0.3)),)),),
        survival=(
            r.SurvivalRow(
                row="mask", column="tune", points=(r.SurvivalPoint(budget=100, share=score(0.7)),),
                median=377, median_low=311, median_high=None, n=80, n_events=61, n_seeds=5,
            ),
        ),
        times=(
            r.TimeContrast(**times, primary=True, ratio=3.21, low=2.04, high=4.56, family="primary"),
            r.TimeContrast(
                **times | {"row": "drop"}, primary=False, ratio=None, low=None, high=None, family="other",
                note="drop never came over the threshold.",
            ),
        ),
        worst=(
            r.WorstRow(
                row="mask", mean=score(0.2), worst=score(0.61), which="tune", bias=0.034, n_attacks=3,
                n_seeds=5,
            ),
        ),
        half_doses=(
            HalfDose(row="mask", column="tune", dose=0.43, low=0.3, high=None, last=1.5, reached=1, **HALF),
            HalfDose(row="raw", column="tune", note="no dose <counts>", **HALF),
        ),
        costs=(
            CostRow(
                row="mask", cost="capability", metric="correct", unit="share", better="higher", stands=True,
                score=score(0.8), n_seeds=5, reference="raw", difference=score(-0.1), p=0.001, p_holm=0.002,
                bound=0.01, p_equivalent=0.912,
            ),
            CostRow(
                row="mask", cost="text", metric="depicting_bits", unit="bits per byte", better="lower",
                stands=True, score=score(0.2), n_seeds=5,
            ),
        ),
        not_run=("gcg: <i>nothing</i>",),
        words=(Told(heading="What <it> says", sentences=("It takes <em>longer</em>.",)),),
        watched=tuple(
            r.WatchRow(row="mask", column="tune", budget=at, what="tpr_answer", score=score(value), n_seeds=5)
            for at, value in ((50, 0.287), (100, 0.314))
        ),
        watchers=("thresholds for 1 % <b>",),
    )  # fmt: skip
    columns = (*good_personas.columns, RowName(key="tune", title="tuning <b>"))
    return good_personas.model_copy(update={"reactivation": found, "columns": columns})


def test_what_was_stored_is_shown_and_escaped(study, tmp_path):
    page = write_study_report((study,), tmp_path).read_text()
    _, _, part = page.partition(f'id="{study.study}-reactivation"')
    part = part.partition("</section>")[0]
    for text in (
        "3.21<",
        "[2.04, 4.56]",
        "377",
        "61 of 80",
        "drop never came over",
        "61.0",
        "thresholds for 1 % &lt;b&gt;",
        "29",
        "31",
    ):
        assert text in part, text
    assert "<i>nothing" not in page and "tuning <b>" not in page
    assert f"#{study.study}-reactivation" in page


def test_a_study_without_attacks_has_no_such_part(study, good_personas):
    assert "reactivation" in dict(parts(study)) and "reactivation" not in dict(parts(good_personas))


def test_tables_hold_the_same(study, tmp_path):
    write_study_report((study,), tmp_path)
    with (tmp_path / "data" / f"{study.study}-times.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["ratio"], row["primary"]) for row in rows] == [
        ("mask", "3.21", "True"), ("drop", "", "False"),
    ]  # fmt: skip
    with (tmp_path / "data" / f"{study.study}-doses.csv").open() as file:
        assert [float(row["harm"]) for row in csv.DictReader(file)] == [0.3]
    for name in ("survival", "worst"):
        assert (tmp_path / "data" / f"{study.study}-{name}.csv").read_text().count("\n") == 2


def several(study):
    """The same study with arms enough to need small multiples, under two attacks with controls."""
    arms = tuple(RowName(key=f"arm{k}", title=f"arm <{k}>") for k in range(12))
    routes = tuple(
        r.Route(
            key=f"{attack}_{variant}", title=f"{attack}, {variant}", attack=attack, variant=variant,
            unit="tokens", models="x", source="y", control=variant == "benign", budgets=(0, 100, 1000),
        )
        for attack in ("show", "tune")
        for variant in ("harmful", "benign")
    )  # fmt: skip
    doses = tuple(
        r.DoseCurve(
            row=arm.key, column=route.key,
            points=tuple(r.DosePoint(budget=budget, harm=score(budget / 1100)) for budget in route.budgets),
        )
        for arm in arms
        for route in routes
    )  # fmt: skip
    survival = tuple(
        r.SurvivalRow(
            row=arm.key, column=route.key, median=None, median_low=None, median_high=None, n=16, n_events=3,
            n_seeds=2, points=tuple(r.SurvivalPoint(budget=b, share=score(0.9)) for b in route.budgets[1:]),
        )
        for arm in arms
        for route in routes
    )  # fmt: skip
    stated = study.reactivation.times[0].model_copy(update={"column": "tune_harmful"})
    seeded = {"n_seeds": 2, "n_questions": 16}
    points = tuple(
        FrontPoint(
            row=arm.key, x=SeededScore(value=0.9 + k / 200, low=0.88, high=0.99, n=2, **seeded),
            y=SeededScore(value=0.1 * k, low=0.1 * k - 0.05, high=0.1 * k + 0.05, n=2, **seeded),
            on_front=k < 3, probability=0.75 if k < 3 else 0.0,
        )
        for k, arm in enumerate(arms)
    )  # fmt: skip
    update = {
        "routes": routes, "doses": doses, "survival": survival, "times": (stated,),
        "fronts": (Front(key="mean", x="right <answers>", y="mean harm", points=points),),
    }  # fmt: skip
    return study.model_copy(
        update={"rows": arms, "reactivation": study.reactivation.model_copy(update=update)}
    )


def test_small_multiples_have_a_panel_for_each_arm_and_dash_the_controls(study, tmp_path):
    many = several(study)
    first, second = groups(many)
    assert (first.title, first.primary, second.primary) == ("tune", True, False)
    write_study_report((many,), tmp_path)
    for group in (first, second):
        for name in (group.doses, group.survival):
            text = (tmp_path / "figures" / f"{many.study}-{name}.svg").read_text()
            assert all(text.count(f"arm &lt;{k}&gt;<") >= 1 for k in range(12))
            # One dashed line in each panel, for the control of the attack.
            assert text.count("stroke-dasharray") == 12
            assert "benign, control" in text


def test_survival_curves_go_in_steps_from_one_at_no_budget(study):
    axes = survival_curves(several(study), groups(several(study))[0]).axes[0]
    line = max(axes.lines, key=lambda one: one.get_linewidth())
    assert line.get_drawstyle() == "steps-post"
    assert list(line.get_xdata()) == [0, 100, 1000] and list(line.get_ydata()) == [1.0, 0.9, 0.9]


def test_arms_are_points_of_a_front_and_costs_a_table(study, tmp_path):
    many = several(study)
    page = write_study_report((many,), tmp_path).read_text()
    part = page.partition(f'id="{many.study}-fronts"')[2].partition("</section>")[0]
    assert "75" in part and "right &lt;answers&gt;" in part and "<answers>" not in part
    with (tmp_path / "data" / f"{many.study}-fronts.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 and rows[1]["capability"] == "0.905" and rows[1]["on_front"] == "True"
    assert "What safety cost" in part
    assert "fronts" not in dict(parts(study.model_copy(update={"reactivation": bare(study)})))


def bare(study):
    return study.reactivation.model_copy(update={"costs": (), "fronts": ()})


def test_costs_and_half_doses_are_shown_with_what_they_are_tested_against(study, tmp_path):
    page = write_study_report((study,), tmp_path).read_text()
    part = page.partition(f'id="{study.study}-fronts"')[2].partition("</section>")[0]
    for text in ("capability", "0.800", "−0.100", "0.912", "lower is better"):
        assert text in part, text
    part = page.partition(f'id="{study.study}-reactivation"')[2].partition("</section>")[0]
    assert "0.43" in part and "no dose &lt;counts&gt;" in part
    words = page.partition(f'id="{study.study}-words"')[2].partition("</section>")[0]
    assert "<h3>What &lt;it&gt; says</h3>" in words and "It takes &lt;em&gt;" in words


def test_a_ratio_that_rests_on_its_law_alone_is_not_spelt_out():
    assert [times(one) for one in (None, 2.5, 1e80, 1e-9)] == ["–", "2.50", "> 1000", "< 1/1000"]
