"""Two runs beside each other: every figure that both have, once, with its difference."""

from __future__ import annotations

import pytest

from eudaimon.core import Score
from eudaimon.dashboard.compare import beside, compared, metrics, scores_of


@pytest.fixture(scope="session")
def pair(studies_made):
    return studies_made.make_good_personas(), studies_made.make_good_personas(
        {"raw": 0.9, "random": 0.98, "new": 0.2}
    )


def test_rows_are_what_both_measured(pair):
    first, second = pair
    rows = compared(first, second)
    keys = [(row["row"], row["column"], row["scope"], row["metric"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert set(keys) == set(scores_of(first)) & set(scores_of(second))
    assert {row["row"] for row in rows} == {"raw", "random"}
    for row, key in zip(rows, keys, strict=True):
        assert row["difference"] == scores_of(second)[key].value - scores_of(first)[key].value
    sizes = [abs(row["difference"]) for row in rows]
    assert sizes == sorted(sizes, reverse=True)


def test_a_run_beside_itself_differs_nowhere(pair):
    first, _ = pair
    rows = compared(first, first)
    assert len(rows) == len(first.cells) == len(scores_of(first))
    assert all(row["difference"] == 0 and row["overlap"] for row in rows)


def test_the_other_way_round_has_the_other_sign(pair):
    def by_key(rows):
        return {
            (r["row"], r["column"], r["scope"], r["metric"]): (r["difference"], r["overlap"]) for r in rows
        }

    there, back = by_key(compared(*pair)), by_key(compared(*pair[::-1]))
    assert there == {key: (-difference, overlap) for key, (difference, overlap) in back.items()}


@pytest.mark.parametrize(
    ("a", "b", "overlap"),
    [((0.1, 0.3), (0.3, 0.5), True), ((0.1, 0.3), (0.31, 0.5), False), ((None, None), (0.1, 0.2), None)],
)
def test_overlap_is_a_point_in_common(evaluations_made, a, b, overlap):
    record = evaluations_made.build()

    def having(low, high):
        score = Score(value=0.25, low=low, high=high, n=9)
        return record.model_copy(
            update={"measurements": (record.measurements[0].model_copy(update={"score": score}),)}
        )

    (row,) = compared(having(*a), having(*b))
    assert row["overlap"] is overlap


def test_the_figure_shows_both_runs(pair):
    for metric, scope in metrics(*pair):
        for narrow in (False, True):
            assert beside(*pair, metric, scope, narrow=narrow) is not None
    assert beside(*pair, "nothing", "other") is None
