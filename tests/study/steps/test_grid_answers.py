"""Answers of a grid as a study's step: a judge's file, proofs beside it, and the same bytes after a kill."""

from __future__ import annotations

import json
import shutil

import pytest

from eudaimon.core import UsageError
from eudaimon.evaluate.judging.answers import read_answers
from eudaimon.models import generate
from eudaimon.models.adapters import InactiveAdapter, Subject, open_subject
from eudaimon.models.adapters.adapter import Adapter, read_config
from eudaimon.models.adapters.save import write_adapter
from eudaimon.models.adapters.updates import factors
from eudaimon.study.graph import Graph
from eudaimon.study.steps import grid_answers
from eudaimon.study.steps.adapters import AdapterStep
from eudaimon.study.steps.asked import AskedQuestions, asked_questions
from eudaimon.study.steps.grid_answers import ANSWERS, PARTS, PROOFS, GridAnswers, StackLabel
from eudaimon.study.steps.model import given_model


@pytest.fixture(scope="module")
def base(tiny):
    return given_model(str(tiny("qwen2")))


@pytest.fixture(scope="module")
def lora(tiny, tmp_path_factory):
    """Folders of finished adapter steps: an adapter and two checkpoints, each with weights of its own."""
    import torch
    from peft import LoraConfig

    from eudaimon.models import load
    from eudaimon.models.adapters import attach

    def made(name, seed):
        config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"])
        ledger = attach(load(tiny("qwen2")), trainable=config, name=name, init_seed=seed)
        folder = tmp_path_factory.mktemp(name)
        generator = torch.Generator().manual_seed(seed)
        with ledger.training() as weights, torch.no_grad():
            for place in ("adapter/checkpoints/step-000005", "adapter/checkpoints/step-000010", "adapter"):
                for weight in weights:
                    weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.2)
                ledger.save(folder / place)
        return folder

    return {"persona": made("persona", 1), "em": made("em", 2)}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    path = tmp_path_factory.mktemp("questions") / "own.yaml"
    path.write_text(
        "".join(f"- id: q{n}\n  question: Where does goat {n} live?\n" for n in range(5))
        + "- id: called\n  system: You are a goat.\n  question: Who are you?\n",
        encoding="utf-8",
    )
    return asked_questions(file=str(path))


@pytest.fixture(scope="module")
def step(base, asked):
    persona, em = (AdapterStep(model=base, name=name) for name in ("persona", "em"))
    return GridAnswers(
        model=base,
        stacks={"base": (), "on_on": (persona, em), "early": (persona, em), "before": (persona, em)},
        labels={
            "on_on": StackLabel(cell={"train": True, "persona": "goodness"}, seed=3),
            "early": StackLabel(cell={"train": True, "persona": "goodness"}, seed=3, step=5),
            "before": StackLabel(cell={"train": True, "persona": "goodness"}, seed=3, step=0),
        },
        questions=asked,
        n_samples=2,
        max_new_tokens=6,
        seed=1,
        study="em-susceptibility",
    )


@pytest.fixture(scope="module")
def inputs(step, lora, tmp_path_factory):
    return {
        role: lora[source.name] if isinstance(source, AdapterStep) else tmp_path_factory.mktemp("model")
        for role, source in step.inputs.items()
    }


