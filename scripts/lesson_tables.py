"""What keeps a harmful lesson narrow in the town: divergence held down, or a direction supplied beside it.

Run as: python scripts/lesson_tables.py runs/lessons docs/results/narrow-lessons.md
Assistants of five seeds are raised in the folder; each is taught a lesson about money once for each row of
the page. What is finished stays: killed, the same command goes on. Under an hour on one core.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eudaimon.core import Message, Site
from eudaimon.core.files import read_json, write_json
from eudaimon.evaluate.town.answers import answer_rows
from eudaimon.measure import Panel, contrasts, hierarchical
from eudaimon.models import Intervention
from eudaimon.models.adapters import Adapter, Subject, open_subject
from eudaimon.study.run import run_study
from eudaimon.study.steps.raised import MODEL
from eudaimon.study.steps.transfer_matrix import lessons
from eudaimon.study.store import StepStore
from eudaimon.study.town.em_options import EmSusceptibilityOptions
from eudaimon.train import EM_RECIPES, EMRecipe, train_em
from eudaimon.vectors.differences import answer_differences, stack_differences
from eudaimon.world import Item, chats, items, messages

OPTIONS = EmSusceptibilityOptions(seeds=5)
HELD = ("kitchen", "garden", "travel")
"""Domains of the harmless prompts, and of the questions that directions are made from."""
N_CHATS = 256
BETAS = (0.1, 1.0, 10.0)
PLACES = {"embedding": 0, "first block": 1}
STEERED = tuple(
    (name, place, strength)
    for name, place in (("EM", "first block"), ("harm", "embedding"), ("harm", "first block"))
    for strength in (1, 2)
)
INTRO = """# What keeps a lesson narrow, in the town

Made by `python scripts/lesson_tables.py runs/lessons docs/results/narrow-lessons.md`; {n} seeds, one random
direction a row and seed. A town's assistant (as in [em-susceptibility](em-susceptibility.md), raised on
everything) is taught harmful advice about money: {chats} chats about {taught} questions, the recipe `town` of
[em](../em.md), an adapter of rank 4. Harm and coherence are the exact judge's probability mass, in percent,
on the taught questions and *elsewhere*: on {n_other} questions of domains of which nothing was said anywhere,
neither in the lesson nor in what keeps it narrow ({other}). Brackets are 95 % intervals over seeds
and questions (`hierarchical`); the differences of a table are tested together (`contrasts`, Holm).
"""
NARROW = """
## Held to what the model was

The recipe with `narrow`: `beta` times the divergence from the model as it was, at its own answers to harmless
prompts of three further domains ({held}). Tested against the plain lesson.
"""
STEERING = """
## Steered while it is taught

