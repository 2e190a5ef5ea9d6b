"""``eudaimon curate fit`` and ``evaluate`` on a few labelled segments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eudaimon.curate.labelled.lines import write_labelled
from eudaimon.curate.labelled.segment import LabelledSegment, Split, harmless

SPLITS: tuple[Split, ...] = ("train", "train", "calibration", "test")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory) -> Path:
    rows = []
    for k in range(40):
        common = {"source": "mine", "group": f"g/{k}", "split": SPLITS[k % 4], "subject": "human"}
        insult = {"harm": {"hate": 1.0}, "severity": 3.0, "stance": "enacts"}
        rows.append(LabelledSegment(f"You dolt and oaf, number {k}.", **insult, **common))
        rows.append(
            LabelledSegment(
                f"The bread is fine on day {k}.", harm=harmless(), severity=0.0, stance="none", **common
            )
        )
    return write_labelled(tmp_path_factory.mktemp("labelled") / "mine.jsonl.gz", rows)


def test_a_scorer_is_fitted_and_measured_beside_a_list_of_words(labelled, good, tmp_path) -> None:
    out, words = tmp_path / "scorer", tmp_path / "words.txt"
    words.write_text("bread\n")
    given = ("--set", f"mine={labelled}", "--no-frames")
    said = good("curate", "fit", *given, "--stage", "stage1", "--out", out)
    assert "not stated" in said and f"wrote {out}" in said
    measure = ("curate", "evaluate", *given, "--no-gold", "--resamples", 10)
    scorers = ("--scorer", out / "stage1", "--scorer", f"words={words}")
    found = json.loads(good(*measure, *scorers, "--json"))
    values = {(f["scorer"], f["measure"]): f["score"]["value"] for f in found["figures"] if f["score"]}
    assert values[str(out / "stage1"), "F1"] == 1
    assert values[f"words={words}", "over-removal"] == 1 and values[f"words={words}", "recall"] == 0
    assert "| mine |" in good(*measure, *scorers)


def test_what_is_wrong_with_sets_is_said(labelled, refused) -> None:
    assert "read from a file" in refused("curate", "fit", "--set", "comments")
    assert "twice" in refused("curate", "fit", "--set", f"mine={labelled}", "--set", f"mine={labelled}")
    assert "packaged" in refused("curate", "fit", "--set", f"town={labelled}")
    assert "nonsense" in refused(
        "curate", "evaluate", "--set", f"mine={labelled}", "--scorer", "nonsense", "--no-gold"
    )
