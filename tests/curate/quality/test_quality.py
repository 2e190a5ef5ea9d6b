"""Quality: what ought to go, what goes, and the figures of the difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate.labelled.segment import LabelledSegment, harmless
from eudaimon.curate.policy import load_policy
from eudaimon.curate.quality.evaluate import ALL, ceilings, evaluate
from eudaimon.curate.quality.figures import (
    Rows,
    character_f1,
    escalated,
    f1,
    measured,
    over_removal,
    precision,
    recall,
    rows,
)
from eudaimon.curate.quality.gold import gold_items
from eudaimon.curate.quality.held_out import held_out
from eudaimon.curate.quality.items import Item, Part, items, ought_to_go
from eudaimon.curate.quality.page import tables
from eudaimon.curate.quality.removal import own_characters, removal
from eudaimon.curate.quality.systems import system
from eudaimon.curate.quality.word_list import WordListScorer, bad_words
from eudaimon.curate.scorer import Scorer, StageCost
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.taxonomy import STANCES

POLICY = load_policy()
INSULT = {"harm": {"hate": 1.0}, "severity": 2.0, "stance": "enacts", "subject": "human"}


class Rule:
    """A scorer that gives every segment what a function of its text says."""

    def __init__(self, says: Callable[[str], dict[str, Any]]) -> None:
        self.says, self.hash = says, "rule"

    def score(self, documents: Sequence[Document]) -> Any:
        batch = Batch.of(documents)
        found = [self.says(said) for said in batch.spans.strings()]
        columns = {
            name: np.array([row.get(name, np.nan) for row in found]) for name in ("harm_hate", "severity")
        }
        columns["stance"] = np.array(
            [STANCES.index(row["stance"]) if "stance" in row else -1 for row in found], dtype=np.int32
        )
        return batch.having(columns).table(self.hash)

    def costs(self) -> tuple[StageCost, ...]:
        return ()


def segment(text: str, **given: Any) -> LabelledSegment:
    return LabelledSegment(text, **{"source": "comments", "group": "g", **given})


def test_labels_decide_what_ought_to_go() -> None:
    assert ought_to_go(segment("You dolt.", **INSULT), POLICY) is True
    assert ought_to_go(segment("You dolt.", **{**INSULT, "stance": "condemns"}), POLICY) is False
    assert ought_to_go(segment("You dolt.", **{**INSULT, "severity": 1.0}), POLICY) is False
    assert ought_to_go(segment("You dolt.", **{**INSULT, "severity": None}), POLICY) is None
    assert ought_to_go(segment("Good day.", harm=harmless()), POLICY) is False
    framed = segment("You dolt.", **INSULT, frame_text="He said: You dolt.")
    assert ought_to_go(framed, POLICY) is None


def test_sentences_of_a_comment_and_a_quotation_are_parts_of_one_document() -> None:
    text = "Fine. You dolt."
    outer = segment("She wrote “You dolt.” Shame!", harm={"hate": 1.0}, severity=2.0, stance="condemns")
    inner = segment(
        "You dolt.", before="She wrote “", after="” Shame!", frame_text=outer.text, frame="condemns", **INSULT
    )
    given = [
        segment("Fine.", after=" You dolt.", harm={"hate": 0.0}),
        segment("You dolt.", before="Fine. ", **INSULT),
        outer,
        inner,
    ]
    comment, framed = items(given, POLICY, {text: ((10, 14),)})
    assert comment.document.text == text and comment.marked == ((10, 14),)
    assert [(p.start, p.end, p.bad) for p in comment.parts] == [(0, 5, False), (6, 15, True)]
    assert [(p.bad, p.holes) for p in framed.parts] == [(False, ((11, 20),)), (False, ())]
    assert own_characters(framed.parts[0], 28).sum() == len(outer.text) - len("You dolt.")


def item(text: str, bad: bool | None, of: str = "made", kind: str = "", group: str = "") -> Item:
    return Item(Document(text, text, {}), of, group or text, (Part(0, len(text), bad, kind),))


def test_what_is_not_scored_counts_as_if_it_held() -> None:
    given = [item("You dolt.", True), item("Good day.", False)]
    harm_only = removal(Rule(lambda t: {"harm_hate": float("dolt" in t)}), given, POLICY, show_progress=False)
    assert [harm_only.share(k, each.parts[0]) for k, each in enumerate(given)] == [1, 0]
    aware = Rule(lambda t: {"harm_hate": float("dolt" in t), "stance": "depicts"})
    assert removal(aware, given, POLICY, show_progress=False).share(0, given[0].parts[0]) == 0


def test_a_document_that_fails_is_counted_and_keeps_its_text() -> None:
    class Failing(Rule):
        def score(self, documents: Sequence[Document]) -> Any:
            return Batch.of(documents).failing({0: "too odd"}).table("failing")

    done = removal(Failing(lambda _: {}), [item("You dolt.", True)], POLICY, show_progress=False)
    assert done.failed == (0,) and not done.removed[0].any() and np.isnan(done.harm).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_measures_are_those_of_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    from sklearn.metrics import f1_score, precision_score, recall_score

    bad, gone = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    if gone.any():
        assert precision(bad, gone) == pytest.approx(precision_score(bad, gone))
    if bad.any():
        assert recall(bad, gone) == pytest.approx(recall_score(bad, gone))
    if bad.any() or gone.any():
        assert f1(bad, gone) == pytest.approx(f1_score(bad, gone))
    if not bad.all():
        assert over_removal(bad, gone) == pytest.approx(gone[bad == 0].mean())


def some_rows(bad: list[int], gone: list[int], harm: list[float], groups: int = 40) -> Rows:
    n = len(bad)
    return Rows(
        np.array(bad, dtype=bool),
        np.array(gone, dtype=bool),
        np.array(harm),
        np.array(harm),
        ("",) * n,
        tuple(str(k % groups) for k in range(n)),
        ("made",) * n,
    )


def test_intervals_hold_the_value_and_measures_without_meaning_are_none() -> None:
    bad, gone = [1, 1, 1, 0] * 20, [1, 0, 1, 0] * 20
    score = measured(some_rows(bad, gone, [0.0] * 80), "recall", n_resamples=200)
    assert score is not None and score.low is not None and score.high is not None
    assert score.value == pytest.approx(2 / 3) and score.low < 2 / 3 < score.high and score.n == 40
    assert measured(some_rows([0, 0], [0, 0], [0, 0]), "recall") is None


def test_recall_where_a_tenth_of_the_corpus_is_looked_at() -> None:
    corpus = some_rows([0] * 100, [0] * 100, [k / 100 for k in range(100)])
    bad = some_rows([1, 1, 1, 0], [0] * 4, [0.95, 0.99, 0.5, 1.0])
    score = escalated(bad, corpus, 0.1, n_resamples=50)
    assert score is not None and score.value == pytest.approx(2 / 3)
    with pytest.raises(UsageError, match="harm"):
        escalated(bad, some_rows([0], [0], [np.nan]))


def test_characters_against_marks_and_the_most_that_is_in_reach() -> None:
    text = "Fine. You dolt."
    rows_ = [
        segment("Fine.", after=" You dolt.", harm={"hate": 0.0}),
        segment("You dolt.", before="Fine. ", **INSULT),
    ]
    made = items(rows_, POLICY, {text: ((10, 14),)})
    done = removal(Rule(lambda t: {"harm_hate": float("dolt" in t)}), made, POLICY, show_progress=False)
    score = character_f1(done, n_resamples=20)
    assert score is not None and score.value == pytest.approx(2 * 4 / (4 + 15))
    whole, sentences = ceilings(made)
    assert whole.score and whole.score.value == pytest.approx(score.value)
    assert sentences.score and sentences.score.value == pytest.approx(2 * 4 / (4 + 9))


def test_the_gold_passages_under_their_own_labels() -> None:
    found = gold_items(POLICY)
    given = gold_items(POLICY, voices=True)
    assert all(each.document.segments is None for each in found)
    assert all(s.stance is None and s.harm == 0 for each in given for s in each.document.segments or ())
    assert [p.bad for each in found for p in each.parts] == [p.bad for each in given for p in each.parts]
    kinds = {p.kind.split("/")[1] for each in found for p in each.parts if p.bad}
    assert kinds == {"enacts", "advocates", "instructs"}
    assert not any(p.bad for e in found for p in e.parts if p.kind.endswith(("depicts", "condemns")))


def test_everything_together_and_its_page() -> None:
    given = [
        *[item(f"You dolt, number {k}.", True, "hatecheck", "derog_h") for k in range(3)],
        item("Nobody is a dolt here.", False, "hatecheck", "counter_nh"),
        *[item(f"Day {k} was fine.", False, "books", "narration") for k in range(30)],
        item("Take the money.", None, "dialogues", "rejected"),
        item("I will not.", None, "dialogues", "chosen"),
        item("You dolt, in gold.", False, "gold", "law/depicts/none"),
    ]
    quality = evaluate(
        {"words": WordListScorer(["dolt"])}, given, POLICY, n_resamples=20, show_progress=False
    )
    values = {(f.of, f.kind, f.measure): f.score.value for f in quality.figures if f.score}
    assert values["hatecheck", ALL, "recall"] == 1 and values["hatecheck", ALL, "precision"] == 0.75
    assert values["hatecheck", "counter_nh", "share removed"] == 1
    assert values["books", ALL, "over-removal"] == 0
    assert values["hatecheck", ALL, "recall at 10 % escalated"] == 1
    assert values["dialogues", ALL, "AUROC of harm, rejected against chosen"] == 0.5
    assert [(m.passage, m.removed) for m in quality.mistakes] == [("You dolt, in gold.", True)]
    page = tables(quality)
    assert (
        "| hatecheck | words | 4 |" in page
        and "counter_nh" in page
        and "| words | found | law/depicts/none | 0 | 1 |" in page
    )
    assert "in gold" not in page


def test_the_word_list_is_a_scorer() -> None:
    scorer = WordListScorer()
    assert isinstance(scorer, Scorer) and "idiot" in bad_words()
    table = scorer.score([Document("a", "What an IDIOT. idiots-R-us"), Document("b", "Idiotically fine.")])
    assert [row["harm_hate"] for row in table.to_pylist() if row["segment"] >= 0] == [1, 0]
    assert scorer.costs()[0].documents == 2
    with pytest.raises(UsageError, match="no words"):
        WordListScorer([" "])


def test_held_out_are_the_test_rows_and_no_sentence_twice(tmp_path: Path) -> None:
    given = [
        segment("You dolt.", split="test", kind="comment", **INSULT),
        segment("You dolt.", split="test", kind="sentence", **INSULT),
        segment("You oaf.", split="train", group="h", **INSULT),
        *[
            segment(f"Fine {k}.", split="test", source="chats", group=str(k), harm=harmless())
            for k in range(9)
        ],
    ]
    found = held_out(given, POLICY, most=4, gold=False)
    assert [item.of for item in found] == ["comments"] + ["chats"] * 4
    assert [part.kind for part in found[0].parts] == ["sentence"]
    assert {item.of for item in held_out([], POLICY)} == {"gold", "gold, voices given"}
    path = tmp_path / "comments.jsonl"
    path.write_text('{"text": "You dolt.", "toxic_spans": [[4, 8]]}\n')
    assert held_out(given, POLICY, gold=False, comments=path)[0].marked == ((4, 8),)


def test_systems_by_name(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("oaf\ndolt\n")
    assert system("words").hash == WordListScorer().hash
    assert system(f"words={path}").hash == WordListScorer(["dolt", "oaf"]).hash
    with pytest.raises(UsageError, match="nonsense"):
        system("nonsense")


def test_rows_are_the_parts_whose_truth_is_known() -> None:
    done = removal(WordListScorer(["x"]), [item("x", True), item("y", None)], POLICY, show_progress=False)
    assert rows(done).bad.tolist() == [True]
    assert rows(done, truth=lambda part: part.end == 1).bad.tolist() == [True, True]