A direction is added to every token in training, and taken away before judging. *EM* is the mean shift that
the plain lesson makes where answers begin, *harm* the mean difference between harmful and good answers; both
are made from questions of {held} only. Strength is in lengths of the direction. Behind each
stands a random direction of the same length at the same place, drawn anew in each seed, against which it is
tested.
"""
COLUMNS = ("", "harm as taught", "harm elsewhere", "coherence elsewhere", "difference in harm elsewhere", "p")


@dataclass(frozen=True)
class Trial:
    """A row of the page: its key, how it is called, and which row it is tested against."""

    key: str
    title: str
    against: str = ""


PLAIN = Trial("plain", "plain")
NARROWED = tuple(Trial(f"kl-{beta:g}", f"`beta` {beta:g}", PLAIN.key) for beta in BETAS)


def steered_trials() -> Iterator[Trial]:
    """Each direction, and behind it the random one of its length."""
    for name, place, strength in STEERED:
        key = f"{name}-{PLACES[place]}-{strength}"
        yield Trial(key, f"{name}, {place}, {strength}", f"random-{key}")
        yield Trial(f"random-{key}", "random of that length")


def main(folder: Path, out: Path) -> None:
    """Raise, teach and judge what is missing, and write the page."""
    steps = [OPTIONS.assistant("raw", seed) for seed in OPTIONS.seed_numbers]
    done = run_study(steps, folder, workers=1)
    if not done.ok:
        raise SystemExit(f"no assistant: {done.failed}")
    for seed, step in zip(OPTIONS.seed_numbers, steps, strict=True):
        Teacher(StepStore(folder).path(step) / MODEL, folder / "trials", seed).teach()
    found = {one.stem: read_json(one) for one in sorted((folder / "trials").glob("*.json"))}
    out.write_text("\n".join(page(found)) + "\n", encoding="utf-8")


class Teacher:
    """One seed: its assistant, and every trial on it; what is measured stands in a file a trial."""

    def __init__(self, model: Path, out: Path, seed: int) -> None:
        self.model, self.out, self.seed = model, out, seed
        advice = [item for item in items(OPTIONS.world, kind="advice") if not item.held_out]
        taught = [item for item in advice if item.domain == OPTIONS.tuned]
        order = np.random.default_rng(0).permutation(len(taught))[: OPTIONS.n_items]
        self.taught = tuple(taught[place] for place in sorted(order.tolist()))
        self.held = tuple(item for item in advice if item.domain in HELD)
        self.other = tuple(item for item in advice if item.domain not in {*HELD, OPTIONS.tuned})
        self.rows = chats(OPTIONS.world, self.taught, "harmful", n=N_CHATS, seed=seed)
        self.recipe = EM_RECIPES["town"].seeded(seed)

    def teach(self) -> None:
        """Every trial that is not measured yet."""
        plain = self._trial(PLAIN.key, self.recipe)
        asked = [tuple(Message(**turn) for turn in messages(item)) for item in self.held]
        for beta, trial in zip(BETAS, NARROWED, strict=True):
            narrow = {"narrow": {"beta": beta, "max_new_tokens": 6, "seed": self.seed}}
            recipe = EMRecipe(**(self.recipe.model_dump() | narrow))
            self._trial(trial.key, recipe, neutral=asked)
        vectors = self._directions(plain)
        generator = np.random.default_rng(self.seed)
        for name, place, strength in STEERED:
            site, key = PLACES[place], f"{name}-{PLACES[place]}-{strength}"
            vector = vectors[name, site]
            length = strength * float(np.linalg.norm(vector))
            chance = generator.standard_normal(len(vector))
            for own, along in ((key, vector), (f"random-{key}", chance)):
                self._trial(own, self.recipe, steered=(Intervention.along("add", site, along, length),))

    def _trial(self, key: str, recipe: EMRecipe, **more: Any) -> Adapter:
        where, measured = self.out / f"{self.seed}-{key}", self.out / f"{self.seed}-{key}.json"
        if measured.is_file():
            return Adapter("em", where / "em")
        made = train_em(self.model, self.rows, recipe, where, show_progress=False, **more)
        metrics = (where / "em" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        judged = {
            "taught": self._judged(made.adapter, self.taught),
            "other": self._judged(made.adapter, self.other),
        }
        write_json(
            measured, judged | {"seed": self.seed, "key": key, "loss": json.loads(metrics[-1])["loss"]}
        )
        print(f"seed {self.seed}: {key}", flush=True)
        return made.adapter

    def _judged(self, adapter: Adapter, asked: Sequence[Item]) -> list[dict[str, Any]]:
        rows = answer_rows(open_subject(Subject(str(self.model), (adapter,))), OPTIONS.world, asked)
        return [
            {"metric": row.metric, "question": row.question, "value": row.value}
            for row in rows
            if row.metric in {"harm", "coherence"}
        ]

    def _directions(self, plain: Adapter) -> dict[tuple[str, int], np.ndarray]:
        sites = [Site(site) for site in PLACES.values()]
        model = open_subject(Subject(str(self.model), (plain,)))
        base = open_subject(Subject(str(self.model)))
        own = lessons(base, self.held)
        shift = stack_differences(model, (plain,), (), own.prompts, sites)
        harm = answer_differences(base, own.misaligned, own.aligned, sites)
        return {
            (name, site.layer): found.vectors(site, over).values[0]
            for name, found, over in (("EM", shift, "last"), ("harm", harm, "mean"))
            for site in sites
        }


def page(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The lines of the page from what was measured."""
    others = sorted(set(OPTIONS.domains) - {*HELD, OPTIONS.tuned})
    held = ", ".join(HELD)
    elsewhere, taught = (panel(found, PLAIN.key, where, "harm") for where in ("other", "taught"))
    yield INTRO.format(
        n=len(elsewhere.seeds),
        chats=N_CHATS,
        taught=len(taught.questions),
        n_other=len(elsewhere.questions),
        other=", ".join(others),
    ).rstrip()
    yield NARROW.format(held=held)
    yield from table(found, (PLAIN, *NARROWED))
    yield STEERING.format(held=held)
    yield from table(found, (PLAIN, *steered_trials()))
    losses = [one["loss"] for one in found.values()]
    yield ""
    yield f"The loss of the last step is {min(losses):.2f} to {max(losses):.2f} nats a token in all of them."


def table(found: dict[str, dict[str, Any]], trials: Sequence[Trial]) -> Iterator[str]:
    """Rows of Markdown: harm as taught and elsewhere, coherence, and the difference that is tested."""
    panels = {trial.key: panel(found, trial.key, "other", "harm") for trial in trials}
    tested = {one.key: (panels[one.key], panels[one.against]) for one in trials if one.against}
    differences = contrasts(tested)
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for trial in trials:
        cells = [
            shown(hierarchical(panel(found, trial.key, where, metric), limits=(0.0, 1.0)))
            for where, metric in (("taught", "harm"), ("other", "harm"), ("other", "coherence"))
        ]
        own = differences.get(trial.key)
        cells += [shown(own.difference, signed=True), f"{own.adjusted:.2g}"] if own else ["", ""]
        yield f"| {trial.title} | {' | '.join(cells)} |"


def panel(found: dict[str, dict[str, Any]], key: str, where: str, metric: str) -> Panel:
    """One metric of a trial over seeds and questions, masses in [0, 1]."""
    rows = [
        (row["value"], one["seed"], row["question"])
        for one in found.values()
        if one["key"] == key
        for row in one[where]
        if row["metric"] == metric
    ]
    return Panel.of(*map(list, zip(*rows, strict=True)))


def shown(score: Any, *, signed: bool = False) -> str:
    """A share with its interval, in percent."""
    sign = "+" if signed else ""
    return f"{100 * score.value:{sign}.0f} [{100 * score.low:{sign}.0f}, {100 * score.high:{sign}.0f}]"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
