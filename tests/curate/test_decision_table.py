from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import BadRows
from eudaimon.curate import Policy, decide, decide_table, load_policy, policy_names, write_scores
from eudaimon.curate.decision_table import decisions, score_tables
from eudaimon.curate.score_table import read_scores

LENIENT = Policy.model_validate(
    {
        "name": "lenient", "about": "What is not scored fails.", "not_scored": "fails", "reflections": ["a"],
        "segments": [
            {"name": "k", "when": {"stance": ["condemns"]}, "do": "keep", "why": "w", "reflect": True},
            {"name": "t", "when": {"severity": 2, "no_trait": {"care": 1}}, "do": "tag", "why": "x",
             "tag": "<harm>"},
        ],
        "documents": [{"name": "d", "do": "drop", "why": "w", "at_least": {"t": 0.5}}],
    }
)  # fmt: skip


@pytest.mark.parametrize("policy", [LENIENT, *map(load_policy, policy_names())], ids=lambda p: p.name)
def test_columns_that_no_rule_reads_are_not_needed(any_scored, tmp_path, policy):
    @settings(max_examples=20, deadline=None)
    @given(st.lists(any_scored(encodable=True).map(lambda pair: pair[1]), max_size=4))
    def check(scores):
        path = write_scores(tmp_path / "s.parquet", scores)
        expected = [decide(policy, each) for each in read_scores(path)]
        known = {row: dict(enumerate(each.segments)) for row, each in enumerate(scores)}
        start = 0
        for part in score_tables(path, policy):
            table = decide_table(policy, part, path)
            made = list(decisions(policy, table, known, start))
            assert made == expected[start : start + len(made)]
            start += len(made)
        assert start == len(expected)

    check()


def test_rows_astray_are_refused(any_scored, tmp_path):
    scores = load_scores(tmp_path)
    for broken in (scores.slice(1), scores.slice(0, 2), scores.take([0, 2, 1, 3])):
        with pytest.raises(BadRows, match="segments"):
            decide_table(load_policy(), broken, "there.parquet")


def test_a_cycle_of_parents_is_refused(tmp_path):
    scores = load_scores(tmp_path)
    at = scores.column_names.index("parent")
    import pyarrow

    for chain in ([None, 1, 0, None], [None, None, 7, None]):
        broken = scores.set_column(at, "parent", pyarrow.array(chain, pyarrow.int32()))
        with pytest.raises(BadRows, match="document a: segment"):
            decide_table(load_policy(), broken)


def load_scores(folder):
    """Three segments of one document, the first of which is a bad persona's."""
    from eudaimon.curate import DocumentScores, SegmentScores

    rows = tuple(
        SegmentScores("a", 3 * k, 3 * k + 3, voice="v", harm={"hate": 0.9 if k == 0 else 0.1}, severity=3,
                      stance="enacts", frame="none", subject="human", traits={"malice": 1})
        for k in range(3)
    )  # fmt: skip
    path = write_scores(folder / "s.parquet", [DocumentScores("a", rows)])
    return next(score_tables(path))
