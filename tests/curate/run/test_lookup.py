from __future__ import annotations

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.curate import diff, find_documents, load_policy, read_scores, scored_documents
from eudaimon.curate.run.folder import ScoreFolder
from eudaimon.curate.run.score_shard import documents_of


def test_a_document_is_found_by_its_id(score, tmp_path):
    score()
    found = find_documents(tmp_path / "scores", "d3")
    assert len(found) == 2
    for document, scores in found:
        scores.require(document)
        assert "rob the mill" in document.text and scores.segments
    with pytest.raises(UsageError, match="'nobody'"):
        find_documents(tmp_path / "scores", "nobody")


def test_policies_differ_as_if_every_score_had_been_read(score, tmp_path):
    score()
    one, two = load_policy("prosocial"), load_policy("no-advocacy")
    folder = ScoreFolder(tmp_path / "scores")
    whole = [
        pair
        for shard, path in folder.scored()
        for pair in zip(documents_of(folder.plan, shard), read_scores(path), strict=True)
    ]
    found = diff(one, two, scored_documents(tmp_path / "scores", (one, two)), seed=4)
    assert found == diff(one, two, whole, seed=4) and found.changed_documents > 10
