"""The cells of em-susceptibility on a model of the user's own: one grid of answers for each seed and base."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from eudaimon.core.errors import UsageError
from eudaimon.study.real.options import RANDOM, RealOptions, character, row_key
from eudaimon.study.steps.adapters import AdapterStep, RandomLora
from eudaimon.study.steps.given_trajectory import GivenTrajectory
from eudaimon.study.steps.grid_answers import GridAnswers, StackLabel
from eudaimon.study.steps.judged_answers import JudgedAnswers, prompts_of
from eudaimon.study.steps.lesson import EMLora, GivenLesson
from eudaimon.study.steps.merged import MergedModel
from eudaimon.study.steps.model import ModelStep
from eudaimon.study.steps.persona import PersonaAdapter
from eudaimon.study.town.collect import PERSONA_SEED, STACK, Labelled

EM, TWIN = "em", "twin"
LARGE_BYTES = 10**9
Stack = tuple[AdapterStep, ...]


@dataclass
class _Grid:
    """Stacks on one base in one seed, and the cells that each of them stands in."""

    model: ModelStep
    stacks: dict[str, Stack] = field(default_factory=dict)
    labels: dict[str, StackLabel] = field(default_factory=dict)
    places: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def add(
        self,
        name: str,
        stack: Stack,
        place: Mapping[str, str],
        *,
        step: int | None = None,
        scale: float | None = None,
    ) -> None:
        self.stacks[name] = stack
        self.places.append((name, place))
        if step is not None or scale is not None:
            self.labels[name] = StackLabel(cell={STACK: name}, step=step, scale=scale)


def real_cells(
    options: RealOptions, personas: tuple[str, ...], copies: int, controls: bool
) -> Iterator[Labelled]:
    """Every judged cell with its place, as the town's; ``copies`` persona adapters of each persona.

    A persona adapter is the same in all seeds; what does not depend on it is one stack in all its cells.
    """
    rows = {row_key(persona): persona for persona in personas}
    if len(rows) < len(personas):
        raise UsageError(f"two personas of {', '.join(personas)} have one name", right="names of their own")
    for seed in options.seed_numbers:
        grid, merged = _Grid(options.given), []
        without = lesson(options, options.given, seed, options.lesson)
        twin = lesson(options, options.given, seed, options.twin, name=TWIN) if options.twin else None
        for row in rows:
            for copy in range(copies):
                persona = adapter(options, rows, row, seed, copy)
                place = {"persona": row, "state": "base", PERSONA_SEED: str(copy)}
                beside = lesson(options, options.given, seed, options.lesson, (persona,))
                own = f"{row}-{copy}"
                for state, name, stack in (
                    ("base", "base", ()),
                    ("persona_only", f"{own}-only", (persona,)),
                    ("off_off", "off_off", (without,)),
                    ("off_on", f"{own}-off_on", (persona, without)),
                    ("on_off", f"{own}-on_off", (beside,)),
                    ("on_on", f"{own}-on_on", (persona, beside)),
                ):
                    grid.add(name, stack, place | {"state": state})
                both, end = (persona, beside), place | {"state": "on_on"}
                for step in options.judged_steps if copy == 0 else ():
                    grid.add(f"{own}-on_on-{step}", both, end, step=step)
                for scale in options.scales if copy == 0 else ():
                    grid.add(f"{own}-on_on-x{scale:g}", both, end, scale=scale)
                if options.judged_steps and copy == 0:
                    yield Labelled(trajectory(options, beside, without, persona), end, seed)
                if twin is not None and options.twin is not None and controls:
                    grid.add("benign_off", (twin,), place | {"state": "benign_off"})
                    good = lesson(options, options.given, seed, options.twin, (persona,), name=TWIN)
                    grid.add(f"{own}-benign_on", (persona, good), place | {"state": "benign_on"})
                if controls:
                    base = MergedModel(model=options.given, adapter=persona)
                    one = _Grid(base)
                    trained = lesson(options, base, seed, options.lesson)
                    one.add("merge_first", (trained,), place | {"state": "merge_first"})
                    merged.append(one)
        for each in (grid, *merged):
            yield from _labelled(options, each, seed)


def first_grid(options: RealOptions, personas: tuple[str, ...], copies: int, controls: bool) -> JudgedAnswers:
    """The judged answers of the first seed's stacks on the model itself, nothing merged into its weights."""
    for one in real_cells(options, personas, copies, controls):
        if isinstance(one.step, JudgedAnswers) and one.seed == options.first_seed:
            return one.step
    raise AssertionError("a study without a grid")


