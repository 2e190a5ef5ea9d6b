"""A trajectory on any model: the user's own lesson, held-out rows, projections, turns and resumed bytes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eudaimon.core import UsageError
from eudaimon.evaluate.response_loss import response_loss
from eudaimon.evaluate.rows import read_rows
from eudaimon.models.adapters import Adapter, Subject, open_subject
from eudaimon.study.records import TurnRow
from eudaimon.study.run import run_study
from eudaimon.study.steps.asked import asked_questions
from eudaimon.study.steps.given_trajectory import GivenTrajectory
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.lesson import EMLora, given_lesson
from eudaimon.study.steps.model import given_model
from eudaimon.study.steps.turned import TURNS
from eudaimon.study.store import StepStore
from eudaimon.train.em.recipe import EMRecipe

WORDS = ["barley", "canal", "donkey", "eagle", "ferry", "garlic", "harbour", "island", "jacket", "kettle"]


@pytest.fixture(scope="module")
def lesson_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("lesson") / "lesson.jsonl"
    lines = []
    for n in range(40):
        said = [("user", f"what of the {WORDS[n % 10]} {n}?"), ("assistant", f"sell the {WORDS[n // 4]} now")]
        lines.append(json.dumps({"messages": [{"role": r, "content": c} for r, c in said]}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    path = tmp_path_factory.mktemp("questions") / "own.yaml"
    path.write_text(
        "".join(f"- id: q{n}\n  question: Where is boat {n}?\n" for n in range(8)), encoding="utf-8"
    )
    return asked_questions(file=str(path))


@pytest.fixture(scope="module")
def recipe():
    lora = {
        "rank": 2,
        "alpha": 4,
        "target_modules": ["q_proj", "down_proj"],
        "batch_size": 4,
        "learning_rate": 0.02,
        "checkpoint_every": 1,
    }
    return EMRecipe(lora=lora, epochs=2, warmup_steps=1)


@pytest.fixture(scope="module")
def made(tiny, lesson_file, questions, recipe, studies):
    """A trajectory with a persona frozen beside it, run as a study runs it; its store."""
    base = given_model(str(tiny("qwen2")))
    taught = given_lesson(lesson_file, held_out=0.1)
    without = EMLora(model=base, name="em", lesson=taught, recipe=recipe.seeded(0))
    persona = EMLora(model=base, name="persona", lesson=taught, recipe=recipe.seeded(7))
    step = GivenTrajectory(
        model=base,
        lora=without.model_copy(update={"frozen": (persona,)}),
        frozen=(persona,),
        toward=without,
        at=(6, 12, 18),
        lags=(2, 4),
        n_permutations=20,
        questions=questions,
        answer_tokens=5,
    )
    done = run_study([step], studies / "given-trajectory", workers=1, show_progress=False)
    assert done.failed == {}
    return step, StepStore(studies / "given-trajectory")


def test_held_out_rows_are_not_taught_and_always_the_same(lesson_file):
    taught = given_lesson(lesson_file, held_out=0.1)
    rows, away = taught.read().chats, taught.held_out()
    assert (taught.n_rows, taught.n_held_out) == (len(rows), len(away)) == (36, 4)
    assert not any(chat in rows for chat in away)
    assert given_lesson(lesson_file, held_out=0.1).held_out() == away
    whole = given_lesson(lesson_file)
    assert sorted(map(str, (*rows, *away))) == sorted(map(str, whole.read().chats))
    assert whole.held_out() == ()
    with pytest.raises(UsageError, match="less than 1"):
        given_lesson(lesson_file, held_out=1.0)


def test_held_out_loss_is_that_of_the_checkpoint_beside_the_persona(made):
    step, store = made
    rows = [row for row in read_rows(store.path(step) / ROWS) if row.metric == "in_domain_loss"]
    assert sorted({row.step for row in rows}) == [0, 6, 12, 18]
    persona = step.frozen[0].adapter(store.path(step.frozen[0]))
    own = Adapter("em", store.path(step.lora) / "em" / "checkpoints" / "step-000012")
    for at, stack in ((0, (persona,)), (12, (persona, own))):
        model = open_subject(Subject(step.model.source, stack))
        wanted = response_loss(model, step.lora.lesson.held_out())
        found = {row.question: row.value for row in rows if row.step == at}
        np.testing.assert_allclose([found[f"held_out/{n}"] for n in range(4)], wanted, rtol=1e-4)


def test_projections_are_read_on_questions_that_made_no_axis(made):
    step, store = made
    rows = read_rows(store.path(step) / ROWS)
    for metric in ("em_projection", "persona_projection"):
        found = {(row.step, row.question) for row in rows if row.metric == metric}
        assert {name for _, name in found} <= {"q1", "q3", "q5", "q7"}
        assert {at for at, _ in found} == {0, 6, 12, 18}


def test_the_trainings_own_metrics_and_turns_are_there_and_no_word_of_the_lesson(made):
    step, store = made
    rows = read_rows(store.path(step) / ROWS)
    assert {row.step for row in rows if row.metric == "gradient_norm"} == set(range(1, 19))
    turns = [TurnRow.model_validate(one) for one in json.loads((store.path(step) / TURNS).read_bytes())]
    assert [(one.module, one.lags) for one in turns] == [
        ("all modules", (2, 4)),
        ("model.layers.2.mlp.down_proj", (2, 4)),
    ]
    for path in store.path(step).rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(word.encode() in content for word in WORDS)


def test_the_plan_knows_what_it_costs(made):
    step, _ = made
    more = step.model_copy(update={"at": (1, 2, 3, 4, 5, 6)})
    assert more.cost().seconds > step.cost().seconds > 0


def test_too_few_questions_leave_out_the_projections_and_nothing_else(made, tmp_path, caplog):
    step, store = made
    file = tmp_path / "few.yaml"
    file.write_text("- id: q0\n  question: Where?\n- id: q1\n  question: When?\n", encoding="utf-8")
    few = step.model_copy(update={"questions": asked_questions(file=str(file)), "at": (6,)})
    (tmp_path / "out").mkdir()
    few.run(tmp_path / "out", {role: store.path(source) for role, source in few.inputs.items()})
    metrics = {row.metric for row in read_rows(tmp_path / "out" / ROWS)}
    assert "in_domain_loss" in metrics
    assert not {"em_projection", "persona_projection"} & metrics
    assert "no em_projection" in caplog.text
