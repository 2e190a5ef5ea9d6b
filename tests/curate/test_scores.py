from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.files import write_jsonl
from eudaimon.curate import (
    DocumentScores,
    SegmentScores,
    as_segment,
    labelled_scores,
    read_attributes,
    read_foreign_attributes,
    read_scores,
    write_attributes,
    write_scores,
)


def test_both_files_give_back_exactly_what_was_written(any_scored, tmp_path):
    @settings(max_examples=25, deadline=None)
    @given(st.lists(any_scored(encodable=True).map(lambda pair: pair[1]), max_size=4))
    def check(scores):
        assert list(read_scores(write_scores(tmp_path / "s.parquet", scores))) == scores
        assert list(read_attributes(write_attributes(tmp_path / "s.jsonl", scores))) == scores

    check()


def test_the_same_scores_are_the_same_bytes(tmp_path):
    scores = [DocumentScores("a", (SegmentScores("a", 0, 3, harm={"hate": 0.25}, stance="none"),), model="m")]
    for write, name in ((write_scores, "x.parquet"), (write_attributes, "x.jsonl.zst")):
        first, second = write(tmp_path / f"1{name}", scores), write(tmp_path / f"2{name}", scores)
        assert first.read_bytes() == second.read_bytes()


def test_attribute_files_are_what_dolma_reads(tmp_path):
    from eudaimon.train import column

    scores = [DocumentScores("a", (SegmentScores("a", 2, 4, harm={"hate": 0.9}, severity=3.0),))]
    path = write_attributes(tmp_path / "a.jsonl.gz", scores)
    document = Document("a", "abcdef")
    assert column(path, name="curate__harm_hate", threshold=0.5).bad(document) == ((2, 4),)
    assert column(path, name="curate__severity", threshold=3.5).bad(document) == ()


def test_foreign_attributes_become_segments(tmp_path):
    rows = [
        {"id": "a", "attributes": {"toxic__hate": [[4, 9, 0.8], [0, 3, 0.1]], "x__slur": [[4, 9, 0.9]]}},
        {"id": "b", "attributes": {"toxic__hate": []}},
    ]
    path = write_jsonl(tmp_path / "f.jsonl", rows)
    first, second = read_foreign_attributes(path, {"toxic__hate": "hate", "x__slur": "hate"}, model="m")
    assert [(s.start, s.end, s.harm) for s in first.segments] == [
        (0, 3, {"hate": 0.1}),
        (4, 9, {"hate": 0.9}),
    ]
    assert first.segments[0].stance is None and second.segments == () and second.model == "m"
    with pytest.raises(UsageError, match="none of the attributes"):
        list(read_foreign_attributes(path, {"other": "hate"}))
    with pytest.raises(BadRows, match="line 1"):
        list(read_attributes(path))


def test_a_truncated_table_is_refused(tmp_path):
    import pyarrow.parquet as pq

    scores = [DocumentScores("a", (SegmentScores("a", 0, 3), SegmentScores("a", 3, 5)))]
    path = write_scores(tmp_path / "s.parquet", scores)
    table = pq.read_table(path)
    for damaged, what in ((table.slice(0, 2), "1 of 2"), (table.slice(1), "astray")):
        pq.write_table(damaged, path)
        with pytest.raises(BadRows, match=what):
            list(read_scores(path))
    pq.write_table(table.drop_columns(["severity"]), path)
    with pytest.raises(BadRows, match="no column severity"):
        list(read_scores(path))
    with pytest.raises(BadRows, match="cannot be read"):
        list(read_scores(tmp_path / "none.parquet"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"harm": {"hate": 1.1}}, {"harm": {"hate": math.nan}}, {"harm": {"weather": 0.1}}, {"severity": 6.0},
        {"traits": {"care": 3.0}}, {"traits": {"tall": 1.0}}, {"stance": "shouts"}, {"frame": ""},
        {"subject": "dog"}, {"hazard": -0.1}, {"start": 5},
    ],
)  # fmt: skip
def test_scores_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        SegmentScores(**{"document": "a", "start": 0, "end": 4, **wrong})


@pytest.mark.parametrize("parents", [(0, None), (1, 0), (None, 2)])
def test_parents_lead_to_a_voice_that_nobody_quotes(parents):
    with pytest.raises(ValueError, match="chain of parents"):
        DocumentScores("a", tuple(SegmentScores("a", 0, 1, parent=p) for p in parents))


def test_scores_belong_to_one_text():
    document = Document("a", "one two", segments=(Segment(0, 3, "x"),))
    scores = labelled_scores(document)
    scores.require(document)
    for other in (Document("b", "one two"), Document("a", "one  two"), Document("a", "")):
        with pytest.raises(UsageError):
            scores.require(other)
    loose = DocumentScores("a", (SegmentScores("a", 0, 9),))
    with pytest.raises(UsageError, match="not the text"):
        loose.require(document)


def test_failures_are_named():
    failed = SegmentScores("a", 0, 1, error="timeout")
    assert not failed.scored
    assert DocumentScores("a", (SegmentScores("a", 0, 1), failed)).failure == "segment 1: timeout"
    assert DocumentScores("a", (failed,), error="no text").failure == "no text"
    assert DocumentScores("a").failure == ""


def test_labels_become_scores_and_segments_again():
    segment = Segment(0, 3, "x", "kind", "instructs", "condemns", 0.5, subject="AI")
    document = Document("a", "one two", {"kind": "notice"}, (segment,))
    (row,) = labelled_scores(document, category="fraud", severity=4.0).segments
    assert row.harm == {"fraud": 0.5} and row.severity == 2.0 and row.traits == {} and row.hazard is None
    assert as_segment(row) == segment
    assert labelled_scores(document).source == "notice"
    with pytest.raises(UsageError, match="no labels"):
        labelled_scores(Document("a", "one"))
