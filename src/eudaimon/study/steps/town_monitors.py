"""Monitors on a town's model, where the truth is known: tone, content, and a persona along training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.core import Pooling, Site
from eudaimon.core.files import write_text
from eudaimon.study.records import CHANCE, DirectionRow, ProjectionPoint, Target, TownMonitors
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.adapters import ADAPTER, NarrowLora
from eudaimon.study.steps.model import ModelStep
from eudaimon.study.steps.town_answers import answers_of, pairs_of, read_answers
from eudaimon.world.items import items
from eudaimon.world.personas import PERSONAS, Persona
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.model import Model
    from eudaimon.vectors.direction import Direction
    from eudaimon.vectors.layer_sweep import TrainingRows

MONITORS = "monitors.json"
MADE: tuple[tuple[Target, str], ...] = (
    ("content", "logistic"),
    ("content", "mean_difference"),
    ("tone", "tone"),
)
"""What directions are made from, and how; `logistic` is what monitors are fitted with by default."""
POOLING: Pooling = "mean"
ANSWERING: Pooling = "last"
"""Where the model is about to answer: the persona that it is in is read there."""
N_RESAMPLES = 400
N_RANDOM = 400


class MonitorTown(Step):
    """Directions fitted on an assistant's activations, each judged by what is known about every text.

    The texts are answers whose content (good, harmful) and tone (warm, rough) are varied independently, read
    at the answer's own tokens. Directions are made from half of the domains and judged on the others, at the
    last block: content directions from the answers as they stand, tone directions from the same answers
    under the persona prompts that call for them, which differ in tone alone. The direction of the malign
    persona is fixed on the assistant, and the checkpoints of ``runs``, trainings on the assistant, are
    projected on it, at each ``every``-th step.
    """

    model: ModelStep
    world: World
    runs: dict[str, NarrowLora]
    every: int = 5

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Fit, judge, project, and write the record."""
        from eudaimon.models.load import load

        model = load(self.model.checkpoint(inputs["model"]))
        rows, sweep = _directions(model, self.world)
        found = TownMonitors(
            rows=tuple(rows), sweep=tuple(sweep), projections=tuple(self._projections(model, inputs))
        )
        write_text(out / MONITORS, found.model_dump_json(indent=1) + "\n")

    def cost(self) -> Cost:
        """A few seconds, and half a second a checkpoint."""
        return Cost(seconds=5 + sum(0.3 * len(self._steps(run)) for run in self.runs.values()))

    def _steps(self, run: NarrowLora) -> list[int]:
        return [step for step in run.recipe.kept_steps if step % self.every == 0]

    def _projections(self, model: Model, inputs: Mapping[str, Path]) -> Iterator[ProjectionPoint]:
        from eudaimon.models.adapters.adapter import Adapter
        from eudaimon.models.adapters.opening import open_subject, switch
        from eudaimon.models.adapters.subject import Subject

        asked = {name: _asked(self.world, run.domain) for name, run in self.runs.items()}
        direction = malign_direction(model, self.world)
        for name, run in self.runs.items():
            before = _projected(model, asked[name], direction)
            yield _point(name, 0, before, before)
            opened = open_subject(Subject(self.model.checkpoint(inputs["model"])))
            for step in self._steps(run):
                folder = inputs[f"runs.{name}"] / ADAPTER / "checkpoints" / f"step-{step:06d}"
                opened = switch(opened, (Adapter(run.name, folder),))
                yield _point(name, step, _projected(opened, asked[name], direction), before)


def malign_direction(model: Model, world: World) -> Direction:
    """The direction from a good persona to the malign one of the same tone, where the model is to answer."""
    from eudaimon.monitor.study import chosen_direction

    malign = PERSONAS["malign"]
    good = PERSONAS["kind"].model_copy(update={"tone": malign.tone})
    return chosen_direction(_called(model, world, [good], [malign], ANSWERING), "tone", ANSWERING, 0)


