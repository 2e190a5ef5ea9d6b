"""Ratings: what they mean under a policy, how they are kept, and how a person and a judge give them."""

from __future__ import annotations

import json
import random

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.curate import hard_cases, load_policy, policy_names, rubric_hash
from eudaimon.curate.audit.draw import draw_sample
from eudaimon.curate.audit.judged import by_judge, rate_by
from eudaimon.curate.audit.questions import labels_of, next_question
from eudaimon.curate.audit.ratings import Labels, Rating, add_ratings, read_ratings, verdict
from eudaimon.curate.audit.session import RatingSession
from eudaimon.curate.audit.texts import with_texts
from eudaimon.curate.decide import matching_rule
from eudaimon.curate.decided import score_files
from eudaimon.curate.stages.judge import JudgeOptions, JudgeStage

BAD = Labels(severity=3, category="hate", stance="advocates", frame="none", subject="human")


@pytest.fixture(scope="module")
def items(known, policy):
    return with_texts(draw_sample(score_files(known.folder), policy, n=40).items, known.documents)


def test_bad_is_what_the_policy_would_act_on(policy):
    assert verdict(policy, BAD) is True
    assert verdict(policy, BAD.model_copy(update={"frame": "condemns"})) is False
    assert verdict(policy, Labels(severity=0)) is False
    assert verdict(policy, BAD.model_copy(update={"frame": None})) is None
    assert verdict(policy, Labels()) is None
    assert verdict(policy, Labels(severity=1)) is False  # below the policy's bound whatever the rest is


@pytest.mark.parametrize("name", policy_names())
def test_hard_cases_are_judged_as_policies_do(name):
    policy = load_policy(name)
    for case in hard_cases():
        (scores,) = case.scores().segments
        rule, lacking = matching_rule(policy, scores)
        assert not lacking
        assert verdict(policy, Labels.of(scores)) == (rule is not None and rule.do != "keep"), case.id


@pytest.mark.parametrize("name", policy_names())
def test_questions_end_with_a_verdict_whatever_is_answered(name):
    policy = load_policy(name)
    dice = random.Random(0)
    asked_most = 0
    for _ in range(60):
        answered: dict[str, object] = {}
        while (question := next_question(policy, answered)) is not None:
            assert question.axis not in answered
            keys = [answer.key for answer in question.answers]
            assert len(set(keys)) == len(keys)
            assert not {"b", "s", "q", "h"} & set(keys)
            answered[question.axis] = dice.choice(question.answers).value
        assert verdict(policy, labels_of(answered)) is not None
        asked_most = max(asked_most, len(answered))
    assert asked_most >= 2


def test_a_harmless_segment_is_one_key(policy):
    question = next_question(policy, {})
    assert question.axis == "severity"
    assert next_question(policy, {"severity": question.answer("0").value}) is None


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=3), st.integers(0, 3)), max_size=8))
def test_the_latest_rating_of_each_rater_counts(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("r") / "ratings.jsonl"
    wanted = {}
    for number, (rater, document, segment) in enumerate(rows):
        if not document.isprintable():
            continue
        rating = Rating(document=document, segment=segment, rater=rater, labels=Labels(severity=number % 6))
        add_ratings(path, [rating])
        wanted[rater, document, segment] = rating
    found = read_ratings(path)
    assert {(r.rater, r.document, r.segment): r for r in found} == wanted


def test_a_line_cut_off_is_passed_over_and_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "ratings.jsonl"
    ratings = [Rating(document=str(k), segment=0, rater="me", labels=BAD) for k in range(3)]
    add_ratings(path, ratings[:2])
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert read_ratings(path) == (ratings[0],)
    add_ratings(path, [ratings[2]])
    assert read_ratings(path) == (ratings[0], ratings[2])
    path.write_bytes(whole.rstrip(b"\n"))
    add_ratings(path, [ratings[2]])
    assert read_ratings(path) == tuple(ratings)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nonsense", "Invalid JSON"),
        ('{"document": "d", "segment": 0}', "rater"),
        ('{"document": "d", "segment": 0, "rater": "r", "labels": {"severity": 9}}', "labels.severity"),
        ('{"document": "d", "segment": 0, "rater": "r", "labels": {"category": "rudeness"}}', "no harm"),
    ],
)
def test_broken_lines_are_named(tmp_path, line, told):
    path = tmp_path / "ratings.jsonl"
    path.write_text("\n" + line + "\n\n", encoding="utf-8")
    with pytest.raises(BadRows, match=rf"(?s)line 2.*{told}"):
        read_ratings(path)


