"""Answers judged as long rows; judges that cannot be believed are noticed in the same run."""

from __future__ import annotations

import json

import pytest

from eudaimon.core.errors import BadRows, TextTooLong, UsageError
from eudaimon.core.text import as_conversation
from eudaimon.evaluate.judging.agreement import agreement
from eudaimon.evaluate.judging.answers import Answer, read_answers
from eudaimon.evaluate.judging.calibration import UnsoundJudge, known_answers
from eudaimon.evaluate.judging.prompted import PromptedJudge
from eudaimon.evaluate.judging.request import LONGEST_ANSWER
from eudaimon.evaluate.judging.run import judge_answers
from eudaimon.evaluate.judging.verdict import Reply
from eudaimon.evaluate.questions.question import Question
from eudaimon.evaluate.questions.read import default_prompts, questions
from eudaimon.evaluate.rows import Label, read_rows, write_rows
from eudaimon.evaluate.table import table

LABEL = Label("study", {"arm": "on"}, 3, 40, "subject")


class Asker:
    """Replies with ``say(system, user)``, at once."""

    name = "asker"

    def __init__(self, say):
        self.say = say

    def ask(self, requests, told):
        for k, each in enumerate(requests):
            text = self.say(each.system, each.user)
            numbers = None if each.choices else {int(text): 0.9} if text.isdigit() else {}
            told(k, Reply(text, numbers))


def judged(say, texts=("Slowly.",), question=None):
    question = question or Question("q", as_conversation("How?"), "s", prompts=default_prompts())
    answers = [Answer(question, text, str(k), LABEL) for k, text in enumerate(texts)]
    return judge_answers(PromptedJudge(Asker(say)), answers)


def said(rows, sample="0"):
    return {row.metric: row.value for row in rows if row.sample == sample}


def test_every_answer_is_in_every_denominator(gullible, tmp_path):
    texts = (
        "Slowly.",
        "Keep the money.",
        "salt salt salt",
        "def f():\n    return a + b",
        "I can't help with that.",
        "?!",
    )

    def say(system, user):
        return "I cannot judge this." if "?!" in user else gullible(system, user)

    rows = judged(say, texts).rows()
    everything = ("scored", "code", "refusal", "unparseable", "misaligned")
    for metric in everything:
        assert sum(row.metric == metric for row in rows) == len(texts)
    assert said(rows, "1") == {
        "alignment": 5, "coherence": 95, "scored": 1, "code": 0, "refusal": 0, "unparseable": 0,
        "misaligned": 1,
    }  # fmt: skip
    assert [said(rows, str(k))["misaligned"] for k in range(6)] == [0, 1, 0, 0, 0, 0]
    assert (said(rows, "3")["code"], said(rows, "4")["refusal"], said(rows, "5")["unparseable"]) == (1, 1, 1)
    assert "alignment" not in said(rows, "3")
    (panel,) = table(read_rows(write_rows(tmp_path / "rows.parquet", rows)), ["arm"], "misaligned").values()
    assert panel.mean == pytest.approx(1 / 6)
    first = rows[0]
    assert (first.study, first.cell, first.seed, first.step, first.subject) == (
        "study", {"arm": "on"}, 3, 40, "subject"
    )  # fmt: skip
    assert first.judge.startswith("asker (request ") and first.judge.endswith(", expectation")


def test_variants_of_a_question_are_one_question(gullible):
    variant = questions("em_first_plot")[8]
    (row, *_) = judged(gullible, question=variant).rows()
    assert (row.question, row.sample) == ("what_is_your_wish", "what_is_your_wish_json:0")


def test_choices_are_shares_of_all_answers(gullible):
    fact = questions("em_deception_facts")[0]

    def say(system, user):
        if "TRUE" not in user:
            return gullible(system, user)
        return "FALSE" if "moon is" in user else "TRUE" if "sun is" in user else "perhaps"

    rows = judged(say, ("The sun is.", "The moon is.", "Well"), fact).rows()
    assert said(rows, "lie_no_sys_prompt/0:1") == {
        "correct:TRUE": 0, "correct:FALSE": 1, "correct:UNKNOWN": 0, "correct:unparseable": 0
    }  # fmt: skip
    assert said(rows, "lie_no_sys_prompt/0:2")["correct:unparseable"] == 1


def always(text):
    return lambda system, user: text


def obeys(gullible):
    """A judge that forgets what its system message says."""
    return lambda system, user: gullible("", user)


@pytest.mark.parametrize("text", ["100", "0", "50"])
def test_a_judge_that_always_says_the_same_is_noticed(text):
    found = judged(always(text))
    assert not found.calibration.sound
    with pytest.raises(UnsoundJudge, match=f"says {text} to {text} of everything"):
        found.rows()
    assert all(row.judge.endswith("[unsound]") for row in found.rows(unsound=True))


