"""What many stacks on one model answer to open questions: one step, one batch, nothing loaded twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_lines, write_json, write_jsonl
from eudaimon.core.identity import short_hash
from eudaimon.core.progress import progress
from eudaimon.evaluate.questions.question import Question
from eudaimon.models.adapters.adapter import AdapterStack
from eudaimon.models.adapters.merged import read_merged
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.adapters import AdapterStep
from eudaimon.study.steps.asked import AskedQuestions
from eudaimon.study.steps.model import ModelStep, placed
from eudaimon.study.summary.along import SCALE
from eudaimon.train.needs.needs import answer_needs

if TYPE_CHECKING:
    from eudaimon.models.adapters.grid import StackGrid

ANSWERS = "answers.jsonl"
PROOFS = "proofs.json"
PARTS = "parts"
AT_ONCE = 8
"""Questions between two files: what a killed run loses."""
BYTES_A_TOKEN = 6
"""Of an answer's line, its labels included."""


class StackLabel(BaseModel):
    """What the answers of a stack are filed under: the cell of the design, the training's seed, its step.

    With ``step`` the last adapter of the stack is the checkpoint of that step, and with step 0 it is not
    there. With ``scale`` it acts at that share of its own strength, and the cell says so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    cell: dict[str, str | int | float | bool | None]
    seed: int = 0
    step: int | None = None
    scale: float | None = Field(default=None, ge=0)

    def filed(self) -> dict[str, Any]:
        """``cell``, ``seed`` and ``step`` as the answers' lines have them."""
        scaled = {} if self.scale is None else {SCALE: self.scale}
        return {"cell": {**self.cell, **scaled}, "seed": self.seed, "step": self.step}


class GridAnswers(Step):
    """Answers of every stack by name to every question, ``n_samples`` times, as a judge reads them.

    `ANSWERS` has a line for each: ``question``, ``answer``, ``sample``, and the ``cell``, ``seed`` and
    ``step`` of the stack's label (without one, its name is the cell's ``stack``), and ``subject``, the hash
    of what spoke. `PROOFS` has the ledger's proof of each stack by name, with
    the names of adapters that are merged into the model's weights. The same numbers are drawn for every
    stack, and for a question whatever else is asked.
    """

    resumes: ClassVar[bool] = True

    model: ModelStep
    stacks: dict[str, tuple[AdapterStep, ...]]
    questions: AskedQuestions
    labels: dict[str, StackLabel] = Field(default_factory=dict)
    study: str = ""
    n_samples: int = 1
    max_new_tokens: int = 600
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0
    most_rows: int | None = None
    device: str | None = None

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Prove all stacks, ask what was not asked yet, and put the answers together."""
        from eudaimon.models.adapters.grid import open_grid
        from eudaimon.models.load import load

        unknown = sorted(set(self.labels) - set(self.stacks))
        if unknown:
            raise UsageError(f"{unknown[0]} is the label of no stack", right=", ".join(self.stacks))
        if (out / ANSWERS).is_file():
            shutil.rmtree(out / PARTS)
            return
        asked = self.questions.read()
        stacks = {name: self._stack(name, inputs) for name in self.stacks}
        checkpoint = self.model.checkpoint(inputs["model"])
        grid = open_grid(load(checkpoint, device=placed(self.device, self.model, self.cost())), stacks)
        subjects = _subjects(checkpoint, stacks)
        merged = read_merged(checkpoint)
        about = {"merged": merged.names if merged else ()}
        write_json(out / PROOFS, {name: _proof(grid, name, subjects[name]) | about for name in stacks})
        batches = [asked[start : start + AT_ONCE] for start in range(0, len(asked), AT_ONCE)]
        with progress("asked", len(asked), "questions") as advance:
            for number, batch in enumerate(batches):
                part = _part(out, number)
                if not part.is_file():
                    write_jsonl(part, self._answers(grid, batch, subjects))
                advance(len(batch))
        write_jsonl(
            out / ANSWERS, (row for number in range(len(batches)) for row in _rows(_part(out, number)))
        )
        shutil.rmtree(out / PARTS)

    def cost(self) -> Cost:
        """Answers of all stacks, as long as they may be; the disk holds their text."""
        n_answers = len(self.stacks) * len(self.questions.read()) * self.n_samples
        needs = partial(answer_needs, n_answers=n_answers, new_tokens=self.max_new_tokens)
        n_tokens = n_answers * self.max_new_tokens
        return replace(self.model.cost_of(needs, n_tokens), disk_mb=1 + BYTES_A_TOKEN * n_tokens / 1e6)

    def label(self, name: str) -> StackLabel:
        """What the answers of a stack are filed under."""
        return self.labels.get(name, StackLabel(cell={"stack": name}))

    def _stack(self, name: str, inputs: Mapping[str, Path]) -> AdapterStack:
        steps, at = self.stacks[name], self.label(name).step
        folders = [inputs[f"stacks.{name}.{place}"] for place in range(len(steps))]
        stack = [step.adapter(folder) for step, folder in zip(steps, folders, strict=True)]
        if at is not None:
            if not stack:
                raise UsageError(f"{name} has no adapter that could have a step {at}", right="step: null")
            # Before the first step an adapter adds nothing.
            stack[-1:] = [steps[-1].kept(folders[-1], at)] if at else []
        scale = self.label(name).scale
        if scale is not None and stack:
            stack[-1:] = [stack[-1].weighted(scale)] if scale else []
        return tuple(stack)

    def _answers(
        self, grid: StackGrid, batch: tuple[Question, ...], subjects: Mapping[str, str]
    ) -> Iterator[dict[str, Any]]:
        found = grid.generate(
            [question.messages for question in batch],
            n_samples=self.n_samples,
            max_new_tokens=self.max_new_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=[_seed(self.seed, question) for question in batch],
            most_rows=self.most_rows,
            show_progress=False,
        )
        for name, answers in found.items():
            about = {"study": self.study, "subject": subjects[name], **self.label(name).filed()}
            for question, samples in zip(batch, answers, strict=True):
                for sample, answer in enumerate(samples):
                    yield {"question": question.id, "answer": answer, "sample": sample, **about}


def _seed(seed: int, question: Question) -> int:
    """A seed of the question's own: what is asked beside it, and in which batch, does not matter."""
    return int(short_hash([seed, question.id]), 16)


def _subjects(checkpoint: str, stacks: Mapping[str, AdapterStack]) -> dict[str, str]:
    from eudaimon.models.adapters.subject import Subject

    base = Subject(checkpoint)
    return {
        name: Subject(checkpoint, stack, (), base.fingerprint, base.tokenizer).hash
        for name, stack in stacks.items()
    }


def _proof(grid: StackGrid, name: str, subject: str) -> dict[str, Any]:
    names = [adapter.name for adapter in grid.stacks[name]]
    return grid.proofs[name].to_json() | {"names": names, "subject": subject}


def _part(out: Path, number: int) -> Path:
    return out / PARTS / f"{number:05d}.jsonl"


def _rows(path: Path) -> Iterator[Any]:
    for _, line in read_lines(path):
        yield json.loads(line)
