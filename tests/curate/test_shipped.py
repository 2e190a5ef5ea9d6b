"""The shipped scorer: whole, small, and sound on sentences that nobody would argue about."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from eudaimon.core.document import Document
from eudaimon.core.files import read_json
from eudaimon.curate.decide import decide
from eudaimon.curate.fit import DERIVED, MOST, RECORD
from eudaimon.curate.labelled.sets import SETS
from eudaimon.curate.policy import load_policy
from eudaimon.curate.score_table import of_rows
from eudaimon.curate.scorer import open_scorer

FOLDER = Path(str(files("eudaimon.curate") / "models"))


def test_it_is_small_and_every_source_is_a_licensed_set() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) < 8 << 20
    record = read_json(FOLDER / RECORD)
    for stage in MOST:
        for name, counts in record[stage]["sources"].items():
            assert counts["licence"] == (DERIVED[name] if name in DERIVED else SETS[name].licence)
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(name in card for name in SETS)


def test_stage_1_tells_an_insult_from_a_plain_sentence() -> None:
    scorer = open_scorer("stage1")
    table = scorer.score(
        [Document("a", "You are a stupid idiot."), Document("b", "The bread is in the oven.")]
    )
    insult, plain = (row for row in table.to_pylist() if row["segment"] >= 0)
    assert insult["harm_hate"] > 0.5 > max(v for k, v in plain.items() if k.startswith("harm_"))
    assert insult["stance"] == "enacts" and plain["stance"] == "none"


def test_the_cascade_removes_a_bad_voice_and_keeps_who_reports_or_answers_it() -> None:
    said = "You are filth, and I hope that somebody breaks your legs."
    texts = {
        "bare": said,
        "reported": f"The court heard that the letter read “{said}” and adjourned until Monday.",
        "recipe": "Beat the eggs, kill the heat and let the sauce rest.",
    }
    scores = open_scorer("shipped").score([Document(name, text) for name, text in texts.items()])
    policy = load_policy()
    decided = [decide(policy, each) for each in of_rows(FOLDER, scores.to_pylist())]
    done = dict(zip(texts, decided, strict=True))
    assert [span.start for span in done["bare"].spans] == [0]
    assert not done["reported"].spans and not done["recipe"].spans