def test_a_session_writes_at_once_goes_back_and_resumes(items, policy, tmp_path):
    path = tmp_path / "ratings.jsonl"
    session = RatingSession(items, policy, "ann", path)
    assert session.press("b") == "first item"
    assert session.press("z") == "unknown key"
    session.press("0")
    assert [r.key for r in read_ratings(path)] == [items[0].key]
    session.press("3")
    assert session.question.axis == "stance"
    session.press("b")
    assert session.question.axis == "severity"
    session.press("b")
    assert session.item is items[0]
    for key in ("4", "2", "6", "1"):  # grave, advocates, no frame, human
        session.press(key)
    # On to the item that was left, not through what is rated.
    assert session.item is items[1]
    session.press("s")
    session.press("q")
    assert session.done
    first, second = read_ratings(path)
    assert first.labels == Labels(severity=4, stance="advocates", frame="none", subject="human")
    assert second.skipped
    assert {first.rubric, second.rubric} == {rubric_hash()}
    again = RatingSession(items, policy, "ann", path)
    assert again.item is items[2]
    assert again.n_rated == 2
    assert RatingSession(items, policy, "ben", path).item is items[0]
    for row in path.read_text(encoding="utf-8").splitlines():
        assert set(json.loads(row)) <= {"document", "segment", "rater", "rubric", "labels", "skipped"}


def test_a_session_ends_when_all_is_rated(items, policy, tmp_path):
    session = RatingSession(items[:2], policy, "ann", tmp_path / "r.jsonl")
    session.press("0")
    session.press("0")
    assert session.done
    assert session.item is None


def test_a_judge_rates_what_it_has_not_rated(items, tmp_path):
    path, seen = tmp_path / "r.jsonl", []

    def rate(part):
        seen.extend(item.key for item in part)
        return [None if number % 4 == 0 else BAD for number, _ in enumerate(part)]

    add_ratings(path, [Rating(document=items[0].document, segment=items[0].segment, rater="judge")])
    n = rate_by(rate, items, "judge", path)
    assert seen == [item.key for item in items[1:]]
    assert 0 < n < len(items) - 1
    assert len(read_ratings(path)) == 1 + n
    seen.clear()
    # Only what it did not say is asked again.
    assert 0 < rate_by(lambda part: [BAD for _ in part], items, "judge", path) == len(items) - 1 - n
    assert rate_by(rate, items, "judge", path) == 0
    assert seen == []
    with pytest.raises(UsageError, match="gave 0 labels"):
        rate_by(lambda part: [], items, "other", path)


def test_texts_are_those_that_were_scored(known, policy, items):
    by_id = {document.id: document for document in known.documents}
    for item in items:
        text = by_id[item.document].text
        assert text == item.before + item.text + item.after
        assert text[item.start : item.end] == item.text
    bare = [item.model_copy(update={"text": None}) for item in items]
    with pytest.raises(UsageError, match="is not in the corpus"):
        with_texts(bare, known.documents[:10])
    changed = (type(d)(d.id, d.text.upper(), d.metadata) for d in known.documents)
    with pytest.raises(UsageError, match="is not the text that was scored"):
        with_texts(bare, changed)
    with pytest.raises(UsageError, match="without their text"):
        RatingSession(bare, policy, "ann", "r.jsonl")
    with pytest.raises(UsageError, match="without their text"):
        rate_by(lambda part: [], bare, "judge", "r.jsonl")


def test_a_judge_of_the_cascade_sees_the_segment_in_its_frame(items, tmp_path):
    answer = {
        "harm": {"fraud": 0.8}, "severity": 2, "stance": "instructs", "frame": "none", "traits": {},
        "subject": "human", "hazard": 0,
    }  # fmt: skip
    asked = []

    def reply(request):
        asked.append(json.loads(request.content)["messages"][1]["content"])
        text = f"It teaches it. {json.dumps(answer)}" if len(asked) != 2 else "I would rather not say."
        return httpx.Response(200, json={"model": "m", "choices": [{"message": {"content": text}}]})

    options = JudgeOptions("http://judge.example/v1", "m", concurrency=1)
    stage = JudgeStage(options, httpx.MockTransport(reply))
    quoted = items[0].model_copy(update={"frame": (items[0].start - 3, items[0].end + 3)})
    chosen = [quoted, *items[1:4]]
    n = rate_by(by_judge(stage), chosen, "judge m", tmp_path / "r.jsonl", rubric=stage.rubric)
    ratings = read_ratings(tmp_path / "r.jsonl")
    assert len(ratings) == n < len(chosen)
    wanted = Labels(severity=2, category="fraud", stance="instructs", frame="none", subject="human")
    assert {(r.labels.severity, r.labels.category, r.labels.stance) for r in ratings} == {
        (wanted.severity, wanted.category, wanted.stance)
    }
    assert {r.rubric for r in ratings} == {stage.rubric}
    assert "quoting-" in asked[0]
    for item, question in zip(chosen, asked, strict=False):
        assert item.text in question
        assert item.stratum not in question
