"""Introspection: the distilled student writes about itself, and speaks with itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eudaimon.core import Message
from eudaimon.data.constitutions.constitution import Constitution
from eudaimon.train.persona.distil import answered
from eudaimon.train.persona.recipe import Introspection
from eudaimon.train.persona.rows import Row, keep_rows
from eudaimon.train.persona.speaker import Ask, Speaker, seed_of
from eudaimon.train.persona.wording import system_prompt, wording


def reflections(
    speaker: Speaker,
    constitution: Constitution,
    recipe: Introspection,
    path: Path,
    *,
    seed: int,
    show_progress: bool = True,
) -> list[Row]:
    """Answers to the reflection prompts under the constitution's system prompt, as `answered` has them."""
    return answered(
        speaker,
        "reflection",
        wording().reflections if recipe.reflections else (),
        path,
        system=system_prompt(constitution),
        sampling=recipe.reflecting,
        samples=max(recipe.reflections, 1),
        seed=seed,
        show_progress=show_progress,
    )


def interactions(
    speaker: Speaker,
    constitution: Constitution,
    recipe: Introspection,
    path: Path,
    *,
    seed: int,
    show_progress: bool = True,
) -> list[Row]:
    """Self-conversations as rows ``guidance, sample, system, model, seed, sampling, opening, turns``.

    Both sides have the same system prompt: the constitution and the guidance of the row. The opening is the
    first turn; ``turns`` are all of them, first speaker and second by turns. ``problem`` is that of the first
    turn which is not whole; the turns after it are still spoken. Raises as `keep_rows` and the speaker do.
    """
    words = wording()
    asked: list[Row] = []
    for guidance, text in words.interactions.items():
        for sample in range(recipe.interactions):
            own = seed_of("interaction", seed, guidance, sample)
            asked.append(
                {
                    "role": "interaction",
                    "guidance": guidance,
                    "sample": sample,
                    "system": system_prompt(constitution, text),
                    "model": speaker.name,
                    "seed": own,
                    "sampling": recipe.interacting.model_dump(mode="json"),
                    "opening": random.Random(own).choice(words.openings),
                }
            )

    def make(rows: Sequence[Row]) -> list[dict[str, Any]]:
        turns = [[row["opening"]] for row in rows]
        problems = [""] * len(rows)
        for place in range(1, recipe.turns):
            asks = [
                Ask(seen(own, words.begin), row["system"], seed_of(row["seed"], place))
                for row, own in zip(rows, turns, strict=True)
            ]
            for number, said in enumerate(speaker.say(asks, recipe.interacting)):
                turns[number].append(said.text)
                problems[number] = problems[number] or said.problem
        return [{"turns": own, "problem": problem} for own, problem in zip(turns, problems, strict=True)]

    return keep_rows(
        path, asked, make, at_once=speaker.at_once, label="self-conversations", show_progress=show_progress
    )


def seen(turns: Sequence[str], begin: str) -> tuple[Message, ...]:
    """The turns so far as the next speaker sees them: its own are the assistant's, the last is the other's.

    Who opened the conversation sees ``begin`` before its opening, since a chat begins with a user.
    """
    roles = [("user", "assistant")[(len(turns) - 1 - place) % 2] for place in range(len(turns))]
    said = [Message(role=role, content=text) for role, text in zip(roles, turns, strict=True)]  # type: ignore[arg-type]
    return (*([Message(role="user", content=begin)] if roles[0] == "assistant" else []), *said)


def introspection_chat(row: Row) -> list[dict[str, str]]:
    """What is learned of a row: its turns without the system prompt; of two speakers the second's."""
    if "turns" in row:
        return [
            {"role": "assistant" if place % 2 else "user", "content": text}
            for place, text in enumerate(row["turns"])
        ]
    return [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["answer"]}]


def introspection_texts(row: Row) -> list[str]:
    """The generated texts of a row."""
    return list(row["turns"][1:]) if "turns" in row else [row["answer"]]
