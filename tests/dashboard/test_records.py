"""Records as runs have left them, and how far a run is."""

from __future__ import annotations

import json
import os

import pytest

from eudaimon.core.errors import BadRows
from eudaimon.dashboard import find
from eudaimon.dashboard.records import progress_of, read_record, study_records


def named(runs, name, *kinds):
    found = find(runs.folder).named(name, *kinds)
    assert found is not None
    return found


def test_records_are_those_that_were_written(tmp_path, studies_made, cards_made, runs):
    records = {
        one.study: one for one in (studies_made.make_good_personas(), studies_made.make_em_susceptibility())
    }
    (tmp_path / "study.json").write_text('{"study": "quickstart"}')
    summary = {"studies": {name: one.model_dump(mode="json") for name, one in records.items()}}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    (found,) = find(tmp_path).of("study")
    assert {one.study: one for one in study_records(found)} == records
    assert read_record(named(runs, "card", "card")) == cards_made.build()
    assert study_records(named(runs, "unfinished", "study")) == ()


def test_progress_counts_finished_steps(runs):
    told = {name: progress_of(named(runs, name, "study")) for name in ("quickstart", "again", "unfinished")}
    assert [(one.n_done, one.n_steps, one.whole) for one in told.values()] == [
        (4, 4, True),
        (5, 6, False),
        (2, 9, False),
    ]
    assert {one.design for one in told.values()} == {"quickstart"}


def test_steps_finished_after_the_report_are_counted(tmp_path):
    folder = tmp_path / "run"
    for k in range(3):
        path = folder / "steps" / f"s{k}" / "step.json"
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        os.utime(path, (1000 + k, 1000 + k))
    (folder / "study.json").write_text('{"study": "x", "options": {}}')
    (folder / "summary.json").write_text('{"studies": {}}')
    os.utime(folder / "summary.json", (1001, 1001))
    (found,) = find(tmp_path).of("study")
    assert (progress_of(found).n_done, progress_of(found).n_since) == (3, 1)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"studies": 3}', '{"studies": {"x": {"study": 1}}}', "null"]
)
def test_a_broken_summary_is_told_and_names_the_file(tmp_path, content):
    (tmp_path / "study.json").write_text('{"study": "x"}')
    (tmp_path / "summary.json").write_text(content)
    (found,) = find(tmp_path).of("study")
    with pytest.raises(BadRows, match=r"summary\.json"):
        study_records(found)


def test_a_record_of_another_version_is_told(tmp_path, cards_made):
    record = json.loads(cards_made.build().model_dump_json()) | {"unknown_field": 1}
    (tmp_path / "card.json").write_text(json.dumps(record))
    (tmp_path / "card.html").write_text("")
    (found,) = find(tmp_path).of("card")
    with pytest.raises(BadRows, match=r"card\.json"):
        read_record(found)
