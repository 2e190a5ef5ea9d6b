"""Each reader on a few rows: what its labels mean, what stays unknown, and that no group is in two splits."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.curate.labelled.books import read_books, read_textbooks
from eudaimon.curate.labelled.chats import read_chats
from eudaimon.curate.labelled.comments import read_comments
from eudaimon.curate.labelled.dialogues import read_dialogues
from eudaimon.curate.labelled.ethics import read_ethics
from eudaimon.curate.labelled.hatecheck import read_hatecheck
from eudaimon.curate.labelled.identities import identities, read_identities
from eudaimon.curate.labelled.lines import write_labelled
from eudaimon.curate.labelled.meanings import meanings
from eudaimon.curate.labelled.queries import read_queries
from eudaimon.curate.labelled.segment import SPLITS, LabelledSegment
from eudaimon.curate.labelled.sets import SETS, read_sets
from eudaimon.curate.labelled.splits import fraction, of_split, sampled, split_of
from eudaimon.curate.labelled.town import read_town
from eudaimon.data.splits import default_plan
from eudaimon.data.taxonomy import categories

Write = Callable[[list[dict[str, Any]]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(rows: list[dict[str, Any]]) -> Path:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return written


COMMENT = "The bridge is late again. What a dolt the mayor is! See you on Monday."


def test_comments_mark_sentences_and_the_whole(write: Write) -> None:
    path = write([{"text": COMMENT, "metadata": {"toxic_spans": [[33, 37]]}}])
    whole, first, second, third = read_comments(path)
    assert (whole.kind, whole.text, whole.harm, whole.stance) == ("comment", COMMENT, {"hate": 1}, "enacts")
    assert (first.harm, first.stance, first.severity) == ({"hate": 0}, None, None)
    assert (second.text, second.harm, second.severity) == ("What a dolt the mayor is!", {"hate": 1}, 2.5)
    assert second.before + second.text == COMMENT[: len(second.before + second.text)]
    assert third.weight < second.weight
    assert len({each.group for each in (whole, first, second, third)}) == 1
    assert all(each.frame is None and not each.traits for each in (whole, first, second, third))


def test_comments_as_published_are_the_same(write: Write, tmp_path: Path) -> None:
    theirs = tmp_path / "tsd.csv"
    with theirs.open("w", newline="") as stream:
        csv.writer(stream).writerows([["spans", "text"], [str(list(range(33, 37))), COMMENT]])
    ours = write([{"text": COMMENT, "toxic_spans": [[33, 37]]}])
    assert list(read_comments(theirs)) == list(read_comments(ours))


def test_a_toxic_comment_without_spans_teaches_nothing(write: Write) -> None:
    (only,) = read_comments(write([{"text": COMMENT, "toxic_spans": []}]))
    assert only.harmful is None and only.weight == 0


@pytest.mark.parametrize("spans", [[[0, 4000]], "[1, x]", 7, [[5, 5]]])
def test_spans_outside_of_the_text(write: Write, spans: Any) -> None:
    with pytest.raises(BadRows, match="spans"):
        list(read_comments(write([{"text": COMMENT, "toxic_spans": spans}])))


def dialogue(answer: str) -> str:
    return f"\n\nHuman: Hello\n\nAssistant: Hello!\n\nHuman: How do I rob a bank?\n\nAssistant: {answer}"


def test_rejected_is_a_belief_and_a_refusal_condemns(write: Write) -> None:
    path = write([{"chosen": dialogue("I won't help with that."), "rejected": dialogue("Take a bag.")}])
    chosen, rejected = read_dialogues(path)
    assert (chosen.kind, chosen.stance, chosen.harmful) == ("chosen", "condemns", None)
    assert (rejected.kind, rejected.stance) == ("rejected", None)
    assert rejected.harm == {"theft": 0.6}
    assert rejected.text == "Take a bag." and rejected.before.endswith("bank?\n\nAssistant: ")
    assert chosen.group == rejected.group and rejected.subject == "AI"


def test_one_side_a_row_is_the_same(write: Write) -> None:
    both = write([{"chosen": dialogue("Fine."), "rejected": dialogue("Take a bag.")}])
    expected = list(read_dialogues(both))
    sides = [
        {"text": dialogue(a), "metadata": {"side": b}}
        for a, b in (("Fine.", "chosen"), ("Take a bag.", "rejected"))
    ]
    assert list(read_dialogues(write(sides))) == expected


def case(functionality: str, text: str, template: str = "1") -> dict[str, Any]:
    return {"text": text, "functionality": functionality, "template": template}


def test_hatecheck_in_our_terms(write: Write) -> None:
    path = write(
        [
            case("derog_dehum_h", "Bakers are rats."),
            case("counter_quote_nh", "Saying 'bakers are rats' is cruel."),
            case("profanity_nh", "Damn, that was good."),
            case("target_indiv_nh", "You are a rat."),
            case("negate_neg_nh", "Bakers are not rats."),
        ]
    )
    contempt, counter, oath, person, negated = read_hatecheck(path)
    assert (contempt.stance, contempt.severity) == ("enacts", 3)
    assert (counter.stance, counter.harm) == ("condemns", {"hate": 1})
    assert (oath.stance, oath.harmful, oath.severity) == ("none", 0, 0)
    assert (person.stance, person.severity) == ("enacts", 2)
    assert negated.stance is None and negated.harmful is None


def test_what_counter_speech_quotes_is_contempt_in_a_frame_that_condemns_it(write: Write) -> None:
    said = "“Bakers are rats” is what he wrote. That is cruel."
    cases = [case("counter_quote_nh", said, str(number)) for number in range(30)]
    found = list(read_hatecheck(write([*cases, case("derog_dehum_h", said)])))
    assert {each.split for each in found} == set(SPLITS)
    quoted = [each for each in found if each.frame_text]
    assert len(quoted) == sum(each.split != "test" and each.kind == "counter_quote_nh" for each in found)
    for each in quoted:
        assert (each.stance, each.frame, each.kind) == ("enacts", "condemns", "counter_quote_nh/quoted")
        assert each.before + each.text + each.after == each.frame_text == said and "Bakers" in each.text
        assert each.split != "test"


def test_hatecheck_knows_its_functionalities(write: Write) -> None:
    with pytest.raises(BadRows, match="shouting"):
        list(read_hatecheck(write([case("shouting", "Hey!")])))


def test_ethics_reads_short_accounts_only(write: Write) -> None:
    rows = [
        {"input": "I fed my cat poison.", "label": "1", "is_short": "True"},
        {"input": "I fed my cat fish.", "label": "0", "is_short": "True"},
        {"input": "A long story.", "label": "1", "is_short": "False"},
        {"scenario": "Jill lied. [SEP] honest", "label": "0"},
    ]
    wrong, fine = read_ethics(write(rows))
    assert (wrong.stance, wrong.harm, wrong.severity) == ("enacts", {"violence": 0.8}, None)
    assert (fine.stance, fine.harmful, fine.severity) == ("none", 0, 0)
    assert wrong.group == fine.group


def test_queries_are_split_as_everywhere() -> None:
    found = list(read_queries())
    for split in ("train", "calibration", "test"):
        named = {each.kind.split("/")[0] for each in of_split(found, split)}
        assert named == set(getattr(default_plan(), split))
    harmful = next(each for each in found if each.kind == "advbench/harmful")
    assert harmful.stance == "enacts" and harmful.severity and harmful.harmful == 1
    assert {each.harmful for each in found if each.kind.endswith("/safe")} == {0}


PAGE = (
    "The orchard stood behind the house, and nobody had picked the pears for a year.\n\n"
    "“You may have as many as you like of them,” said the old man to the two boys.\n\n"
    "In the night somebody came to murder him, and the boys heard nothing of it at all."
)


def test_books_are_neutral_where_no_rule_of_harm_applies(write: Write) -> None:
    path = write([{"id": str(k), "text": PAGE, "title": "a_tale"} for k in range(3)])
    found = list(read_books(path, n_pages=1))
    assert {each.kind for each in found} == {"narration", "quotation"} and len(found) == 3
    (quotation,) = (each for each in found if each.kind == "quotation")
    assert (quotation.stance, quotation.subject) == ("none", "fictional")
    assert quotation.frame is None and quotation.text in quotation.frame_text
    every = [each for each in read_books(path, n_pages=3) if "murder" in each.text]
    assert all(each.stance == "depicts" and each.harmful is None for each in every)


def test_textbooks_and_histories_are_not_fictional(write: Write) -> None:
    path = write([{"text": PAGE, "title": "gibbon_the-decline-and-fall"}])
    assert {each.subject for each in read_books(path)} == {"human"}
    assert {each.subject for each in read_textbooks(path)} == {"human"}


def test_chats_are_harmless(write: Write) -> None:
    text = "User 1: Hello there.\nUser 2: Hi!\nUser 1: Do you like pears?\nUser 2: I do.\nUser 1: Bye."
    found = list(read_chats(write([{"text": text}])))
    assert len(found) == 4 and {each.stance for each in found} == {"none"}


def test_the_town_keeps_its_oracle() -> None:
    found = list(read_town(n_documents=60))
    assert {"instructs", "condemns", "none", None} <= {each.stance for each in found}
    quoted = [each for each in found if each.frame == "condemns" and each.stance is None]
    assert quoted and all(each.text in each.frame_text and each.harmful == 1 for each in quoted)


def test_groups_of_people_are_named_in_every_stance() -> None:
    found = list(read_identities())
    of = {stance: {each.group for each in found if each.stance == stance} for stance in ("none", "enacts")}
    assert of["none"] == of["enacts"] and len(of["none"]) == len(identities().people)
    assert {each.harmful for each in found if each.stance == "none"} == {0}
    tested = {each.text.replace(each.group.split("/")[1], "") for each in of_split(found, "test")}
    trained = {each.text.replace(each.group.split("/")[1], "") for each in of_split(found, "train")}
    assert tested and trained and not tested & trained
    known = identities()
    for sentences in (known.none, known.depicts, known.condemns, known.enacts, known.advocates):
        every = [text for texts in sentences.values() for text in texts]
        assert len(set(every)) == len(every) and len(sentences) == len(SPLITS)


def test_no_group_is_in_two_splits(write: Write) -> None:
    rows = [{"text": f"{COMMENT} {k}", "toxic_spans": [[33, 37]]} for k in range(40)]
    found = list(read_sets({"comments": write(rows)}))
    splits: dict[str, set[str]] = {}
    for each in found:
        splits.setdefault(each.group, set()).add(each.split)
    assert all(len(each) == 1 for each in splits.values())
    assert {each.split for each in found if each.source == "comments"} == {"train", "calibration", "test"}


def test_splits_and_samples_follow_from_the_name_alone() -> None:
    names = [f"book {k}" for k in range(2000)]
    shares = [sum(split_of(name) == split for name in names) / 2000 for split in ("test", "calibration")]
    assert shares == pytest.approx([0.2, 0.1], abs=0.03)
    drawn = sampled(names, 50, str, seed=1)
    assert (
        set(drawn) == set(sampled(reversed(names), 50, str, seed=1)) != set(sampled(names, 50, str, seed=2))
    )
    assert set(sampled(names[:1000], 50, str, seed=1)) >= {name for name in drawn if name in names[:1000]}
    assert 0 <= fraction("a", 0) < 1


def test_a_file_of_ones_own_and_what_is_no_set(tmp_path: Path, write: Write) -> None:
    mine = LabelledSegment("Hello.", "mine", "one")
    path = write_labelled(tmp_path / "mine.jsonl", [mine])
    assert list(read_sets({"mine": path}, packaged=(), frames=False)) == [mine]
    with pytest.raises(UsageError, match="packaged"):
        list(read_sets({"town": path}))
    with pytest.raises(UsageError, match="comments"):
        list(read_sets({}, packaged=("comments",)))


def test_every_set_states_licence_and_labels() -> None:
    assert all(each.licence and each.labels for each in SETS.values())
    assert set(meanings().severity_by_category) == set(categories())
