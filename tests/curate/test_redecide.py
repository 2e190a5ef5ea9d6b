from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import BadRows
from eudaimon.curate import (
    MARKUP,
    DocumentScores,
    Policy,
    SegmentScores,
    decide,
    decide_file,
    load_policy,
    policy_names,
    read_scores,
    write_scores,
)

NARROW = Policy.model_validate(
    {
        "name": "narrow", "about": "Bounds of every kind.", "not_scored": "holds", "reflections": ["a", "b"],
        "segments": [
            {"name": "c", "when": {"harm": 0.5, "categories": ["fraud", "hate"]}, "do": "mask", "why": "w"},
            {"name": "t", "when": {"hazard": 0.7, "any_trait": {"malice": 1, "care": 2}},
             "do": "redact", "why": "w"},
        ],
        "documents": [{"name": "d", "do": "keep", "why": "w", "at_most": {"c": 0},
                       "weight": 2, "reflect": True}],
    }
)  # fmt: skip


@pytest.mark.parametrize("policy", [NARROW, *map(load_policy, policy_names())], ids=lambda p: p.name)
def test_a_file_is_decided_as_its_documents_are(any_scored, tmp_path, policy):
    @settings(max_examples=25, deadline=None)
    @given(st.lists(any_scored(encodable=True).map(lambda pair: pair[1]), max_size=5), st.booleans())
    def check(scores, markup):
        if markup:
            scores = [
                replace(s, segments=tuple(replace(row, voice=MARKUP) for row in s.segments)) for s in scores
            ]
        path = write_scores(tmp_path / "s.parquet", scores)
        assert list(decide_file(policy, path)) == [decide(policy, s) for s in scores]

    check()


def test_documents_may_go_on_in_the_next_row_group(tmp_path):
    import pyarrow.parquet as pq

    rows = [SegmentScores("d", k, k + 1, harm={"hate": 0.9}, severity=3.0) for k in range(7)]
    scores = [DocumentScores("a"), DocumentScores("d", tuple(rows)), DocumentScores("e", error="x")]
    path = write_scores(tmp_path / "s.parquet", scores)
    table = pq.read_table(path)
    for size in (1, 3, 4, 100):
        pq.write_table(table, path, row_group_size=size)
        assert list(decide_file(load_policy(), path)) == [decide(load_policy(), s) for s in read_scores(path)]


def test_files_that_lack_rows_are_refused(tmp_path):
    import pyarrow.parquet as pq

    fine = SegmentScores("d", 0, 1, harm={"hate": 0.0})
    path = write_scores(tmp_path / "s.parquet", [DocumentScores("d", (fine, fine))])
    table = pq.read_table(path)
    for damaged, what in ((table.slice(0, 2), "1 of 2"), (table.slice(1), "astray")):
        pq.write_table(damaged, path)
        with pytest.raises(BadRows, match=what):
            list(decide_file(load_policy(), path))
    with pytest.raises(BadRows, match="cannot be read"):
        list(decide_file(load_policy(), tmp_path / "none.parquet"))
