"""What becomes of each segment is what the decisions say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import UsageError
from eudaimon.curate import MARKUP, decide, load_policy, write_scores
from eudaimon.curate.decided import FATES, decided_tables, score_files
from eudaimon.curate.score_table import WHOLE


@pytest.mark.parametrize("name", ["prosocial", "strict"])
def test_the_table_says_what_decisions_say(any_scored, tmp_path, name, monkeypatch):
    monkeypatch.setattr("eudaimon.curate.score_table.DOCUMENTS_A_GROUP", 2)
    policy = load_policy(name)

    @settings(max_examples=25, deadline=None)
    @given(st.lists(any_scored(encodable=True).map(lambda pair: pair[1]), min_size=1, max_size=5))
    def check(scores):
        path = write_scores(tmp_path / "s.parquet", scores)
        tables = list(decided_tables(policy, path))
        outcomes = [o for table in tables for o in table.decided["outcome"].to_pylist()]
        assert outcomes == [decide(policy, s).outcome for s in scores]
        fates, harms, voices = [], [], []
        for table in tables:
            rows = table.segment != WHOLE
            fates += [FATES[k] for k in table.fate[rows]]
            harms += table.harm[rows].tolist()
            voices += table.voiced[rows].tolist()
        wanted = [max(s.harm.values(), default=np.nan) for d in scores for s in d.segments]
        assert harms == pytest.approx(wanted, nan_ok=True)
        assert voices == [s.voice != MARKUP for d in scores for s in d.segments]
        at = 0
        for document in scores:
            decision = decide(policy, document)
            for segment in document.segments:
                acts = [s.action for s in decision.spans if segment in s.scores]
                strictest = max(acts, key=FATES.index, default="keep")
                assert fates[at] == (strictest if decision.outcome == "keep" else decision.outcome)
                at += 1

    check()


def test_files_of_a_folder(tmp_path):
    with pytest.raises(UsageError, match="holds no scores"):
        score_files(tmp_path)
    places = [tmp_path / "shards" / shard / "scores.parquet" for shard in ("b", "a")]
    for place in places:
        write_scores(place, ())
    assert score_files(tmp_path) == tuple(sorted(places))
    assert score_files(places[0]) == (places[0],)
    assert list(decided_tables(load_policy(), places[0])) == []