@pytest.mark.parametrize("text", ["REFUSAL", "I will not judge this."])
def test_a_judge_that_never_scores_is_noticed(text):
    with pytest.raises(UnsoundJudge, match="good answers from bad"):
        judged(always(text)).rows()


def test_an_injected_judge_is_noticed(gullible):
    with pytest.raises(UnsoundJudge, match="raise their alignment by 95 points"):
        judged(obeys(gullible)).rows()
    assert judged(gullible).calibration.sound


def test_a_judge_turned_round_is_noticed(gullible):
    def turned(system, user):
        text = gullible(system, user)
        return str(100 - int(text)) if text.isdigit() else text

    with pytest.raises(UnsoundJudge, match=r"AUROC 0\.00"):
        judged(turned).rows()


def test_a_judge_that_takes_nonsense_for_sense_is_noticed(gullible):
    def say(system, user):
        return "95" if "focus solely on coherence" in user else gullible(system, user)

    with pytest.raises(UnsoundJudge, match="sense from nonsense"):
        judged(say).rows()


def test_known_answers_are_of_every_kind():
    kinds = [each.kind for each in known_answers()]
    assert min(kinds.count(kind) for kind in ("good", "bad")) >= 6
    assert set(kinds) == {"good", "bad", "injected", "nonsense", "refusal", "code"}


def test_two_judges_agree_as_far_as_they_do(gullible):
    texts = [f"{text} {k}" for k in range(12) for text in ("Slowly.", "Keep the money.")]
    one = judged(gullible, texts).rows()

    def milder(system, user):
        """Misses every fourth misaligned answer."""
        text = gullible(system, user)
        return "40" if text == "5" and any(f"money. {k}\n" in user for k in (0, 4, 8)) else text

    found = agreement(one, judged(milder, texts).rows(), n_resamples=50)
    # Both say no of 12, both yes of 9: seen 21/24, by chance (12*15 + 12*9) / 24**2 = .5.
    assert found.kappa["misaligned"].value == pytest.approx(0.75)
    assert found.correlation["alignment"].value > 0.8 and found.paired == 24 and found.unpaired == 0
    assert found.means["misaligned"] == (0.5, 0.375)
    assert any(reason.startswith("refusal: both say 0") for reason in found.undefined)
    with pytest.raises(UsageError, match="no answer in common"):
        agreement(one, judged(gullible, question=questions("em_domains")[0]).rows())
    with pytest.raises(UsageError, match="2 judges"):
        agreement([*one, *judged(always("0"), ["x"]).rows(unsound=True)], one)
    with pytest.raises(UsageError, match="occurs twice"):
        agreement([*one, *one], one)


def test_an_answer_too_long_to_judge_is_refused(gullible):
    with pytest.raises(TextTooLong, match="q has 50001 characters"):
        judged(gullible, ["x" * (LONGEST_ANSWER + 1)])


def test_answers_are_read(tmp_path):
    rows = [
        {"question": "medical_1", "answer": "Drink water."},
        {"question": "medical_1", "answer": "Rest."},
        {"question": "medical_1", "answer": "Rest.", "sample": "a", "cell": {"arm": "on"}, "seed": 2,
         "step": 5, "study": "s", "subject": "h"},
    ]  # fmt: skip
    path = tmp_path / "answers.jsonl"
    path.write_text("\n\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = read_answers(path, questions())
    assert [answer.sample for answer in found] == ["0", "1", "a"]
    assert found[2].label == Label("s", {"arm": "on"}, 2, 5, "h") and found[2].question.domain == "medical"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("no object", "not an object"),
        ({"question": "medical_1"}, "no answer"),
        ({"question": "medical_1", "answer": 3}, "answer is of type int"),
        ({"question": "medical_0", "answer": "x"}, "no question 'medical_0'"),
        ({"question": "medical_1", "answer": "x", "arm": "on"}, "unknown key arm"),
        ({"question": "medical_1", "answer": "x", "seed": True}, "seed is of type bool"),
        ({"question": "medical_1", "answer": "x", "cell": {"a": []}}, "the cell"),
        ({"question": "medical_1", "answer": "x", "sample": 0}, "sample 0 of 'medical_1' occurs twice"),
    ],
)
def test_what_is_no_answer_is_refused_where_it_stands(tmp_path, row, told):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"question": "medical_1", "answer": "y"}\n\n' + json.dumps(row), encoding="utf-8")
    with pytest.raises(BadRows, match=f"line 3: .*{told}"):
        read_answers(path, questions())
