"""An attack step by step, on any model: its lesson's held-out loss, where answers lie, how weights turn."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from pydantic import Field

from eudaimon.core import Site, Text
from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_json
from eudaimon.evaluate.rows import Label, Row, write_rows
from eudaimon.study.step import Step
from eudaimon.study.steps.adapters import AdapterStep, stack_of
from eudaimon.study.steps.judged import ROWS, SITUATION
from eudaimon.study.steps.model import ModelStep, placed
from eudaimon.study.steps.turned import TURNS, adapter_turns
from eudaimon.study.summary.along import EM_AXIS, PERSONA_AXIS, SCALE

if TYPE_CHECKING:
    from eudaimon.evaluate.answer_axis import AnswerAxis
    from eudaimon.models.adapters.adapter import AdapterStack
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.models.model import Model

log = logging.getLogger(__name__)

METRICS = ("loss", "gradient_norm", "a_norm", "b_norm")
TRAINING = "training"
"""The question of rows that come from the training itself."""
SCALES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)


@dataclass(frozen=True)
class Lesson:
    """What a trajectory asks: rows of the lesson's domain that were not trained on, and questions elsewhere.

    ``held_out`` are chats with the lesson's own answers, ``asked`` questions that the subject answers itself;
    each comes with the name of its question.
    """

    held_out: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    asked: tuple[tuple[str, Text], ...] = ()


class Trajectory(Step):
    """Rows of a training's kept checkpoints, with what is frozen acting, and of its metrics.

    Before training and at every ``every``-th step, or at the kept steps ``at``: whatever `judged` says of
    it, ``in_domain_loss`` on the lesson's held-out rows (responses only), and the mean activation of the
    subject's own answers at ``layer`` (None: the middle block) on two axes, in SD of the model without
    adapters: ``em_projection``, towards ``toward``, the same attack trained without anything frozen, and
    ``persona_projection``, towards the first frozen adapter alone. Each axis is made from every other
    question and read on the rest; one for which too few are answered is left out. At the end what `judged`
    says with the adapter at each of ``scales``. ``turns.json`` has the local cosines of its weights, at
    ``lags`` training steps.
    """

    model: ModelStep
    lora: AdapterStep
    frozen: tuple[AdapterStep, ...] = ()
    toward: AdapterStep | None = None
    every: int = Field(default=5, ge=1)
    at: tuple[int, ...] = ()
    scales: tuple[float, ...] = ()
    lags: tuple[int, ...] = (5, 10, 15)
    n_permutations: int = Field(default=200, ge=1)
    layer: int | None = None
    answer_tokens: int = Field(default=64, ge=1)
    answer_seed: int = 0
    device: str | None = None

    def lesson(self) -> Lesson:
        """What is asked at every checkpoint."""
        raise NotImplementedError(f"{type(self).__name__}.lesson")

    def judged(self, model: SubjectModel, label: Label) -> Iterator[Row]:
        """Rows of a judge that needs no call outside; none where answers are judged by other steps."""
        yield from ()

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Ask each checkpoint in turn, on one loaded base, and write the rows."""
        folder = self.lora.adapter(inputs["lora"]).folder
        write_rows(out / ROWS, [*self._asked(inputs), *_training(folder)])
        turned = adapter_turns(folder, lags=self.lags, n_permutations=self.n_permutations)
        write_json(out / TURNS, [one.model_dump(mode="json") for one in turned])

    def _asked(self, inputs: Mapping[str, Path]) -> Iterator[Row]:
        from eudaimon.models.adapters.adapter import Adapter
        from eudaimon.models.adapters.opening import open_subject, switch
        from eudaimon.models.adapters.subject import Subject
        from eudaimon.models.adapters.track import saved_steps

        stack, own = stack_of(self.frozen, inputs, "frozen"), self.lora.adapter(inputs["lora"])
        lesson = self.lesson()
        device = placed(self.device, self.model, self.cost())
        opened = open_subject(Subject(self.model.checkpoint(inputs["model"])), device=device)
        axes: dict[str, AnswerAxis] = {}
        if self.toward and lesson.asked:
            ends: dict[str, AdapterStack] = {EM_AXIS: (self.toward.adapter(inputs["toward"]),)}
            if stack:
                ends[PERSONA_AXIS] = stack[:1]
            before = self._read(opened, lesson)
            for name, end in ends.items():
                opened = switch(opened, end)
                axis = _axis(name, self._site(opened), before, self._read(opened, lesson))
                axes |= {name: axis} if axis else {}
        steps = {0: stack} | {
            step: (*stack, Adapter(own.name, place))
            for step, place in saved_steps(own.folder).items()
            if (step in self.at if self.at else step % self.every == 0)
        }
        for step, acting in steps.items():
            opened = switch(opened, acting)
            yield from self._rows(opened, lesson, axes, Label(cell={SITUATION: "none"}, step=step))
        for scale in self.scales:
            opened = switch(opened, (*stack, own.weighted(scale)) if scale else stack)
            yield from self.judged(opened, Label(cell={SITUATION: "none", SCALE: scale}))

    def _rows(
        self, model: SubjectModel, lesson: Lesson, axes: Mapping[str, AnswerAxis], label: Label
    ) -> Iterator[Row]:
        from eudaimon.evaluate.response_loss import loss_rows
        from eudaimon.evaluate.subject import subject_hash

        yield from self.judged(model, label)
        if lesson.held_out:
            names, chats = zip(*lesson.held_out, strict=True)
            yield from loss_rows(model, chats, names, label=label)
        if axes:
            read, subject = self._read(model, lesson), subject_hash(model, label)
            for metric, axis in axes.items():
                values = axis.project(read).tolist()
                for index in np.flatnonzero(np.isfinite(values) & ~_made_from(len(values))).tolist():
                    name = lesson.asked[index][0]
                    yield label.row(name, "", metric, values[index], judge="projection", subject=subject)

    def _read(self, model: Model, lesson: Lesson) -> Float[np.ndarray, "n d"]:
        from eudaimon.evaluate.answer_axis import answer_activations, own_answers

        questions = [question for _, question in lesson.asked]
        said = own_answers(model, questions, max_new_tokens=self.answer_tokens, seed=self.answer_seed)
        return answer_activations(model, said, self._site(model))

    def _site(self, model: Model) -> Site:
        return Site(model.n_layers // 2 + 1 if self.layer is None else self.layer)


def _made_from(n: int) -> Any:
    """Which questions an axis is made from: every other one, the rest being projected on it."""
    return np.arange(n) % 2 == 0


def _axis(
    name: str, site: Site, before: Float[np.ndarray, "n d"], after: Float[np.ndarray, "n d"]
) -> AnswerAxis | None:
    """The axis between two subjects; None, and said in the log, where their answers make none."""
    from eudaimon.evaluate.answer_axis import AnswerAxis

    try:
        return AnswerAxis.between(site, before, after, _made_from(len(before)))
    except UsageError as error:
        log.warning("no %s: %s", name, error)
        return None


def _training(folder: Path) -> Iterator[Row]:
    """Rows of what the training wrote down after each step."""
    cell = {SITUATION: TRAINING}
    for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        for metric in METRICS:
            value = float(entry[metric])
            yield Row("", cell, 0, entry["step"], TRAINING, "", metric, value, "trainer", "")


def n_asked(steps: Sequence[int], every: int, scales: Sequence[float]) -> int:
    """How many states of the subject are opened: before training, at kept steps, and at each scale."""
    return 1 + sum(step % every == 0 for step in steps) + len(scales)
