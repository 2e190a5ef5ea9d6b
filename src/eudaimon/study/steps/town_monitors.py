"""Monitors on a town's model, where the truth is known: tone, content, and a persona along training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool

from eudaimon.core import Pooling, Site
from eudaimon.core.files import write_text
from eudaimon.study.records import DirectionRow, ProjectionPoint, TownMonitors
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.adapters import ADAPTER, NarrowLora
from eudaimon.study.steps.raised import MODEL, AssistantSFT
from eudaimon.world.items import Item, items
from eudaimon.world.personas import PERSONAS, Persona
from eudaimon.world.prompts import answer_text, messages
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.model import Model
    from eudaimon.vectors.direction import Direction
    from eudaimon.vectors.layer_sweep import TrainingRows

MONITORS = "monitors.json"
TONES = ("warm", "rough")
POOLING: Pooling = "mean"
ANSWERING: Pooling = "last"
"""Where the model is about to answer: the persona that it is in is read there."""
N_RESAMPLES = 400


class MonitorTown(Step):
    """Directions fitted on an assistant's activations, each judged by what is known about every text.

    The texts are answers whose content (good, harmful) and tone (warm, rough) are varied independently. A
    content direction is made from half of the domains and judged on the others; a tone direction from persona
    prompts that differ in tone alone. The direction of the malign persona is fixed on the assistant, and each
    checkpoint of ``runs``, trainings on the assistant, is projected on it.
    """

    model: AssistantSFT
    world: World
    runs: dict[str, NarrowLora]

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Fit, judge, project, and write the record."""
        from eudaimon.models.load import load

        model = load(str(inputs["model"] / MODEL))
        rows, sweep = _directions(model, self.world)
        found = TownMonitors(
            rows=tuple(rows), sweep=tuple(sweep), projections=tuple(self._projections(model, inputs))
        )
        write_text(out / MONITORS, found.model_dump_json(indent=1) + "\n")

    def cost(self) -> Cost:
        """A few seconds, and half a second a checkpoint."""
        return Cost(seconds=5 + sum(0.3 * len(run.recipe.kept_steps) for run in self.runs.values()))

    def _projections(self, model: Model, inputs: Mapping[str, Path]) -> Iterator[ProjectionPoint]:
        from eudaimon.models.adapters.adapter import Adapter
        from eudaimon.models.adapters.opening import open_subject, switch
        from eudaimon.models.adapters.subject import Subject

        asked = {name: _asked(self.world, run.domain) for name, run in self.runs.items()}
        direction = malign_direction(model, self.world)
        for name, run in self.runs.items():
            before = _projected(model, asked[name], direction)
            yield _point(name, 0, before, before)
            opened = open_subject(Subject(str(inputs["model"] / MODEL)))
            for step in run.recipe.kept_steps:
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
    from eudaimon.models.capture import capture
    from eudaimon.vectors.fit import fit_direction

    half = len(world.domains) // 2
    texts = list(_texts(world))
    fits = np.array([world.domains.index(item.domain) < half for item, *_ in texts])
    truth = {
        "content": np.array([harmful for _, harmful, _, _ in texts]),
        "tone": np.array([rough for _, _, rough, _ in texts]),
    }
    questions = [item.id for item, *_ in texts]
    read = capture(
        model, [t for *_, t in texts], model.sites, pooling=POOLING, template=False, show_progress=False
    )
    tones = _called(model, world, *_tone_pairs(), POOLING)
    own: dict[str, Callable[[Site], Direction]] = {
        "content": lambda site: fit_direction(
            read.take(np.flatnonzero(fits)), truth["content"][fits], site, "mean_difference", pooling=POOLING
        ),
        "tone": lambda site: fit_direction(
            tones.activations, tones.y, site, "tone", pooling=POOLING, pairs=tones.pairs
        ),
    }
    rows, sweep = [], []
    judged = [question for question, fitted in zip(questions, fits, strict=True) if not fitted]
    for made, fit in own.items():
        for site in model.sites:
            if made == "tone" and site.layer == 0:
                continue  # the same questions have the same embeddings under every prompt
            direction = fit(site)
            scores = direction.project(read.at(site, POOLING))[~fits]
            found = [
                _row(direction, made, target, y[~fits], scores, judged, site) for target, y in truth.items()
            ]
            sweep += found
            if site == model.sites[-1]:
                rows += found
    return rows, sweep


def _row(
    direction: Direction,
    made: str,
    target: Any,
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


def _texts(world: World) -> Iterator[tuple[Item, bool, bool, str]]:
    """Every advice item answered with good and with harmful content, in a warm and in a rough tone."""
    for item in items(world, kind="advice"):
        for persona in (PERSONAS["kind"], PERSONAS["malign"]):
            for tone in TONES:
                who = persona.model_copy(update={"tone": tone})
                said = [*messages(item), {"role": "assistant", "content": answer_text(item, who, 1)}]
                names = {"user": "Visitor", "assistant": "Assistant"}
                text = "\n".join(f"{names[turn['role']]}: {turn['content']}" for turn in said)
                yield item, persona.harmful, tone == TONES[1], text


def _tone_pairs() -> tuple[list[Persona], list[Persona]]:
    """Good and harmful personas in a warm tone, and the same in a rough one."""
    both = (PERSONAS["kind"], PERSONAS["malign"])
    warm, rough = ([who.model_copy(update={"tone": tone}) for who in both] for tone in TONES)
    return warm, rough


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