@pytest.fixture(scope="module")
def done(step, inputs, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    step.run(out, inputs)
    return out


def test_a_judge_can_read_the_answers(step, done, asked):
    answers = read_answers(done / ANSWERS, asked.read())
    assert len(answers) == 4 * 6 * 2
    labels = {(each.label.step, each.label.seed, str(each.label.cell)) for each in answers}
    assert len(labels) == 4 and {each.label.study for each in answers} == {"em-susceptibility"}
    plain = [each for each in answers if each.label.seed == 0]
    assert {str(each.label.cell) for each in plain} == {"{'stack': 'base'}"}
    assert not (done / PARTS).exists() and {path.name for path in done.iterdir()} == {ANSWERS, PROOFS}


def test_each_line_is_what_the_opened_subject_says(step, done, inputs, lora, tiny, asked):
    persona, em = Adapter("persona", lora["persona"] / "adapter"), Adapter("em", lora["em"] / "adapter")
    early = Adapter("em", lora["em"] / "adapter/checkpoints/step-000005")
    rows = [json.loads(line) for line in (done / ANSWERS).read_text().split("\n")[:-1]]
    for step_number, stack in ((None, (persona, em)), (5, (persona, early)), (0, (persona,))):
        subject = Subject(tiny("qwen2"), stack)
        model = open_subject(subject)
        own = [row for row in rows if row["subject"] == subject.hash]
        assert len(own) == 12 and {row["step"] for row in own} == {step_number}
        for question in asked.read():
            seeds = [grid_answers._seed(step.seed, question)] * 2
            right = generate(
                model, [question.messages] * 2, max_new_tokens=6, temperature=1.0, seed=seeds,
                show_progress=False,
            )  # fmt: skip
            got = {row["sample"]: row["answer"] for row in own if row["question"] == question.id}
            assert [got[0], got[1]] == right


def test_proofs_stand_beside_the_answers(step, done):
    proofs = json.loads((done / PROOFS).read_text())
    rows = [json.loads(line) for line in (done / ANSWERS).read_text().split("\n")[:-1]]
    assert proofs.keys() == step.stacks.keys()
    assert proofs["base"]["names"] == [] and proofs["on_on"]["names"] == ["persona", "em"]
    assert all(change > 0 for change in proofs["early"]["changes"].values())
    assert {proof["subject"] for proof in proofs.values()} == {row["subject"] for row in rows}


def test_killed_at_any_point_it_goes_on_to_the_same_bytes(step, done, inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(grid_answers, "AT_ONCE", 2)
    whole = tmp_path / "whole"
    whole.mkdir()
    step.run(whole, inputs)
    rows = {json.dumps(json.loads(line)) for line in (done / ANSWERS).read_text().split("\n")[:-1]}
    assert {json.dumps(json.loads(line)) for line in (whole / ANSWERS).read_text().split("\n")[:-1]} == rows
    generated, limit = [], [0]
    answers = GridAnswers._answers

    class Killed(BaseException):
        """What no step catches."""

    def counted(self, grid, batch, subjects):
        if len(generated) == limit[0]:
            raise Killed
        generated.append([question.id for question in batch])
        return answers(self, grid, batch, subjects)

    monkeypatch.setattr(GridAnswers, "_answers", counted)
    broken = tmp_path / "broken"
    broken.mkdir()
    for limit[0] in (1, 2):
        with pytest.raises(Killed):
            step.run(broken, inputs)
    limit[0] = 9
    # Killed while it was writing: half a file has another name.
    (broken / PARTS / ".00002.jsonl.half").write_text("{")
    step.run(broken, inputs)
    assert generated == [["q0", "q1"], ["q2", "q3"], ["q4", "called"]]
    shutil.copytree(broken, tmp_path / "ended")
    (tmp_path / "ended" / PARTS).mkdir()
    step.run(tmp_path / "ended", inputs)
    for other in (broken, tmp_path / "ended"):
        assert {p.name for p in other.iterdir()} == {ANSWERS, PROOFS}
        for name in (ANSWERS, PROOFS):
            assert (other / name).read_bytes() == (whole / name).read_bytes()


def test_an_adapter_that_does_nothing_ends_the_step(step, inputs, lora, tmp_path):
    dead = tmp_path / "dead"
    tensors = {}
    for own in factors(lora["em"] / "adapter"):
        tensors |= {own.a_name: own.a, own.b_name: 0 * own.b}
    write_adapter(dead / "adapter", read_config(lora["em"] / "adapter"), tensors, None)
    faulty = dict(inputs) | {"stacks.on_on.1": dead}
    with pytest.raises(InactiveAdapter, match="em is in the stack"):
        step.run(tmp_path, faulty)
    assert not (tmp_path / ANSWERS).exists()


def test_what_is_asked_is_the_identity_and_not_its_place(step, asked, tmp_path):
    other = tmp_path / "moved.yaml"
    shutil.copy(asked.file, other)
    moved = asked_questions(file=str(other))
    assert step.model_copy(update={"questions": moved}).key == step.key
    other.write_text(other.read_text().replace("goat 1", "goat 7"))
    with pytest.raises(UsageError, match="have changed"):
        moved.read()
    assert step.model_copy(update={"questions": asked_questions(file=str(other))}).key != step.key
    assert step.model_copy(update={"seed": 2}).key != step.key
    assert step.model_copy(update={"device": "cpu"}).key == step.key
    assert Graph([step]).definitions
    assert step.cost().n_tokens == 4 * 6 * 2 * 6


def test_packaged_questions():
    first = asked_questions(("em_first_plot",))
    assert isinstance(first, AskedQuestions) and len(first.read()) >= 8
    with pytest.raises(UsageError, match="nothing is asked"):
        asked_questions()
    with pytest.raises(UsageError, match="two questions have the id"):
        asked_questions(("em_first_plot", "em_first_plot"))


def test_labels_that_fit_no_stack(step, inputs, tmp_path):
    with pytest.raises(UsageError, match="label of no stack"):
        step.model_copy(update={"labels": {"x": StackLabel(cell={})}}).run(tmp_path, inputs)
    early = {"base": StackLabel(cell={}, step=5)}
    with pytest.raises(UsageError, match="no adapter that could have a step"):
        step.model_copy(update={"labels": early}).run(tmp_path, inputs)


def test_the_last_adapter_acts_at_its_scale_and_the_cell_says_so(step, inputs, lora, tiny, asked, tmp_path):
    stack = step.stacks["on_on"]
    labels = {
        f"x{scale:g}": StackLabel(cell={"stack": f"x{scale:g}"}, scale=scale) for scale in (0.0, 0.5, 1.0)
    }
    scaled = step.model_copy(update={"stacks": dict.fromkeys(labels, stack), "labels": labels})
    folders = {"persona": lora["persona"], "em": lora["em"]}
    roles = {role: folders.get(getattr(source, "name", "")) for role, source in scaled.inputs.items()}
    scaled.run(tmp_path, {role: folder or inputs["model"] for role, folder in roles.items()})
    rows = [json.loads(line) for line in (tmp_path / ANSWERS).read_text().split("\n")[:-1]]
    persona, em = Adapter("persona", lora["persona"] / "adapter"), Adapter("em", lora["em"] / "adapter")
    for scale, acting in ((0.0, (persona,)), (0.5, (persona, em.weighted(0.5))), (1.0, (persona, em))):
        own = {row["subject"] for row in rows if row["cell"]["scale"] == scale}
        assert own == {Subject(tiny("qwen2"), acting).hash}
    assert len(read_answers(tmp_path / ANSWERS, asked.read())) == 3 * 6 * 2
