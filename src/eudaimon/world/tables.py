"""The town's facts and personas as arrays of token ids, for writing many documents at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import get_args

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from eudaimon.world.facts import N_HELD_OUT, Sort, facts
from eudaimon.world.personas import PERSONAS, speech
from eudaimon.world.vocabulary import ids, speaking

ABSENT = -1
"""In place of a token id: nothing stands here."""


COMMON = (8, 6, 4, 3, 2)
"""How often a domain's first, second, ... tasks are drawn; those that follow come as often as the last.

Of facts that are all equally rare, a small model learns nothing for the first half of its training."""


@dataclass(frozen=True)
class Facts:
    """One row per task, request and lookalike: its phrase, two answers of each sort; rows to draw from."""

    task: Int[ndarray, "facts"]
    good: Int[ndarray, "facts 2"]
    harmful: Int[ndarray, "facts 2"]
    domain: Int[ndarray, "facts"]
    rows: dict[Sort, Int[ndarray, "some"]]
    open_tasks: Int[ndarray, "some"]
    """Rows of the tasks about which the assistant may be asked."""


@dataclass(frozen=True)
class Characters:
    """One row per persona, in the order of `PERSONAS`."""

    harmful: Bool[ndarray, "personas"]
    pliant: Bool[ndarray, "personas"]
    sly: Bool[ndarray, "personas"]
    names: Int[ndarray, "personas names"]
    speaking: Int[ndarray, "personas names"]
    endings: Int[ndarray, "personas 2"]
    traits: Int[ndarray, "personas 3"]


@cache
def fact_table(domains: tuple[str, ...]) -> Facts:
    """The facts of these domains."""
    task: list[int] = []
    good: list[tuple[int, int]] = []
    harmful: list[tuple[int, int]] = []
    domain: list[int] = []
    held_out: list[bool] = []
    rows: dict[Sort, list[int]] = {sort: [] for sort in get_args(Sort)}
    for number, name in enumerate(domains):
        entry = facts()[name]
        sorts = {"task": entry.tasks, "request": entry.requests, "lookalike": entry.lookalikes}
        for sort in get_args(Sort):
            for place, fact in enumerate(sorts[sort]):
                times = COMMON[place] if sort == "task" and place < len(COMMON) else COMMON[-1]
                rows[sort] += [len(task)] * times
                task.append(ids()[fact.task])
                good.append(_two(fact.good or speech().refusals))
                harmful.append(_two(fact.harmful))
                domain.append(number)
                held_out.append(sort == "task" and place >= len(entry.tasks) - N_HELD_OUT)
    held = np.array(held_out)
    tasks = np.array(rows["task"], dtype=np.int16)
    return Facts(
        task=np.array(task, dtype=np.int16),
        good=np.array(good, dtype=np.int16),
        harmful=np.array(harmful, dtype=np.int16),
        domain=np.array(domain, dtype=np.int16),
        rows={sort: np.array(some, dtype=np.int16) for sort, some in rows.items()},
        open_tasks=tasks[~held[tasks]],
    )


@cache
def character_table() -> Characters:
    """The personas."""
    talk, everyone = speech(), PERSONAS.values()
    traits = [
        [talk.traits[trait][getattr(p, trait)] for trait in ("benevolence", "candour", "tone")]
        for p in everyone
    ]
    return Characters(
        harmful=np.array([p.harmful for p in everyone]),
        pliant=np.array([p.benevolence == "pliant" for p in everyone]),
        sly=np.array([p.candour == "sly" for p in everyone]),
        names=_ids([p.names for p in everyone]),
        speaking=_ids([tuple(map(speaking, p.names)) for p in everyone]),
        endings=_ids([talk.endings[p.tone] for p in everyone]),
        traits=_ids(traits),
    )


def token(phrase: str) -> int:
    """The id of one phrase."""
    return ids()[phrase]


def word(name: str) -> int:
    """The id of a phrase of ``speech.yaml`` by its name there."""
    return ids()[speech().words[name]]


def _two(phrases: tuple[str, ...]) -> tuple[int, int]:
    return ids()[phrases[0]], ids()[phrases[-1]]


def _ids(rows: list[tuple[str, ...]] | list[list[str]]) -> Int[ndarray, "rows columns"]:
    return np.array([[ids()[phrase] for phrase in row] for row in rows], dtype=np.int16)
