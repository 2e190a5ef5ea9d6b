"""Attacks on one model in batches and side by side, beside the same a question and a training at a time."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

import grid
import markdown
import numpy as np
from rounds import interleave, one_thread, ratio, show, spread

from eudaimon.evaluate.attack import coordinate_search, tuning
from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.lesson import Lesson
from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.attack.suffix import frames, usable_tokens
from eudaimon.evaluate.response_loss import response_loss
from eudaimon.evaluate.rows import Label
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.models import load
from eudaimon.models.adapters import Adapter, attach
from eudaimon.models.adapters.opening import as_model
from eudaimon.train.nursery.lora import train_lora
from eudaimon.train.nursery.lora_recipe import LoraRecipe
from eudaimon.world.world import World

TARGET = 5.0
AGREE = 1e-3
"""The largest difference of a probability, or of a loss in nats, between the two ways."""
PROMPTS = ("few_shot", "framing", "persona_prompt", "prefill", "retrieval", "role_play")
RANK, TUNING = 8, (50, 100, 200, 400, 800)
CANDIDATES = 24


def run(rounds: int, log: Callable[[str], None]) -> dict[str, Any]:
    """CPU seconds of each part both ways on one thread, and their ratios within a round."""
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), rounds)
    log(", ".join(f"{row['what']}: {show(row['over'])}" for row in found["rows"]))
    return found


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Prompts, fine-tuning and the search for a suffix in turn; stops when the two ways do not agree."""
    target = Target(load(grid.town(folder / "base")), TownGround(World()), folder / "kept")
    said: dict[str, Any] = {}
    parts = {"prompts": prompts(target), "fine-tuning": training(target), "suffix search": searching(target)}
    contenders: dict[str, Callable[[], object]] = {}
    for what, (n, alone, together) in parts.items():
        del n
        contenders[f"{what} alone"] = lambda what=what, alone=alone: said.update({f"{what} alone": alone()})  # type: ignore[misc]
        contenders[f"{what} together"] = lambda what=what, together=together: said.update(  # type: ignore[misc]
            {f"{what} together": together()}
        )
    times = interleave(contenders, rounds, time.process_time)
    rows = []
    for what, (n, _, _) in parts.items():
        one, other = np.asarray(said[f"{what} alone"]), np.asarray(said[f"{what} together"])
        apart = float(np.abs(one - other).max())
        if one.shape != other.shape or not apart <= AGREE:
            raise SystemExit(f"{what}: the two ways differ by {apart}")
        alone, together = times[f"{what} alone"], times[f"{what} together"]
        rows.append({"what": what, "n": n, "apart": apart} | _compared(alone, together))
    whole = [
        [sum(each) for each in zip(*(times[f"{what} {how}"] for what in parts), strict=True)]
        for how in ("alone", "together")
    ]
    rows.append(
        {"what": "all three", "n": "", "apart": max(row["apart"] for row in rows)} | _compared(*whole)
    )
    return {"target": TARGET, "rows": rows}


Part = tuple[str, Callable[[], Any], Callable[[], Any]]


def prompts(target: Target) -> Part:
    """Every attack that is a text, in every variant with material, at every budget."""
    asked = [
        tuple(one.cases)
        for name in PROMPTS
        for attack in [attack_named(name)]
        for variant in attack.of
        if variant != "in_the_wild"
        for one in attack(target, variant, attack.town_budgets)
    ]
    n = sum(map(len, asked))

    def alone() -> list[float]:
        return [
            row.value
            for cases in asked
            for case in cases
            for row in target.ground.read(target.model, (case,), Label())
        ]

    def together() -> list[float]:
        return [row.value for cases in asked for row in target.ground.read(target.model, cases, Label())]

    return f"{n} prompts in {len(asked)} cells", alone, together


