"""lm-evaluation-harness on our models: its tasks, its scoring, our rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.cost.cost import SEPARATOR
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash

if TYPE_CHECKING:
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.models.model import Model

METRICS = {
    "acc": "correct",
    "exact_match": "correct",
    "acc_norm": "correct_by_length",
}
"""Metrics of the harness that are shares of right answers, and our names for them."""


def harness_rows(model: Model, ground: OpenCosts, label: Label) -> list[Row]:
    """A row for each question of each task and metric in `METRICS`: 0 or 1, judge ``lm-eval``.

    The question is ``TASK/NUMBER``. Each value stands twice: as ``correct:TASK``, and as ``correct`` over all
    tasks, where every question counts the same. Raises `NotGiven` when lm-eval is not installed or a task's
    data are not at hand, and `UsageError` for a task that it does not know or that has no such metric.
    """
    results = _evaluated(model, ground)
    subject, rows = subject_hash(model, label), []
    for task, samples in sorted(results["samples"].items()):
        found = [
            (f"{task}/{sample['doc_id']}", METRICS[name], float(sample[name]))
            for sample in samples
            for name in METRICS
            if name in sample
        ]
        if not found:
            raise UsageError(
                f"the task {task} has no share of right answers",
                right=f"a task with {', '.join(METRICS)}",
            )
        for question, metric, value in found:
            for name in (metric, f"{metric}{SEPARATOR}{task}"):
                rows.append(label.row(question, "0", name, value, judge="lm-eval", subject=subject))
    return rows


def _evaluated(model: Model, ground: OpenCosts) -> Mapping[str, Any]:
    try:
        from lm_eval import simple_evaluate
        from lm_eval.tasks import TaskManager
    except ImportError as error:
        raise NotGiven(
            "capability outside of the town is read by lm-evaluation-harness, which is not installed",
            right="its package",
            do="pip install eudaimon[capability]",
        ) from error
    from eudaimon.evaluate.cost.harness_model import harness_model

    folder = str(ground.tasks_from) if ground.tasks_from else None
    # Reading the thousands of its own tasks takes half a minute: not where all are the user's.
    manager = TaskManager(include_path=folder, include_defaults=False) if folder else None
    if manager is None or not set(ground.tasks) <= set(manager.all_tasks):
        manager = TaskManager(include_path=folder)
    unknown = [task for task in ground.tasks if task not in manager.all_tasks]
    if unknown:
        raise UsageError(
            f"lm-eval knows no task {', '.join(unknown)}",
            right="a task of its own, or one of yours",
            do="tasks_from=FOLDER with a task's YAML file",
        )
    try:
        found: Mapping[str, Any] = simple_evaluate(
            harness_model(model),
            tasks=list(ground.tasks),
            limit=ground.most,
            bootstrap_iters=0,
            task_manager=manager,
            # The harness would seed the generators of the whole process.
            random_seed=None,
            numpy_random_seed=None,
            torch_random_seed=None,
        )
    except (OSError, ConnectionError) as error:
        raise NotGiven(
            f"the data of {', '.join(ground.tasks)} are not at hand: {str(error).splitlines()[0]}",
            right="data sets in the cache of the datasets library, or tasks on files of one's own",
            do="tasks_from=FOLDER, or run once where the hub can be reached",
        ) from error
    return found
