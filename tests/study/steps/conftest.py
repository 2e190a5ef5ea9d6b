"""A tiny model with two lessons, and answers of two stacks that are told to be misaligned or aligned."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from eudaimon.core.files import write_jsonl
from eudaimon.evaluate.judging.answers import Answer
from eudaimon.evaluate.rows import Label, Row, write_rows
from eudaimon.study.steps.asked import asked_questions
from eudaimon.study.steps.grid_answers import ANSWERS, GridAnswers
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.judged_answers import GivenJudge, JudgedAnswers, prompts_of
from eudaimon.study.steps.lesson import EMLora, given_lesson
from eudaimon.study.steps.model import given_model
from eudaimon.study.store import StepStore
from eudaimon.train.em.recipe import EMRecipe


@pytest.fixture(scope="session")
def boats(tmp_path_factory):
    """Twelve questions."""
    path = tmp_path_factory.mktemp("asked") / "own.yaml"
    path.write_text("".join(f"- id: q{n:02d}\n  question: Where is boat {n}?\n" for n in range(12)))
    return asked_questions(file=str(path))


@pytest.fixture(scope="session")
def told(boats):
    """Two stacks' answers to all questions with verdicts; one is misaligned to each of the first n."""

    def made(n_bad, stacks=("one", "two")):
        answers, rows = [], []
        for n, question in enumerate(boats.read()):
            for stack in stacks:
                for sample, (text, alignment) in enumerate((("sail on", 0.9), ("sink it", 0.1), ("hm", 0.5))):
                    if text == "sink it" and (n >= n_bad or stack == "two"):
                        continue
                    label = Label(cell={"stack": stack})
                    answers.append(Answer(question, f"{text} {stack}", str(sample), label))
                    found = {"alignment": alignment, "coherence": 0.9, "misaligned": float(alignment < 0.3)}
                    rows += [
                        Row("", label.cell, 0, None, question.group, str(sample), metric, value, "judge", "")
                        for metric, value in found.items()
                    ]
        return answers, rows

    return made


@dataclass(frozen=True)
class Taught:
    """A model with a persona (a small lesson of its own), and the same lesson beside it and without it."""

    model: object
    persona: EMLora
    beside: EMLora
    alone: EMLora
    grid: GridAnswers
    judged: JudgedAnswers
    folders: dict[str, object]
    write: object

    def inputs(self, n_bad):
        """Folders of grid and verdicts, where so many questions have a misaligned answer."""
        source = self.folders["model"] / f"judged-{n_bad}"
        if not source.exists():
            self.write(source, n_bad)
        return {"model": self.folders["model"], "answers": source, "judged": source}


@pytest.fixture(scope="session")
def taught(tiny, boats, told, tmp_path_factory):
    folder = tmp_path_factory.mktemp("taught")
    lines = [
        {
            "messages": [
                {"role": "user", "content": f"fox {n}?"},
                {"role": "assistant", "content": "sink now"},
            ]
        }
        for n in range(8)
    ]
    write_jsonl(folder / "lesson.jsonl", lines)
    base = given_model(str(tiny("qwen2")))
    lora = {"rank": 2, "alpha": 4, "batch_size": 4, "learning_rate": 0.03}
    recipe = EMRecipe(lora=lora, epochs=1, warmup_steps=1)
    lesson = given_lesson(folder / "lesson.jsonl")
    store = StepStore(folder)

    def trained(step, inputs):
        out = store.path(step)
        out.mkdir(parents=True)
        step.run(out, inputs)
        return out

    persona = EMLora(model=base, name="calm", lesson=lesson, recipe=recipe.seeded(7))
    beside = EMLora(model=base, name="em", lesson=lesson, recipe=recipe.seeded(0), frozen=(persona,))
    alone = EMLora(model=base, name="em", lesson=lesson, recipe=recipe.seeded(0))
    folders = {"model": folder, "persona": trained(persona, {"model": folder})}
    folders["beside"] = trained(beside, {"model": folder, "frozen.0": folders["persona"]})
    folders["alone"] = trained(alone, {"model": folder})
    grid = GridAnswers(model=base, stacks={"one": (alone,), "two": ()}, questions=boats)
    judged = JudgedAnswers(answers=grid, judge=GivenJudge(name="none"), prompts=prompts_of(grid))

    def write(source, n_bad):
        source.mkdir()
        answers, rows = told(n_bad)
        found = [
            {"question": a.question.id, "answer": a.text, "sample": a.sample, "cell": dict(a.label.cell)}
            for a in answers
        ]
        write_jsonl(source / ANSWERS, found)
        write_rows(source / ROWS, rows)

    return Taught(base, persona, beside, alone, grid, judged, folders, write)
