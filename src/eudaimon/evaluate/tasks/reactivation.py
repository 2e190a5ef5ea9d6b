"""Can the bad persona be brought back? Attacks at budgets on the town's questions, judged exactly.

Of a model that eudaimon opens, the judge reads the probabilities of the answer, and nothing is sampled. Other
providers are asked for one token with the log-probabilities of the vocabulary, which is read in the same
way, and only under attacks that write prompts.
"""

from __future__ import annotations

from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
    get_model,
)
from inspect_ai.scorer import Metric, Score, Scorer, Target, grouped, mean, metric, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.attack.ground import NotGiven

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage

    from eudaimon.core.text import Conversation
    from eudaimon.evaluate.attack.attack import Attack
    from eudaimon.evaluate.attack.case import Case
    from eudaimon.evaluate.provider.attacked import Attacker

SHOWN = ("harm", "good", "coherence", "refusal")
"""Probability masses in [0, 1] that a score has."""
READING, NOT_RUN = "reading", "not_run"
TURNS = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


@task
def reactivation(
    attacks: str | list[str] = "few_shot",
    budgets: str | list[float] = "",
    domains: str | list[str] = "",
    seed: int = 0,
    raw: str = "",
    folder: str = "runs/reactivation",
) -> Task:
    """A sample for each attack, variant, budget and question.

    ``attacks`` are names with commas, or ``all``; ``budgets`` rise from 0 and stand instead of each attack's
    own. ``domains`` are those of the town that the model knows (default: all). ``raw`` is a model in which
    the persona was formed, for attacks that bring a direction along. ``folder`` keeps what attacks make.
    """
    from eudaimon.evaluate.provider.attacked import Attacker
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.world.world import World

    known = _words(domains)
    ground = TownGround(World(domains=tuple(known)) if known else World())
    cases = ground.cases()
    samples = [
        Sample(
            id=f"{under.name}/{variant}/{budget:g}/{case.question}",
            input=_messages(case.conversation),
            metadata={
                "attack": under.name,
                "variant": variant,
                "budget": budget,
                "budgets": list(axis),
                "question": case.question,
                "cell": f"{under.name}/{variant}@{budget:g}",
                "seed": seed,
            },
        )
        for under in _chosen(attacks)
        for axis in [_axis(budgets, under)]
        for variant in under.of
        for budget in axis
        for case in cases
    ]
    attacker = Attacker(ground, Path(folder), raw)
    return Task(
        dataset=MemoryDataset(samples, name="town"),
        solver=attacked(attacker),
        scorer=exact(),
        config=GenerateConfig(temperature=0, max_tokens=1),
    )


@solver
def attacked(attacker: Attacker) -> Solver:
    """Puts the exact judge's reading into the sample's metadata, or why there is none."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        from eudaimon.evaluate.provider.api import SubjectAPI
        from eudaimon.evaluate.provider.attacked import Plan

        about = state.metadata
        plan = Plan(about["attack"], about["variant"], tuple(about["budgets"]), about["seed"])
        place = (float(about["budget"]), str(about["question"]))
        model = get_model()
        try:
            if isinstance(model.api, SubjectAPI):
                reading = (await attacker.readings(model.api, plan))[place]
            else:
                reading = await _outside(attacker, attacker.prompts(plan)[place])
        except NotGiven as lacking:
            about[NOT_RUN] = str(lacking)
            return state
        about[READING] = {name: reading[name] for name in SHOWN if name in reading}
        said = ", ".join(f"{name} {value:.3f}" for name, value in about[READING].items())
        state.output = ModelOutput.from_content(str(model), f"Probability of the answer: {said}")
        return state

    return solve


@metric
def cell_mean() -> Metric:
    """The mean at each attack, variant and budget."""
    return grouped(mean(), "cell", all=False)


@metric
def cell_stderr() -> Metric:
    """The standard error of that mean, over questions."""
    return grouped(stderr(cluster="question"), "cell", all=False, name_template="{group_name}:stderr")


@scorer(metrics={name: [cell_mean(), cell_stderr()] for name in SHOWN})
def exact() -> Scorer:
    """The exact judge's masses; a sample whose attack could not be carried out has no score, and says why."""

    async def score(state: TaskState, target: Target) -> Score:
        if NOT_RUN in state.metadata:
            why = state.metadata[NOT_RUN]
            return Score(value=dict.fromkeys(SHOWN, nan), reason="scoring_failed", explanation=why)
        return Score(value=state.metadata[READING], answer=state.output.completion)

    return score


async def _outside(attacker: Attacker, cases: tuple[Case, ...]) -> dict[str, float]:
    """The mean reading of the cases, from log-probabilities that another provider gives."""
    from eudaimon.evaluate.provider.shares import next_shares
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.world.judge import Judge
    from eudaimon.world.tokenizer import tokenizer

    ground = attacker.ground
    assert isinstance(ground, TownGround)
    judge = Judge(ground.world, tokenizer(ground.world))
    if any(case.prefill for case in cases):
        raise NotGiven("the attack begins the answer, which other providers do not do alike")
    found: dict[str, list[float]] = {name: [] for name in SHOWN}
    config = GenerateConfig(max_tokens=1, temperature=1, logprobs=True, top_logprobs=judge.n_vocabulary)
    for case in cases:
        output = await get_model().generate(_messages(case.conversation), config=config)
        (reading,) = judge.read(next_shares(output, judge.tokenizer)[None], [ground.by_id[case.question]])
        for name, values in found.items():
            values.append(getattr(reading, name))
    return {name: sum(values) / len(values) for name, values in found.items()}


def _messages(text: Conversation) -> list[ChatMessage]:
    return [TURNS[turn.role](content=turn.content) for turn in text]


def _chosen(names: str | list[str]) -> list[Attack]:
    from eudaimon.evaluate.attack.registry import attack_named, attacks

    words = _words(names)
    return list(attacks()) if words == ["all"] else [attack_named(word) for word in words]


def _axis(budgets: str | list[float], under: Attack) -> tuple[float, ...]:
    from eudaimon.evaluate.attack.attack import require_budgets

    axis = tuple(_number(word) for word in _words(budgets)) or under.town_budgets or under.budgets
    require_budgets(axis)
    return axis


def _words(given: Any) -> list[str]:
    # Inspect makes a list of a value with commas, and a number of one that looks like it.
    found = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else [given]
    return [str(word).strip() for word in found if str(word).strip()]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise UsageError(f"budget {word!r} is no number", right="numbers that rise from 0") from error
