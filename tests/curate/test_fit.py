"""Fitting the stages of a scorer on labelled segments, and what the folder says about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json
from eudaimon.curate.fit import MOST, RECORD, fit_scorer, rows_for
from eudaimon.curate.labelled.segment import LabelledSegment, Split, harmless
from eudaimon.curate.scorer import open_scorer

INSULTS = ("You dolt", "What an oaf", "You are a dunce", "Shut up, you oaf", "Such a dolt")
PLEASANTRIES = ("Good day", "The bread is fine", "See you on Monday", "It may rain", "The bus was late")


def labelled(n: int = 20) -> list[LabelledSegment]:
    found = []
    for k in range(n):
        split: Split = ("train", "train", "calibration", "test")[k % 4]
        common = {"source": "comments", "group": f"c/{k}", "split": split, "subject": "human"}
        for text in INSULTS:
            found.append(
                LabelledSegment(
                    f"{text}, number {k}.", harm={"hate": 1.0}, severity=3.0, stance="enacts", **common
                )
            )
        for text in PLEASANTRIES:
            found.append(
                LabelledSegment(
                    f"{text}, number {k}.", harm=harmless(), severity=0.0, stance="none", **common
                )
            )
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fit_scorer(labelled(), tmp_path_factory.mktemp("fit") / "scorer", stages=["stage1"])


def test_the_folder_is_a_scorer_and_says_what_taught_it(folder: Path) -> None:
    table = open_scorer(folder / "stage1").score([Document("a", "You dolt."), Document("b", "Good day.")])
    insult, fine = (row for row in table.to_pylist() if row["segment"] >= 0)
    assert insult["harm_hate"] > 0.5 > fine["harm_hate"] and insult["stance"] == "enacts"
    record = read_json(folder / RECORD)
    assert record["stage1"]["sources"] == {
        "comments": {"train": 100, "calibration": 50, "licence": "CC0-1.0"}
    }
    # Half of the rows are harmless, and a tenth of these may be escalated.
    assert 0 < record["stage1"]["bound"] < 1


def test_the_order_of_rows_and_what_is_for_tests_change_nothing(folder: Path, tmp_path: Path) -> None:
    rows = [each for each in reversed(labelled()) if each.split != "test"]
    again = fit_scorer(rows, tmp_path / "scorer", stages=["stage1"])
    for name in ("stage1/linear.safetensors", "stage1/linear.json", "escalation.json", RECORD):
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


def test_rows_of_a_source_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MOST, "stage2", {"comments": 30})
    rows = labelled()
    few, all_ = rows_for("stage2", rows, 0), rows_for("stage1", rows, 0)
    assert len(few) == 30 and len(all_) == 150 and all_[:30] == few
    assert {each.split for each in all_} == {"train", "calibration"}


def test_what_cannot_be_fitted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="stage9"):
        fit_scorer(labelled(), tmp_path, stages=["stage9"])
    with pytest.raises(UsageError, match="no stage 1"):
        fit_scorer(labelled(), tmp_path / "none", stages=["stage2"])


def test_both_stages_make_a_cascade_and_twice_the_same(tiny, tmp_path: Path) -> None:
    rows = labelled(40)
    made = fit_scorer(rows, tmp_path / "both", encoder=tiny("bert"), cache=tmp_path / "cache")
    table = open_scorer(made).score([Document("a", "You dolt, number 3.")])
    assert [row["error"] for row in table.to_pylist()] == ["", ""]
    assert set(read_json(made / RECORD)) >= {"stage1", "stage2"}
    assert read_json(made / "stage2" / "stage2.json")["blend"]["harm"], "there are rows enough to blend"
    again = fit_scorer(rows[::-1], tmp_path / "again", encoder=tiny("bert"))
    for path in made.rglob("*.*"):
        assert path.read_bytes() == (again / path.relative_to(made)).read_bytes(), path.name