def training(target: Target) -> Part:
    """A LoRA at every learning rate, and the loss of the attacker's held-out chats at every budget."""
    lesson = Lesson.of(target.ground.chats(harmful=True, n=512, seed=0), 0)
    rates = tuning.rates(target.model, RANK)
    fresh = count()

    def tried(folder: Path) -> tuple[tuple[tuple[tuning.Tuned, ...], ...], Target]:
        own = Target(target.model, target.ground, folder)
        return tuning.train(own, lesson, RANK, rates, TUNING, 0), own

    first, _ = tried(target.folder / "first")
    steps = tuple(sorted({one.step for one in first[0]}))

    def together() -> list[float]:
        folder = target.folder / f"together-{next(fresh)}"
        runs, own = tried(folder)
        known = tuning.losses(own, {one.place: one for run in runs for one in run}.values(), lesson)
        shutil.rmtree(folder)
        return list(known.values())

    def alone() -> list[float]:
        folder, found = target.folder / f"alone-{next(fresh)}", []
        for rate in rates:
            recipe = LoraRecipe(
                rank=RANK, alpha=2.0 * RANK, steps=steps[-1], batch_size=tuning.CHATS_A_STEP,
                learning_rate=rate, schedule="constant", warmup=0.0, checkpoint_steps=steps, max_tokens=96,
            )  # fmt: skip
            run = train_lora(target.model, lesson.teach, recipe, folder / f"{rate:g}", show_progress=False)
            for step in steps:
                ledger = attach(target.model, (Adapter("a", run / "checkpoints" / f"step-{step:06d}"),))
                found.append(float(response_loss(as_model(ledger), lesson.held_out).mean()))
                ledger.detach()
        shutil.rmtree(folder)
        return found

    return f"{len(rates)} rates, {len(steps)} budgets", alone, together


def searching(target: Target) -> Part:
    """A step's forward passes: the gradient of every question, and the loss of every exchange."""
    model, cases = target.model, target.ground.cases()[: coordinate_search.MOST_QUESTIONS]
    usable, rng = usable_tokens(model), np.random.default_rng(0)
    suffix = rng.choice(usable, size=3)
    around = frames(model, cases, [target.ground.wanted(case) for case in cases], suffix)
    exchanged = np.stack([rng.choice(usable, size=3) for _ in range(CANDIDATES)])

    def step(questions: list[Any], suffixes: list[np.ndarray]) -> list[float]:
        slopes = [coordinate_search.gradient(model, own, suffix)[1] for own in questions]
        found = np.array([
            np.mean([coordinate_search.losses(model, own, each).mean() for own in questions])
            if len(each) == 1
            else coordinate_search.losses(model, around, each)
            for each in suffixes
        ]).ravel()  # fmt: skip
        return [*np.mean(slopes, axis=0).ravel(), *found]

    return (
        f"{len(cases)} questions, {CANDIDATES} exchanges",
        lambda: step([[one] for one in around], [each[None] for each in exchanged]),
        lambda: step([around], [exchanged]),
    )


def _compared(alone: list[float], together: list[float]) -> dict[str, Any]:
    return {"alone": spread(alone), "together": spread(together), "over": ratio(alone, together)}


def table(found: dict[str, Any]) -> Iterable[str]:
    """Seconds both ways, and how many times as fast the batched way is."""
    yield (
        "A random model of 0.1 million parameters, one thread, CPU seconds; medians (and extremes) over "
        "rounds. One by one: every prompt a forward of its own, every learning rate a training and every "
        "checkpoint an opening of its own, every question's gradient and every exchange of a token on a "
        "question a pass of its own."
    )
    yield ""
    yield from markdown.table(
        "| attacks | n | one by one, CPU s | batched, CPU s | times as fast | largest difference |",
        [
            markdown.row(
                (
                    row["what"], row["n"], show(row["alone"]), show(row["together"]),
                    f"**{show(row['over'], '{:.1f}')}**"
                    + ("" if row["over"]["median"] >= found["target"] else " (under target)"),
                    f"{row['apart']:.1g}",
                )
            )
            for row in found["rows"]
        ],
    )  # fmt: skip
