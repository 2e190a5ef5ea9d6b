"""The protocol of scorers, and the table that batches become, against the row-wise writer."""

import pytest

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.curate import Scorer, StageCost, labelled_scores, open_scorer, read_scores, write_scores
from eudaimon.curate.score_table import score_schema
from eudaimon.curate.scorer import total_costs
from eudaimon.curate.stages.batch import Batch

LABELLED = (
    Document("a", "Hello there. You fool.", {"source": "x"}, (
        Segment(0, 12, "narrator"),
        Segment(13, 22, "Ann", "Ann", stance="enacts", frame="depicts", harm=0.5, subject="fictional"),
    )),
    Document("b", "", {}, ()),
    Document("c\udc80", "\udc80\U0001f600é", {"kind": "é"}, (
        Segment(0, 3, "v\udc81"), Segment(1, 2, "quoted", parent=0, stance="condemns", harm=1.0))),
)  # fmt: skip


def test_the_label_scorer_says_what_labelled_scores_says(tmp_path):
    import pyarrow.parquet

    scorer = open_scorer("labels")
    assert isinstance(scorer, Scorer)
    table = scorer.score(LABELLED)
    table.validate(full=True)
    pyarrow.parquet.write_table(table, tmp_path / "columns.parquet")
    write_scores(tmp_path / "rows.parquet", map(labelled_scores, LABELLED))
    assert list(read_scores(tmp_path / "columns.parquet")) == list(read_scores(tmp_path / "rows.parquet"))


def test_what_cannot_be_scored_has_an_error_and_no_segments():
    table = open_scorer("labels").score([Document("x", "text"), LABELLED[0]])
    rows = table.to_pylist()
    assert "no labels" in rows[0]["error"] and rows[0]["n_segments"] == 0 and len(rows) == 4


def test_nothing_gives_an_empty_table_in_the_schema():
    table = open_scorer("labels").score([])
    assert table.num_rows == 0 and table.schema == score_schema()


def test_a_segmenter_that_fails_is_an_error_of_that_document_only():
    def segmenter(text):
        if text == "bad":
            raise RecursionError("too deep")
        return (Segment(0, len(text), "narrator"),)

    table = Batch.of([Document("1", "bad"), Document("2", "good")], segmenter).table("m")
    rows = table.to_pylist()
    assert [(row["document"], row["segment"], row["error"]) for row in rows] == [
        ("1", -1, "voices: RecursionError: too deep"),
        ("2", -1, ""),
        ("2", 0, ""),
    ]


def test_costs_add_up_by_stage():
    costs = [StageCost("a", 1, 2, 3, 0.5, 1), StageCost("b", 1), StageCost("a", 1, 1, 1, 0.5, 0)]
    assert total_costs(costs) == (StageCost("a", 2, 3, 4, 1.0, 1), StageCost("b", 1))
    with pytest.raises(UsageError):
        costs[0] + costs[1]


def test_an_unknown_scorer_and_a_column_of_another_length_are_refused():
    import numpy as np

    with pytest.raises(UsageError, match="labels"):
        open_scorer("nothing")
    with pytest.raises(UsageError, match="one value a segment"):
        Batch.of(LABELLED).having({"severity": np.zeros(1)})


def test_the_table_says_which_stage_decided():
    import numpy as np

    batch = Batch.of(LABELLED[:1]).having({"stage": np.array([2, -1])})
    assert batch.table("m")["stage"].to_pylist() == [None, 2, None]