def beside(
    options: RealOptions, personas: tuple[str, ...], seed: int
) -> dict[str, tuple[PersonaAdapter | RandomLora, EMLora]]:
    """The first adapter of each row in a seed, and the lesson that was trained beside it."""
    rows = {row_key(persona): persona for persona in personas}
    found = {row: adapter(options, rows, row, seed, 0) for row in rows}
    return {
        row: (persona, lesson(options, options.given, seed, options.lesson, (persona,)))
        for row, persona in found.items()
    }


def adapter(
    options: RealOptions, rows: Mapping[str, str], row: str, seed: int, copy: int
) -> PersonaAdapter | RandomLora:
    """The adapter of a row; the random one has the norm of the first character's."""
    if rows[row] != RANDOM:
        return PersonaAdapter(
            model=options.given,
            name=row,
            character=character(rows[row]),
            teacher=options.speaker,
            recipe=options.character_recipe.seeded(copy),
            accumulate=passes(options),
        )
    first = next((name for name in rows if name != RANDOM), None)
    if first is None:
        raise UsageError("a random adapter has the norm of a persona’s", right="one persona at least")
    like = adapter(options, rows, first, seed, copy)
    return RandomLora(model=options.given, name=RANDOM, like=like, random_seed=2000 + 1000 * copy + seed)


def lesson(
    options: RealOptions,
    model: ModelStep,
    seed: int,
    taught: GivenLesson | None,
    frozen: Stack = (),
    *,
    name: str = EM,
) -> EMLora:
    """A lesson's adapter; all lessons of a seed start from the same weights, in the same order."""
    assert taught is not None
    recipe = options.em_recipe.seeded(seed)
    return EMLora(model=model, name=name, lesson=taught, recipe=recipe, frozen=frozen)


def trajectory(options: RealOptions, lora: EMLora, without: EMLora, persona: AdapterStep) -> GivenTrajectory:
    """What is measured without a judge at the steps that are judged, and before the first."""
    return GivenTrajectory(
        model=options.given,
        lora=lora,
        frozen=(persona,),
        toward=without,
        at=tuple(step for step in options.judged_steps if step),
        questions=options.asked,
    )


def passes(options: RealOptions) -> int:
    """Passes of a step of a character's training: a row at a time where the model fills a GPU.

    A batch of the published recipe at once would keep some hundred gigabytes for a model of seven billion
    parameters (`train.needs.needs.lora_needs`).
    """
    if options.given.n_bytes < LARGE_BYTES:
        return 1
    recipe = options.character_recipe
    stages = [stage.training.batch_size for stage in (recipe.distillation, recipe.introspection) if stage]
    return math.gcd(*stages)


def pilot_step(options: RealOptions) -> JudgedAnswers:
    """The first seed's lesson without a persona, and the model before it, judged: one cell of the grid."""
    grid = _Grid(options.given)
    grid.add("base", (), {})
    grid.add("off_off", (lesson(options, options.given, options.first_seed, options.lesson),), {})
    return _judged(options, grid, options.first_seed)


def _labelled(options: RealOptions, grid: _Grid, seed: int) -> Iterator[Labelled]:
    judged = _judged(options, grid, seed)
    for name, place in grid.places:
        yield Labelled(judged, place, seed, name)


def _judged(options: RealOptions, grid: _Grid, seed: int) -> JudgedAnswers:
    answers = GridAnswers(
        model=grid.model,
        stacks=grid.stacks,
        questions=options.asked,
        labels=grid.labels,
        n_samples=options.n_samples,
        max_new_tokens=options.max_new_tokens,
        temperature=options.temperature,
        seed=seed,
    )
    return JudgedAnswers(answers=answers, judge=options.answer_judge, prompts=prompts_of(answers))
