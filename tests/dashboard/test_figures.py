"""Figures of the dashboard are those of the report, byte for byte, with the same data behind them."""

from __future__ import annotations

import pytest

from eudaimon.dashboard.figures import figures_of, tables_of
from eudaimon.report.card.figures import card_plots
from eudaimon.report.page import plots
from eudaimon.report.study.figures import study_plots


@pytest.fixture(scope="session")
def records(studies_made, evaluations_made, cards_made):
    return {
        "good": studies_made.make_good_personas(),
        "em": studies_made.make_em_susceptibility(),
        "monitor": evaluations_made.build(),
        "card": cards_made.build(),
    }


@pytest.mark.parametrize(
    ("name", "drawn"), [("good", study_plots), ("em", study_plots), ("monitor", plots), ("card", card_plots)]
)
def test_they_are_the_reports(records, name, drawn):
    expected = {plot.name: plot.svg for plot in drawn(records[name])}
    found = {one.name: one.svg() for one in figures_of(records[name])}
    assert {key: svg for key, svg in found.items() if svg} == expected


@pytest.mark.parametrize("name", ["good", "em", "monitor", "card"])
def test_each_has_data_behind_it(records, name):
    known = {table.name: table for table in tables_of(records[name])}
    for one in figures_of(records[name]):
        assert one.tables and all(known[table.name] == table and table.rows for table in one.tables)


def test_a_record_that_holds_nothing_has_no_figures(evaluations_made):
    bare = evaluations_made.build().model_copy(
        update={
            "sweep": (), "texts": (), "curves": (), "measurements": (), "tone_content": (), "pairs": (),
            "stress": (), "audit": None, "dimensions": (), "categories": (), "cascade": None,
        }
    )  # fmt: skip
    assert figures_of(bare) == ()
