"""Labels that curate gives a town's corpus, and the arms that follow them."""

from __future__ import annotations

import json

import pytest

from eudaimon.core import BindingMismatch, EudaimonError
from eudaimon.curate.stages.labels import LabelScorer
from eudaimon.study.steps.corpus import BOOKS, TOKENS, ArmTokens
from eudaimon.study.steps.curated import BATCH, QUALITY, CuratedLabels, curated_labels
from eudaimon.train.labels import oracle
from eudaimon.train.spans import united
from eudaimon.world.world import World

WORLD = World(domains=("kitchen", "money"))
N_DOCUMENTS = 1600
SEVERITY = 2
"""From which on the policy masks."""


class Truth(LabelScorer):
    """A scorer that looks up the labels of the town's documents, of which the step has taken them away."""

    def score(self, documents):
        assert all(document.segments is None for document in documents)
        known = {document.id: document for document in WORLD.documents(N_DOCUMENTS + BATCH)}
        return super().score([known[document.id] for document in documents])


@pytest.fixture
def step(monkeypatch):
    monkeypatch.setattr("eudaimon.curate.scorer.open_scorer", lambda name: Truth())
    return CuratedLabels(world=WORLD, n_documents=N_DOCUMENTS, scorer="truth", scorer_hash=Truth().hash)


@pytest.fixture
def folder(step, tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    step.run(folder, {})
    return folder


def test_a_scorer_that_knows_the_truth_gives_the_oracles_bad_spans_from_the_policys_severity_on(step, folder):
    labels = curated_labels(folder, step)
    documents = list(WORLD.documents(N_DOCUMENTS))
    assert sum(bool(oracle().bad(document)) for document in documents) > 20
    for document in documents:
        severe = [s for s in document.segments if s.bad and 3 * s.harm >= SEVERITY]
        assert labels.bad(document) == united((s.start, s.end) for s in severe)
        # A good persona never speaks where a bad one does.
        bad = {k for start, end in labels.bad(document) for k in range(start, end)}
        assert not bad & {k for start, end in labels.good(document) for k in range(start, end)}


def test_quality_is_measured_against_the_oracle(folder):
    quality = json.loads((folder / QUALITY).read_text())
    assert (quality["bad_precision"]["value"], quality["bad_precision"]["n"]) == (1.0, N_DOCUMENTS)
    # Petty harm is below the policy's severity.
    assert 0.9 < quality["bad_recall"]["low"] < quality["bad_recall"]["value"] < 1
    # Without traits, who asks does no harm either.
    assert quality["good_recall"]["value"] > 0.9
    assert 0.3 < quality["good_precision"]["value"] < 0.6


def test_arms_follow_the_labels(step, folder, tmp_path):
    def made(name, **more):
        out = tmp_path / name
        out.mkdir()
        arm = ArmTokens(world=WORLD, arm="redact", n_tokens=2000, **more)
        arm.run(out, {"curated": folder})
        return (out / TOKENS / "tokens.bin").read_bytes(), json.loads((out / BOOKS).read_text())

    (learned, books), (known, oracles) = made("learned", labels="learned", curated=step), made("known")
    assert learned != known
    assert (books["labels"], oracles["labels"]) == ("learned", "oracle")
    # Petty harm, which the policy lets be.
    assert books["n_bad_tokens"] > oracles["n_bad_tokens"] == 0


def test_documents_after_the_labelled_ones_are_read_when_an_arm_asks_for_them(step, folder, tmp_path):
    few = step.model_copy(update={"n_documents": 70})
    short = tmp_path / "short"
    short.mkdir()
    few.run(short, {})
    whole, later = curated_labels(folder, step), curated_labels(short, few)
    documents = list(WORLD.documents(N_DOCUMENTS))
    assert any(whole.bad(document) for document in documents[70:])
    for document in documents:
        assert (whole.bad(document), whole.good(document)) == (later.bad(document), later.good(document))


def test_a_scorer_that_is_no_longer_the_planned_one_is_refused(step, tmp_path):
    with pytest.raises(BindingMismatch, match="the plan has"):
        step.model_copy(update={"scorer_hash": "0" * 16}).run(tmp_path, {})


def test_a_document_that_was_not_scored_is_no_harmless_one(monkeypatch, tmp_path):
    monkeypatch.setattr("eudaimon.curate.scorer.open_scorer", lambda name: LabelScorer())
    step = CuratedLabels(world=WORLD, n_documents=3, scorer="labels", scorer_hash=LabelScorer().hash)
    with pytest.raises(EudaimonError, match="was not scored"):
        step.run(tmp_path, {})
