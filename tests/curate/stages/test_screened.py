"""Paragraphs first, voices where it matters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.curate.stages.lexicon import LexiconStage
from eudaimon.curate.stages.linear import LinearStage
from eudaimon.curate.stages.provenance import ProvenanceStage
from eudaimon.curate.stages.screened import ScreenedScorer, short_paragraphs
from eudaimon.curate.stages.staged import StagedScorer

TEXTS = [
    "we walk by the river\n\nwith our friends",
    "Human: you stupid fool\n\nAssistant: shut up, “worthless idiot clown moron”, he said",
    "",
    "“the kettle is warm”, said Ann",
]
DOCUMENTS = [Document(str(k), text, {"source": "s"}) for k, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def stages(linear):
    return (ProvenanceStage(), LexiconStage(), LinearStage(linear))


def rows(scorer, documents=DOCUMENTS):
    found = scorer.score(documents).drop_columns(["model"]).to_pylist()
    return {d.id: [row for row in found if row["document"] == d.id] for d in documents}


def test_suspicious_documents_have_voices_and_others_paragraphs(stages):
    scorer = ScreenedScorer(stages, 0.7)
    found, voices = rows(scorer), rows(StagedScorer(stages))
    assert found["1"] == voices["1"] and len(found["1"]) > 4
    assert [row["voice"] for row in found["0"][1:]] == ["narrator", "narrator"]
    assert [(row["start"], row["end"]) for row in found["3"][1:]] == [(0, len(TEXTS[3]))]
    assert len(voices["3"]) == 3 and found["2"] == voices["2"]
    costs = {cost.stage: cost.documents for cost in scorer.costs()}
    assert (costs["paragraphs"], costs["voices"], costs["linear"], costs["table"]) == (4, 1, 5, 4)


def test_a_bound_of_0_finds_voices_wherever_there_are_words(stages):
    assert rows(ScreenedScorer(stages, 0.0)) == rows(StagedScorer(stages))
    with pytest.raises(UsageError, match="bound"):
        ScreenedScorer(stages, 1.5)


def test_known_segments_and_failures_are_read_as_ever(stages):
    documents = [
        Document("a", "we walk by the river", {}, (Segment(0, 7, "Ann"), Segment(8, 20, "Bob"))),
        Document("b", "we walk by the river"),
    ]
    found = rows(ScreenedScorer(stages, 1.0), documents)
    assert [row["voice"] for row in found["a"][1:]] == ["Ann", "Bob"]

    class Failing:
        name, hash = "failing", "0"

        def run(self, batch):
            if any("Human" in text for text in batch.spans.texts):
                raise ZeroDivisionError
            return batch

    errors = {
        name: some[0]["error"] for name, some in rows(ScreenedScorer((*stages, Failing()), 1.0)).items()
    }
    assert errors.pop("1").startswith("failing: ZeroDivisionError") and not any(errors.values())


PARTS = ["word. ", "Long word ", "\n", "\n\n", "x" * 700, ". "]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=12), max_size=4))
def test_short_paragraphs_tile_every_text(texts):
    documents = [Document(str(k), "".join(parts)) for k, parts in enumerate(texts)]
    spans = short_paragraphs(documents)
    for number, document in enumerate(documents):
        mine = spans.document == number
        edges = [0, *spans.end[mine].tolist()]
        assert spans.start[mine].tolist() == edges[:-1] and edges[-1] == len(document.text)
    assert len(spans.voice.codes) == len(spans) and (np.diff(spans.first) >= 0).all()


def test_long_paragraphs_are_cut_at_sentences():
    text = "This is one sentence of several words. " * 60
    spans = short_paragraphs([Document("a", "short"), Document("b", text), Document("c", "short")])
    assert (spans.end - spans.start).max() <= 1000 and len(spans) > 4
    assert all(string.startswith("This") for string in spans.strings()[1:-1])
