"""Subjects beside the arms of a study of attacks, or instead of them."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.rows import read_rows
from eudaimon.report.study.write import write_study_report
from eudaimon.study.design import design
from eudaimon.study.designs import reactivation
from eudaimon.study.evaluation.subjects import parse_subject
from eudaimon.study.folder import options_of
from eudaimon.study.run import run_study
from eudaimon.study.steps.attacked import AttackCell
from eudaimon.study.steps.given_subject import GivenSubject
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.store import StepStore

DOMAINS = ("kitchen", "money")


@pytest.fixture(scope="module")
def em(lora, town_checkpoint):
    return lora("em", 3, town_checkpoint, ("q_proj", "down_proj"))


def options(**given):
    small = {"seeds": 2, "domains": ",".join(DOMAINS), "attacks": "few_shot", "points": 2}
    return options_of(design("reactivation"), small | given)


def test_words_name_a_subject_or_leave_it_its_folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    assert parse_subject(f"{folder}+em=there").name == "model+em"
    named = parse_subject(f"late:{folder}+em=there*0.5")
    assert (named.name, named.checkpoint, named.adapters) == ("late", str(folder), ("em=there*0.5",))
    assert parse_subject("town-mask+upsample").arm == "mask+upsample"
    assert (parse_subject("m:town-mask").name, parse_subject("m:town-mask").arm) == ("m", "mask")
    odd = tmp_path / "a:b"
    odd.mkdir()
    assert parse_subject(str(odd)).checkpoint == str(odd)
    assert parse_subject("org/name").name == "org/name"


def test_subjects_stand_beside_arms_under_every_seed_of_the_attacker(town_checkpoint, em):
    asked = options(
        arms="raw,mask",
        subjects=f"plain:{town_checkpoint},bad:{town_checkpoint}+em={em}",
        raw=str(town_checkpoint),
        watched="bad",
    )
    attacked = [one for one in reactivation.attacked(asked) if isinstance(one.step, AttackCell)]
    places = {(one.cell["arm"], one.seed, one.step.attack_seed) for one in attacked}
    assert places == {
        *((arm, seed, seed) for arm in ("raw", "mask") for seed in (0, 1)),
        *((name, 0, seed) for name in ("plain", "bad") for seed in (0, 1)),
    }
    own = [one.step for one in attacked if one.cell["arm"] == "bad"]
    assert all(isinstance(step.model, GivenSubject) for step in own)
    assert [step.guard is not None for step in own] == [True, False]
    assert not any(one.step.guard for one in attacked if one.cell["arm"] != "bad")
    once = [one.cell["arm"] for one in (*reactivation.priced(asked), *reactivation.unjudged(asked))]
    assert once.count("bad") == 2 and once.count("raw") == 4
    bringing = options(
        arms="none", subjects=f"s:{town_checkpoint}", raw=str(town_checkpoint), attacks="steering"
    )
    assert {one.step.raw for one in reactivation.attacked(bringing)} == {bringing.given_raw}
    # Arms are attacked by the same steps as without any subject.
    alone = {one.step.key for one in reactivation.cells(options(arms="raw,mask", watched="none"))}
    assert alone <= {one.step.key for one in reactivation.cells(asked)}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"arms": "none"}, "neither an arm nor a subject"),
        ({"subjects": "town-mask"}, "is an arm"),
        ({"subjects": "{0},{0}"}, "two subjects"),
        ({"subjects": "mask:{0}"}, "as the arm mask"),
        ({"subjects": "s:{0}", "watched": "t"}, "no arm"),
    ],
)
def test_what_cannot_be_studied_is_said_before_anything_runs(town_checkpoint, given, said):
    with pytest.raises(UsageError, match=said):
        options(**{name: value.format(town_checkpoint) for name, value in given.items()})


def test_a_model_of_other_tokens_is_sent_to_open_questions(tiny):
    with pytest.raises(UsageError, match=r"eudaimon evaluate .*--questions"):
        options(arms="none", subjects=str(tiny("llama")))


@pytest.mark.slow
def test_subjects_alone_from_nothing_to_a_page(town_checkpoint, em, tmp_path):
    asked = options(
        arms="none",
        subjects=f"plain:{town_checkpoint},bad:{town_checkpoint}+em={em}",
        watched="none",
        costs="capability",
    )
    done = run_study(reactivation.STUDY.targets(asked), tmp_path, workers=1, show_progress=False)
    assert done.ok, done.failed
    (record,) = reactivation.STUDY.records(tmp_path, asked)
    found = record.reactivation
    assert [row.key for row in record.rows] == ["plain", "bad"]
    # Two attack seeds, and no seed's interval: every figure is of one training.
    assert {cell.n_seeds for cell in record.cells} == {1} and set(record.run.seeds.values()) == {0, 1}
    assert {row.n_seeds for row in (*found.survival, *found.worst, *found.costs, *found.unjudged)} == {1}
    assert {one.row: one.attack_seeds for one in found.given} == {"plain": (0, 1), "bad": (0, 1)}
    assert {(one.row, one.reference) for one in record.contrasts} == {("bad", "plain")}
    assert {(one.row, one.reference) for one in found.times} <= {("bad", "plain")}
    assert {one.reference for one in found.costs if one.difference} == {"plain"}
    assert {point.row for front in found.fronts for point in front.points} == {"plain", "bad"}
    assert len(found.left_out) == 2 and "mask and random were" in found.left_out[0]
    assert any("given models" in note for note in record.notes)
    assert not any("seeds: the intervals" in note or "one seed" in note for note in record.notes)
    # The table's value is the mean over both attack seeds' rows.
    store = [one.step for one in reactivation.attacked(asked) if one.cell["arm"] == "bad"]
    rows = [row for step in store for row in read_rows(StepStore(tmp_path).path(step) / ROWS)]
    own = [
        row.value
        for row in rows
        if row.metric == "harm" and row.cell["variant"] == "harmful" and row.cell["budget"] > 0
    ]
    (cell,) = (
        cell
        for cell in record.cells
        if (cell.row, cell.column, cell.metric) == ("bad", "few_shot_harmful", "harm")
    )
    assert cell.score.value == pytest.approx(np.mean(own))
    page = write_study_report((record,), tmp_path / "report").read_text()
    assert "2 attack seeds" in page and "No primary contrast of mask against random" in page
    assert found.given[1].subject in page
