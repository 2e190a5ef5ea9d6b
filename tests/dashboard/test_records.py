"""Records as runs have left them, and how far a run is."""

from __future__ import annotations

import json
import os

import pytest

from eudaimon.core.errors import BadRows
from eudaimon.dashboard import find
from eudaimon.dashboard.records import progress_of, read_record, steps_of, study_records


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
    told = []
    for name in ("quickstart", "again", "unfinished"):
        found = named(runs, name, "study")
        told.append(progress_of(found, steps_of(found)))
    assert [(one.n_done, one.n_steps) for one in told] == [(4, 4), (5, 6), (2, 9)]


def test_the_steps_are_those_of_the_last_options(tmp_path):
    from eudaimon.study.design import design
    from eudaimon.study.graph import Graph

    study = design("quickstart")
    options = study.options(arms=("raw",), personas=("gruff",), queries=False)
    steps = frozenset(Graph(study.targets(options)).steps)
    (tmp_path / "study.json").write_text(
        json.dumps({"study": "quickstart", "options": options.model_dump(mode="json")})
    )
    (tmp_path / "definitions.json").write_text(json.dumps({key: {} for key in [*steps, "of-other-options"]}))
    for key in [*sorted(steps)[:3], "of-other-options"]:
        (tmp_path / "steps" / key).mkdir(parents=True)
        (tmp_path / "steps" / key / "step.json").write_text("{}")
    (found,) = find(tmp_path).of("study")
    assert steps_of(found) == steps
    assert progress_of(found, steps).n_done == 3


def test_steps_finished_after_the_report_are_counted(tmp_path):
    for k in range(3):
        path = tmp_path / "steps" / f"s{k}" / "step.json"
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        os.utime(path, (1000 + k, 1000 + k))
    (tmp_path / "study.json").write_text('{"study": "x", "options": {}}')
    (tmp_path / "summary.json").write_text('{"studies": {}}')
    os.utime(tmp_path / "summary.json", (1001, 1001))
    (found,) = find(tmp_path).of("study")
    told = progress_of(found, frozenset(["s0", "s1", "s2", "s3"]))
    assert (told.n_done, told.n_steps, told.n_since) == (3, 4, 1)


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