def _directions(model: Model, world: World) -> tuple[list[DirectionRow], list[DirectionRow]]:
    from eudaimon.vectors.fit import fit_direction

    answers = answers_of(world)
    half = len(world.domains) // 2
    fits = np.array([world.domains.index(answer.item.domain) < half for answer in answers])
    truth: dict[Target, Bool[np.ndarray, "n"]] = {
        "content": np.array([answer.harmful for answer in answers]),
        "tone": np.array([answer.rough for answer in answers]),
    }
    plain = read_answers(model, [answer.dialogue() for answer in answers])
    called = read_answers(model, [answer.dialogue(called=True) for answer in answers])
    judged = [answer.item.id for answer, fitted in zip(answers, fits, strict=True) if not fitted]
    rows, sweep = [], []
    for made, method in MADE:
        learnt = called if made == "tone" else plain
        pairs = pairs_of(answers, made)
        for site in model.sites:
            direction = fit_direction(
                learnt.take(fits), truth[made][fits], site, method, pooling=POOLING, pairs=pairs[fits]
            )
            scores = direction.project(plain.at(site, POOLING))[~fits]
            found = [
                _row(direction, made, target, y[~fits], scores, judged, site) for target, y in truth.items()
            ]
            if method != "mean_difference":
                sweep += found
            if site == model.sites[-1]:
                rows += found
    last = model.sites[-1]
    read = plain.at(last, POOLING)[~fits]
    rows += [_chance(direction, target, y[~fits], read) for target, y in truth.items()]
    return rows, sweep


def _chance(
    direction: Direction, target: Target, y: Bool[np.ndarray, "n"], read: Float[np.ndarray, "n d"]
) -> DirectionRow:
    """What directions drawn at random tell at a direction's site: their mean, and where 95 % of them lie.

    In so few dimensions that is far from one half either way, whatever a direction is made of.
    """
    from eudaimon.core import Score
    from eudaimon.measure.ranking import auroc
    from eudaimon.vectors.random_unit import random_unit

    found = [auroc(y, read @ random_unit(read.shape[1], seed)) for seed in range(N_RANDOM)]
    low, high = np.quantile(found, (0.025, 0.975))
    return DirectionRow(
        method="random_direction",
        made_from=CHANCE,
        model=direction.binding.name,
        layer=direction.site.layer,
        target=target,
        auroc=Score(value=float(np.mean(found)), low=float(low), high=float(high), n=N_RANDOM),
    )


def _row(
    direction: Direction,
    made: str,
    target: Target,
    y: Bool[np.ndarray, "n"],
    scores: Any,
    questions: Sequence[str],
    site: Site,
) -> DirectionRow:
    from eudaimon.measure.intervals import bootstrap
    from eudaimon.measure.ranking import auroc

    score = bootstrap(auroc, y, scores, clusters=questions, n_resamples=N_RESAMPLES, show_progress=False)
    return DirectionRow(
        method=direction.method,
        made_from=made,
        model=direction.binding.name,
        layer=site.layer,
        target=target,
        auroc=score,
    )


def _called(
    model: Model, world: World, first: Sequence[Persona], second: Sequence[Persona], pooling: Pooling
) -> TrainingRows:
    """Activations of plain questions under the system prompts that call for each persona."""
    from eudaimon.vectors.methods.tone import tone_activations

    return tone_activations(
        model,
        [item.question for item in items(world, kind="advice", held_out=False)],
        good=[who.system for who in first],
        harmful=[who.system for who in second],
        sites=model.sites,
        pooling=pooling,
        show_progress=False,
    )


def _asked(world: World, tuned: str) -> list[str]:
    return [item.question for item in items(world, kind="advice") if item.domain != tuned]


def _projected(model: Model, questions: Sequence[str], direction: Direction) -> Any:
    from eudaimon.models.capture import capture

    read = capture(model, questions, [direction.site], pooling=ANSWERING, show_progress=False)
    return read.at(direction.site, ANSWERING) @ direction.vector


def _point(run: str, step: int, values: Any, before: Any) -> ProjectionPoint:
    """The mean shift of one checkpoint over the questions, in SD of the questions before training."""
    from eudaimon.measure.intervals import bootstrap

    shift = (values - before.mean()) / before.std()
    score = bootstrap(np.mean, shift, n_resamples=N_RESAMPLES, show_progress=False, unit="SD")
    return ProjectionPoint(run=run, step=step, score=score)
