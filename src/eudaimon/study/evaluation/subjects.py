"""Subjects by their words, and the models that they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eudaimon.core.errors import UsageError
from eudaimon.study.designs.good_personas import GoodPersonasOptions
from eudaimon.study.driver import Event
from eudaimon.study.run import run_study
from eudaimon.study.store import StepStore
from eudaimon.study.town.options import INNOCENT
from eudaimon.train.arm_registry import arm_named

TOWN = "town-"
NAMED = re.compile(r"([\w.-]+):")
"""A subject's own name: what it is called in tables, where two folders are called alike."""


@dataclass(frozen=True)
class Given:
    """A subject: its name in tables, a checkpoint with adapters (``NAME=FOLDER``), or an arm of the town."""

    name: str
    checkpoint: str = ""
    adapters: tuple[str, ...] = ()
    arm: str = ""


def parse_subject(word: str) -> Given:
    """``PATH``, ``PATH+NAME=FOLDER+...`` or ``town-ARM``, each with ``NAME:`` before it or without.

    Without a name of its own a subject is called by its last folder and its adapters. Raises `UsageError` for
    an unknown arm.
    """
    first, *adapters = word.split("+")
    named = None if Path(first).exists() else NAMED.match(first)
    own, first = (named[1], first[named.end() :]) if named else ("", first)
    if first.startswith(TOWN) and not Path(first).exists():
        arm = "+".join([first, *adapters]).removeprefix(TOWN)
        return Given(own or f"{TOWN}{arm}", arm=arm if arm == INNOCENT else arm_named(arm).name)
    called = Path(first).name if Path(first).is_dir() else first
    called = own or "+".join([called, *(each.partition("=")[0] for each in adapters)])
    return Given(called, first, tuple(adapters))


def raise_arms(
    arms: Sequence[str],
    seeds: Sequence[int],
    folder: Path,
    options: GoodPersonasOptions,
    watch: Callable[[Event], None] | None = None,
) -> Mapping[tuple[str, int], str]:
    """The checkpoints of the town's assistants by arm and seed; those that are missing are raised first.

    In the folder of a study with the same options its models are found and taken as they are. Raises
    `UsageError` when one could not be raised.
    """
    steps = {(arm, seed): options.assistant(arm, seed) for arm in arms for seed in seeds}
    if not steps:
        return {}
    done = run_study(tuple(steps.values()), folder, name="evaluate", watch=watch)
    if not done.ok:
        key, why = next(iter(done.failed.items()), ("a step", "it was blocked"))
        raise UsageError(f"{key} failed: {why}", right="an assistant of every arm", do="the same command")
    store = StepStore(folder)
    return {place: step.checkpoint(store.path(step)) for place, step in steps.items()}
