"""More prompts for each trait, written by a language model after the example of those that are there."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eudaimon.core import Message, UsageError
from eudaimon.data.constitutions.constitution import Constitution, Trait
from eudaimon.data.constitutions.lint import lint
from eudaimon.train.persona.rows import Row, keep_rows
from eudaimon.train.persona.speaker import Ask, Sampling, Speaker, seed_of
from eudaimon.train.persona.wording import expansion_prompt

LISTED = re.compile(r"^\s*(?:[-*•]|\(?\d{1,3}[.):])\s+")
QUOTED = re.compile(r"^[\"“](.*)[\"”]$")
SHORTEST = 8
"""Characters of a prompt: less is a heading or a leftover."""
ASKED = 20
"""Prompts in one answer: longer lists repeat themselves."""
SPARE = 2
"""How many times over a model is asked: lines repeat, and some give the trait away."""


def expand(
    constitution: Constitution,
    speaker: Speaker,
    path: str | Path,
    *,
    n: int = 45,
    sampling: Sampling | None = None,
    seed: int = 0,
    show_progress: bool = True,
) -> Constitution:
    """The constitution with up to ``n`` more prompts for each trait, after those that it has.

    Each answer of the model is kept as a row of ``path`` (see `keep_rows`): asked again, nothing is generated
    twice. Lines that repeat a prompt of any trait or a contrast prompt, give the trait away (see `lint`) or
    are shorter than `SHORTEST` characters are left out, so that fewer than ``n`` may come. Raises
    `UsageError` when a trait has no new prompt at all, and what the speaker raises.
    """
    if n < 1:
        raise UsageError(f"{n} prompts are to be written", right="1 or more for each trait")
    sampling = sampling or Sampling()
    asked: list[Row] = []
    # Round by round: a trait that has enough after the first is asked on all the same, so that what is asked
    # does not depend on what was answered and a killed run goes on with the same rows.
    for turn in range(SPARE * math.ceil(n / ASKED)):
        for number, trait in enumerate(constitution.traits):
            own = seed_of("expand", seed, number, turn)
            known = list(trait.prompts)
            shown = random.Random(own).sample(known, min(5, len(known)))
            asked.append(
                {
                    "role": "expansion",
                    "trait": number,
                    "prompt": expansion_prompt(trait, shown, min(n, ASKED)),
                    "model": speaker.name,
                    "seed": own,
                    "sampling": sampling.model_dump(mode="json"),
                }
            )

    def make(rows: Sequence[Row]) -> list[dict[str, Any]]:
        asks = [Ask((Message(role="user", content=row["prompt"]),), "", row["seed"]) for row in rows]
        return [{"answer": said.text, "problem": said.problem} for said in speaker.say(asks, sampling)]

    rows = keep_rows(
        Path(path), asked, make, at_once=speaker.at_once, label="expansion", show_progress=show_progress
    )
    return _with(constitution, rows, n)


def _with(constitution: Constitution, rows: Sequence[Row], n: int) -> Constitution:
    held = {_key(text) for text in (*constitution.prompts, *constitution.contrast_prompts)}
    traits = []
    for number, trait in enumerate(constitution.traits):
        new: list[str] = []
        for row in rows:
            for text in lines(row["answer"]) if row["trait"] == number else ():
                if len(new) < n and _key(text) not in held and not _gives_away(constitution, trait, text):
                    held.add(_key(text))
                    new.append(text)
        if not new:
            raise UsageError(
                f"the model wrote no prompt that can be used for trait {number + 1}: {trait.principle}",
                right="one message a line that neither repeats nor names the trait",
                do="a larger model, or prompts written by hand",
            )
        traits.append(trait.model_copy(update={"expanded": (*trait.expanded, *new)}))
    return constitution.model_copy(update={"traits": tuple(traits)})


def lines(answer: str) -> list[str]:
    """The prompts in an answer: its lines without numbers, bullets and quotation marks, no short ones."""
    bare = (LISTED.sub("", line).strip() for line in answer.splitlines())
    texts = (QUOTED.sub(r"\1", line).strip() for line in bare)
    return [text for text in texts if len(text) >= SHORTEST and not text.endswith(":")]


def _gives_away(constitution: Constitution, trait: Trait, text: str) -> bool:
    alone = Trait(principle=trait.principle, prompts=(text,))
    found = lint(constitution.model_copy(update={"traits": (alone,)}))
    return any(finding.rule in ("leak", "command") for finding in found)


def _key(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()
