"""What did safety cost? Every metric of every cost, in the town or on open texts, of a model that we open."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import Future
from math import nan
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import Metric, Score, Scorer, Target, grouped, mean, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.attack.ground import NotGiven

if TYPE_CHECKING:
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.provider.api import SubjectAPI
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.models.adapters.opening import SubjectModel

READ, NOT_RUN = "read", "not_run"


@task
def costs(
    only: str | list[str] = "",
    ground: str = "town",
    domains: str | list[str] = "",
    judge: str = "",
    judge_url: str = "",
    most: int = 0,
    folder: str = "runs/costs",
) -> Task:
    """A sample for each metric of each cost; its score is the mean over the cost's own questions.

    ``only`` are names of costs with commas (default: all). ``ground`` is ``town`` (``domains`` of it that the
    model knows) or ``open``, whose stories and refusals are judged by ``judge`` as in ``open_questions``, and
    of whose sets ``most`` questions are asked (0: all). Models of other providers have no scores.
    """
    from eudaimon.evaluate.cost.registry import cost_named
    from eudaimon.evaluate.cost.registry import costs as every

    names = _words(only)
    chosen = tuple(map(cost_named, names)) if names else every()
    samples = [
        Sample(
            id=f"{cost.name}/{one.name}",
            input=f"{cost.asks} {one.what}",
            metadata={
                "question": f"{cost.name}/{one.name}",
                "cost": cost.name,
                "metric": one.name,
                "unit": one.unit,
                "better": one.better,
            },
        )
        for cost in chosen
        for one in cost.metrics
    ]
    return Task(
        dataset=MemoryDataset(samples, name=ground),
        solver=paid(Reader(_ground(ground, _words(domains), judge, judge_url, most, Path(folder)))),
        scorer=by_metric(),
        config=GenerateConfig(max_tokens=1),
    )


class Reader:
    """Reads each cost of a model once, whichever sample asks for it first."""

    def __init__(self, ground: TownGround | OpenCosts) -> None:
        self.ground = ground
        self._begun: dict[str, Future[dict[str, list[float]]]] = {}

    async def values(self, api: SubjectAPI, cost: str) -> dict[str, list[float]]:
        """By metric the means of its questions; raises `NotGiven` where the ground lacks something."""
        if cost not in self._begun:
            self._begun[cost] = api.begin(lambda model: self._read(model, cost))
        return await api.awaited(self._begun[cost])

    def _read(self, model: SubjectModel, cost: str) -> dict[str, list[float]]:
        from eudaimon.evaluate.cost.run import cost_rows

        of: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in cost_rows(model, self.ground, [cost]):
            of[row.metric][row.question].append(row.value)
        return {metric: [fmean(own) for own in questions.values()] for metric, questions in of.items()}


@solver
def paid(reader: Reader) -> Solver:
    """Puts the metric's values into the sample's metadata, or why there are none."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        from eudaimon.evaluate.provider.api import SubjectAPI
        from eudaimon.evaluate.provider.attacked import no_weights

        about = state.metadata
        try:
            api = get_model().api
            if not isinstance(api, SubjectAPI):
                raise no_weights()
            values = await reader.values(api, about["cost"])
            if about["metric"] not in values:
                raise NotGiven(f"{about['metric']} is not read here", right="another ground, or a judge")
            about[READ] = values[about["metric"]]
            state.output = ModelOutput.from_content(str(get_model()), f"{fmean(about[READ]):.4f}")
        except NotGiven as lacking:
            about[NOT_RUN] = str(lacking)
        return state

    return solve


@metric
def each_metric() -> Metric:
    """The value of each metric of each cost."""
    return grouped(mean(), "question", all=False)


@scorer(metrics=[each_metric()])
def by_metric() -> Scorer:
    """The mean over the cost's questions, with its standard error in the metadata; none, with the reason."""

    async def score(state: TaskState, target: Target) -> Score:
        about = state.metadata
        if NOT_RUN in about:
            return Score(value=nan, reason="scoring_failed", explanation=about[NOT_RUN])
        values = about[READ]
        error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
        shown: dict[str, Any] = {name: about[name] for name in ("unit", "better")}
        return Score(value=fmean(values), metadata={**shown, "stderr": error, "n": len(values)})

    return score


def _ground(
    ground: str, domains: list[str], judge: str, url: str, most: int, folder: Path
) -> TownGround | OpenCosts:
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.judging.task_judge import ROLE, task_judge
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.world.world import World

    if ground == "town":
        return TownGround(World(domains=tuple(domains)) if domains else World())
    if ground != "open":
        raise UsageError(f"ground={ground}", right="town or open")
    opened = task_judge(judge or ROLE, url, "auto", folder) if judge or url else None
    return OpenCosts(opened, most=most or None)


def _words(given: str | list[str]) -> list[str]:
    # Inspect makes a list of a value with commas.
    found = given.split(",") if isinstance(given, str) else given
    return [str(word).strip() for word in found if str(word).strip()]
