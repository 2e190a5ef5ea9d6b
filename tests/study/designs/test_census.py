"""The design of censuses: which models it takes, and on models that hardly learn, from nothing to a page."""

from __future__ import annotations

import json

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.models.fingerprint import fingerprint
from eudaimon.models.folder import read_config, weight_files
from eudaimon.report.study.write import write_study_report
from eudaimon.study.design import design
from eudaimon.study.designs import census as study
from eudaimon.study.designs import good_personas
from eudaimon.study.folder import options_of
from eudaimon.study.run import run_study
from eudaimon.study.steps.census import CensusCell
from eudaimon.study.steps.raised import KeptCheckpoint
from eudaimon.study.store import StepStore
from eudaimon.world.personas import PERSONAS

SMALL = {
    "seeds": 1, "arms": "raw", "followed": "raw", "shares": "0.5", "steps": 8, "batch_size": 4,
    "n_tokens": 4000, "domains": "kitchen,money", "sft_steps": 2, "questions": 8, "texts": 40,
}  # fmt: skip


def options(**given):
    return options_of(design("census"), given)


def test_an_arm_is_read_at_its_end_and_a_followed_one_along_its_training():
    asked = options(arms="raw,mask,drop", followed="mask", steps=100, shares="0.25,0.5", seeds=2)
    places = [(one.cell["arm"], one.seed, one.at) for one in study.cells(asked)]
    ends = [(arm, seed, None) for seed in (0, 1) for arm in ("raw", "mask", "drop")]
    along = [("mask", seed, at) for seed in (0, 1) for at in (25, 50, 100)]
    assert sorted(places, key=str) == sorted([*ends, *along], key=str)
    steps = {(one.cell["arm"], one.seed, one.at): one.step for one in study.cells(asked)}
    assert steps["mask", 0, None] == steps["mask", 0, 100]  # read once, and shown in both places
    assert steps["mask", 0, None].tokens is not None and steps["mask", 0, 25].tokens is None
    kept = steps["mask", 0, 25].model.model
    assert isinstance(kept, KeptCheckpoint) and kept.model == steps["mask", 0, None].model.model


def test_arms_that_are_not_followed_are_the_models_of_good_personas():
    asked = options(arms="drop", followed="none", seeds=1)
    (one,) = study.cells(asked)
    theirs = good_personas.GoodPersonasOptions(seeds=1, arms=("drop",))
    assert isinstance(one.step, CensusCell) and one.step.model == theirs.assistant("drop", 0)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"followed": "latte"}, "latte"), ({"shares": "0.5,1.5"}, "between 0 and 1")],
)
def test_what_cannot_be_followed_is_said(given, said):
    with pytest.raises(UsageError, match=said):
        options(**given)


@pytest.fixture(scope="module")
def small(studies):
    """Options, and the folder in which the small study was run."""
    asked = options(**SMALL)
    done = run_study(study.STUDY.targets(asked), studies / "census", workers=2, show_progress=False)
    assert done.ok, done.failed
    return asked, studies / "census"


@pytest.mark.slow
def test_checkpoints_are_those_of_the_training_that_gave_the_model(small):
    asked, folder = small
    store, usual = StepStore(folder), asked.assistant("raw", 0).model
    followed = asked.raised("raw", 0).model
    alone = StepStore(folder.parent / "census-alone")
    alone.compute(usual.tokens)
    alone.compute(usual)
    kept = KeptCheckpoint(model=followed, at=4)

    def weights(at, step):
        place = at.path(step) / "model"
        return fingerprint(read_config(place, ""), weight_files(place))

    assert weights(store, followed) == weights(alone, usual) != weights(store, kept)
    with pytest.raises(UsageError, match=r"step 3 .* not kept"):
        KeptCheckpoint(model=followed, at=3).run(folder, {"model": store.path(followed)})


@pytest.mark.slow
def test_from_nothing_to_a_page(small, tmp_path):
    asked, folder = small
    (record,) = study.STUDY.records(folder, asked)
    cells = {(cell.row, cell.column, cell.metric): cell for cell in record.cells}
    assert {("raw", name, "distance") for name in PERSONAS} <= set(cells)
    assert cells["raw", "malign", "distance"].score.n == 8 and cells["raw", "malign", "distance"].n_seeds == 1
    lines = {(curve.row, curve.column): curve for curve in record.curves if curve.metric == "distance"}
    assert set(lines) == {("raw", name) for name in PERSONAS}
    for name in PERSONAS:
        points = lines["raw", name].points
        assert [point.step for point in points] == [4, 8]
        assert points[-1].score == cells["raw", name, "distance"].score
    answers = {
        answer.key: answer.passed for answer in record.known_answers if answer.key.startswith("census")
    }
    assert None not in {answers.pop(key) for key in ("census_good", "census_bad", "census_exact")}
    assert set(answers.values()) == {None}  # of a town that this study does not have
    # A model that has hardly read is nobody, and everybody in it the same.
    assert record.census.found == () and record.census.carried == ()
    page = write_study_report((record,), tmp_path).read_text()
    assert "raw: no group but the assistant’s own was found" in page
    assert "What the census found" in page and "Nats an answer between a persona" in page
    assert json.loads((tmp_path / "summary.json").read_text())["studies"]["census"]["census"]
