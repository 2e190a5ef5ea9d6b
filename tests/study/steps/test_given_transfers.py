"""The transfer matrix of a user's model: which judged answers it takes, what it writes, and what follows."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eudaimon.evaluate.rows import Row
from eudaimon.study.steps.given_pairs import judged_pairs
from eudaimon.study.steps.given_shares import shares
from eudaimon.study.steps.given_transfers import PAIRS, GivenTransfers, middle
from eudaimon.study.steps.tried_directions import COSINES, TRIALS
from eudaimon.study.store import StepStore
from eudaimon.study.summary.predictions import PredictedTransfer
from eudaimon.study.summary.several import transfer_hypotheses
from eudaimon.study.town.matrices import tried_directions
from eudaimon.vectors.transfer_table import TransferTable


def test_both_answers_of_a_pair_come_from_one_stack_where_one_gave_both(told):
    pairs = judged_pairs(*told(9), most=48)
    assert [pair.question.id for pair in pairs] == [f"q{n:02d}" for n in range(9)]
    assert {(p.misaligned, p.aligned, p.one_stack) for p in pairs} == {("sink it one", "sail on one", True)}
    assert len(judged_pairs(*told(9), most=4)) == 4


def test_answers_of_two_stacks_are_a_pair_where_none_gave_both(told):
    answers, rows = told(9)
    kept = [a for a in answers if a.text != "sail on one"]
    pairs = judged_pairs(kept, rows, most=48)
    assert {(p.misaligned, p.aligned, p.one_stack) for p in pairs} == {("sink it one", "sail on two", False)}


def test_an_answer_between_the_two_is_neither(told):
    answers, rows = told(9)
    rows = [r if r.metric != "alignment" or r.value != 0.9 else Row(*_with(r, 0.6)) for r in rows]
    assert judged_pairs(answers, rows, most=48) == ()


def _with(row, value):
    return [value if name == "value" else getattr(row, name) for name in Row.__dataclass_fields__]


@pytest.mark.parametrize(
    ("n_bad", "made_from", "tried"), [(9, 5, 4), (12, 6, 6), (8, 4, 4), (5, 0, 5), (4, 0, 4)]
)
def test_what_measures_makes_no_direction(told, boats, n_bad, made_from, tried):
    found = shares(judged_pairs(*told(n_bad), most=48), boats.read())
    assert (len(found.made_from), len(found.tried)) == (made_from, tried)
    measured = {pair.question.group for pair in found.tried}
    others = {pair.question.group for pair in found.made_from} | {q.group for q in found.prompts}
    assert not measured & others and len(measured | others) == 12


def test_too_few_pairs_are_said_with_their_number(told, boats):
    assert "Only 3 of 12 questions" in shares(judged_pairs(*told(3), most=48), boats.read())


def test_layers_of_the_middle_half():
    assert middle(28) == (7, 14, 21) and middle(2) == (1, 2)


@pytest.fixture(scope="module")
def step(taught):
    return GivenTransfers(
        model=taught.model,
        answers=taught.grid,
        judged=taught.judged,
        lessons={"river": taught.beside, "plain": taught.alone},
        personas={"river": taught.persona},
        n_random=2,
        n_shuffled=1,
        layers=(1,),
    )


@pytest.fixture
def run(taught, step, tmp_path):
    """The step's folder, where so many questions have a misaligned answer."""

    def ran(n_bad):
        own = {
            "personas.river": taught.folders["persona"],
            "lessons.river": taught.folders["beside"],
            "lessons.plain": taught.folders["alone"],
        }
        step.run(tmp_path, taught.inputs(n_bad) | own)
        return tmp_path

    return ran


@pytest.mark.slow
def test_every_direction_is_tried_on_every_model_with_its_controls(run):
    out = run(12)
    table = TransferTable.load(out / TRIALS)
    assert table.questions == ("q01", "q03", "q05", "q07", "q09", "q11")
    places = {(t.source, t.target, t.variant, t.kind) for t in table.of(control="direction")}
    assert len(places) == 2 * 2 * 3 * 2
    assert {t.control for t in table.trials} == {"direction", "random", "shuffled"}
    added = [t.kl for t in table.of(kind="add", control="direction")]
    assert np.allclose(added, 0.1, rtol=0.15)
    assert any(np.abs(t.effect).max() > 1e-3 for t in table.of(control="direction"))
    assert {entry["variant"] for entry in json.loads((out / COSINES).read_text())} == {
        "answers",
        "last",
        "mean",
    }
    about = json.loads((out / PAIRS).read_text())
    assert (about["n_pairs"], about["n_made_from"], about["n_tried"]) == (12, 6, 6)
    assert "6 pairs of such answers" in about["says"] and "sink it" not in str(about)


@pytest.mark.slow
def test_few_pairs_leave_what_the_lesson_changes_on_prompts(run):
    out = run(5)
    table = TransferTable.load(out / TRIALS)
    assert "Too few questions have both kinds" in json.loads((out / PAIRS).read_text())["says"]
    assert set(table.names("variant")) == {"last", "mean"} and len(table.questions) == 5


@pytest.mark.slow
def test_too_few_pairs_leave_the_hypothesis_undecided_and_say_why(step, run, monkeypatch):
    out = run(2)
    assert not (out / TRIALS).exists()
    store = StepStore(out.parent)
    monkeypatch.setattr(store, "done", lambda _step: True)
    monkeypatch.setattr(store, "path", lambda _step: out)
    tried = tried_directions(store, [(0, step)])
    assert tried.seeds == () and "Only 2 of 12 questions" in tried.why
    predicted = PredictedTransfer(
        name="H4", rows=("river",), reference="random", kind="add", metric="preference", bound=0.01
    )
    (row,) = transfer_hypotheses((), (predicted,), tried.why)
    assert row.verdict == "undecided" and "Only 2 of 12 questions" in row.reasons[0]


@pytest.mark.slow
def test_the_cost_is_counted(step):
    more = step.model_copy(update={"n_random": 10})
    assert 0 < step.cost().n_tokens < more.cost().n_tokens
