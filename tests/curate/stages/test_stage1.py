"""Stages 0 and 1 together: provenance, the folder, and what happens when a stage fails."""

import numpy as np
import pytest

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.curate import Scorer, open_scorer
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.lexicon import Lexicon
from eudaimon.curate.stages.provenance import ProvenanceRule, ProvenanceStage, read_rules, shipped_rules
from eudaimon.curate.stages.stage1 import open_stage1, save_stage1, stage1_stages
from eudaimon.curate.stages.staged import StagedScorer
from eudaimon.curate.stages.terms import Term
from eudaimon.curate.taxonomy import SUBJECTS

TEXTS = [
    "we walk by the river",
    "Human: you stupid fool\n\nAssistant: shut up, “worthless idiot”, he said",
    "",
    "mix powder with acid then heat slowly",
]
DOCUMENTS = [Document(str(k), text, {"source": "civil_comments"}) for k, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def folder(linear, tmp_path_factory):
    return save_stage1(linear, tmp_path_factory.mktemp("stage1"))


def test_a_folder_is_a_scorer(folder):
    scorer = open_scorer(folder)
    assert isinstance(scorer, Scorer)
    table = scorer.score(DOCUMENTS)
    table.validate(full=True)
    rows = table.to_pylist()
    assert [row["document"] for row in rows if row["segment"] == -1] == ["0", "1", "2", "3"]
    assert {row["model"] for row in rows if row["segment"] == -1} == {scorer.hash}
    said = [row for row in rows if row["segment"] >= 0 and row["voice"] != "markup"]
    assert all(row["harm_hate"] is not None and row["subject"] and row["frame"] for row in said)
    costs = {cost.stage: cost for cost in scorer.costs()}
    assert list(costs) == ["voices", "provenance", "lexicon", "linear", "table"]
    assert costs["linear"].documents == 4 and costs["linear"].changed == len(rows) - 4
    assert costs["lexicon"].changed == 0 < costs["provenance"].changed


def test_scores_do_not_hang_on_the_batch(folder):
    whole = open_scorer(folder).score(DOCUMENTS).to_pylist()
    scorer = open_scorer(folder)
    assert [row for document in DOCUMENTS for row in scorer.score([document]).to_pylist()] == whole
    assert scorer.score([]).num_rows == 0


def test_changed_and_missing_parts_are_refused(linear, folder, tmp_path):
    save_stage1(linear, tmp_path)
    for name in ("scorer.json", "terms.yaml", "linear.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    text = (tmp_path / "terms.yaml").read_text(encoding="utf-8")
    (tmp_path / "terms.yaml").write_text(text.replace("kidnap\n", "kidnapp\n"), encoding="utf-8")
    with pytest.raises(UsageError, match="belong together"):
        open_stage1(tmp_path)
    (tmp_path / "terms.yaml").unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        stage1_stages(tmp_path)
    with pytest.raises(UsageError, match="lexicon"):
        save_stage1(linear, tmp_path, lexicon=Lexicon([Term("a", "hate", 0.5)]))
    with pytest.raises(UsageError, match=r"scorer\.json"):
        stage1_stages(tmp_path / "nowhere")


class Failing:
    name, hash = "failing", "0"

    def run(self, batch):
        if any("stupid" in text for text in batch.spans.texts):
            raise ZeroDivisionError("on purpose")
        return batch.having({"severity": np.ones(len(batch.spans))})


def test_a_stage_that_fails_on_one_document_scores_the_others():
    rows = StagedScorer([Failing()]).score(DOCUMENTS).to_pylist()
    errors = {row["document"]: row["error"] for row in rows if row["segment"] == -1}
    assert errors == {"0": "", "1": "failing: ZeroDivisionError: on purpose", "2": "", "3": ""}
    values = {row["document"]: row["severity"] for row in rows if row["segment"] >= 0}
    assert values == {"0": 1.0, "1": None, "3": 1.0}


def test_the_lexicon_is_a_scorer_of_its_own():
    rows = open_scorer("lexicon").score([Document("d", "he was killed by a pipe bomb")]).to_pylist()
    assert rows[1]["harm_violence"] == 0.5 and rows[1]["harm_weapons"] > 0.6 and rows[1]["stance"] is None


@pytest.mark.parametrize(
    ("metadata", "rule"),
    [
        ({"source": "openstax_ccby"}, "textbook"),
        ({"source": "standard_ebooks"}, "fiction"),
        ({"source": "cc", "url": "https://en.wikipedia.org/wiki/X"}, "reference by address"),
        ({"source": "cc", "url": "https://www.cam.ac.uk/x"}, "official"),
        ({"source": "cc", "url": "https://www.notgov.com/gov/"}, None),
        ({"url": "https://old.reddit.com/r/x"}, "comments by address"),
        ({"source": "hh_rlhf_harmless_test"}, "attacks on assistants"),
        ({"kind": "story"}, "fiction by kind"),
        ({"kind": "history"}, None),
        ({}, None),
    ],
)
def test_shipped_rules_know_a_source(metadata, rule):
    found = ProvenanceStage().rule(Document("d", "", metadata))
    assert (found.name if found else None) == rule


def test_provenance_fills_priors_and_subjects_and_scores_nothing():
    segments = (
        Segment(0, 9, "narrator"),
        Segment(2, 5, "Ann", parent=0),
        Segment(6, 9, "bot", subject="AI", parent=0),
    )
    documents = [
        Document("a", "123456789", {"source": "novels"}, segments),
        Document("b", "123456789", {}, segments),
    ]
    columns = ProvenanceStage().run(Batch.of(documents)).columns
    assert columns["prior"].tolist() == [-0.3] * 3 + [0.0] * 3
    subjects = [SUBJECTS[code] for code in columns["subject"]]
    assert subjects == ["human", "fictional", "AI", "human", "human", "AI"]
    assert set(columns) == {"prior", "subject"}


def test_rules_are_read_and_others_refused(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("rules: [{name: a, means: b, source: 'x$', prior: 2}]", encoding="utf-8")
    assert read_rules(path) == (ProvenanceRule(name="a", means="b", source="x$", prior=2.0),)
    for content in ("rules: [{name: a}]", "rules: [{name: a, means: b, source: '('}]", "[", "x: 1"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(UsageError, match="no file of rules"):
            read_rules(path)
    assert len({rule.name for rule in shipped_rules()}) == len(shipped_rules())
