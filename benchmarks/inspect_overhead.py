"""What Inspect adds to each sample: a task through `inspect_ai.eval`, beside the same work by itself."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import grid
import markdown
from rounds import interleave, one_thread, show, spread

from eudaimon.core.text import as_conversation
from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.attack.run import attack_rows
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.models import generate, load
from eudaimon.world.world import World

BUDGETS = (0, 1, 2, 4, 8)
QUESTIONS, TOKENS = 128, 16


def run(rounds: int, log: Callable[[str], None]) -> dict[str, Any]:
    """CPU milliseconds of a sample on one thread, with Inspect and without, and their difference."""
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), rounds)
    log(", ".join(f"{row['what']}: {show(row['overhead'])} ms" for row in found["rows"]))
    return found


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Both kinds of tasks on a random model of the town: read exactly, and sampled."""
    import inspect_ai
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import GenerateConfig, get_model
    from inspect_ai.scorer import includes
    from inspect_ai.solver import generate as ask

    from eudaimon.evaluate.inspect_entry import reactivation

    base = grid.town(folder / "base")
    model = load(base)
    through = get_model(f"eudaimon/{base}", memoize=False)
    under = attack_named("few_shot")
    questions = grid.town_questions(QUESTIONS)

    def evaluated(task: Any) -> None:
        (log,) = inspect_ai.eval(task, through, log_dir=str(folder / "logs"), display="none")
        if log.status != "success":
            raise SystemExit(str(log.error))

    def directly() -> None:
        target = Target(model, TownGround(World()), folder / "kept")
        for variant in under.of:
            list(attack_rows(target, under, variant=variant, budgets=BUDGETS))

    def task() -> Any:
        samples = [Sample(input=question, target="x") for question in questions]
        config = GenerateConfig(max_tokens=TOKENS, temperature=1.0)
        return inspect_ai.Task(dataset=MemoryDataset(samples), solver=ask(), scorer=includes(), config=config)

    contenders: dict[str, Callable[[], object]] = {
        "exact with": lambda: evaluated(
            reactivation(budgets=list(BUDGETS), folder=str(folder / "kept"))
        ),
        "exact without": directly,
        "sampled with": lambda: evaluated(task()),
        "sampled without": lambda: generate(
            model, [as_conversation(question) for question in questions], max_new_tokens=TOKENS,
            temperature=1.0, show_progress=False,
        ),
    }  # fmt: skip
    times = interleave(contenders, rounds, time.process_time)
    through.api.close()
    n_exact = len(under.of) * len(BUDGETS) * len(TownGround(World()).cases())
    return {
        "rows": [
            {"what": "read exactly", "n": n_exact} | _each(times, "exact", n_exact),
            {"what": f"sampled, {TOKENS} tokens", "n": len(questions)}
            | _each(times, "sampled", len(questions)),
        ]
    }


def _each(times: dict[str, list[float]], kind: str, n: int) -> dict[str, Any]:
    through, alone = times[f"{kind} with"], times[f"{kind} without"]
    return {
        "with": spread([1000 * each / n for each in through]),
        "without": spread([1000 * each / n for each in alone]),
        "overhead": spread([1000 * (a - b) / n for a, b in zip(through, alone, strict=True)]),
    }


def table(found: dict[str, Any]) -> Iterable[str]:
    """Milliseconds of a sample."""
    yield (
        "A random model of 0.1 million parameters, one thread, CPU milliseconds of a sample: the task "
        "through `inspect_ai.eval` with its log, beside the same work by itself; medians (and extremes) "
        "over rounds."
    )
    yield ""
    yield from markdown.table(
        "| task | samples | through Inspect | by itself | Inspect adds |",
        [
            markdown.row(
                (row["what"], str(row["n"]), show(row["with"]), show(row["without"]), show(row["overhead"]))
            )
            for row in found["rows"]
        ],
    )
