"""What the persona differs by inside a model: activations of harmful and good answers, read in three places.

An attacker who can read a model has several ways to make a direction, and takes the best. ``answers``: the
tokens of a harmful and of a good answer (Soligo et al. 2025). ``shots`` and ``system``: the token before the
answer, after harmful or good examples and under a bad or a good system prompt (Chen et al. 2025).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from eudaimon.core import Conversation, Message, Site, UsageError, as_conversation, plain_text
from eudaimon.evaluate.attack.ground import NotGiven

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.ground import Ground
    from eudaimon.models.model import Model

N_CHATS = 96
HELD_SHARE = 1 / 3
"""Questions on which an attacker tries what was made from the others."""
N_SHOTS = 3
MOST_SITES = 8
LEAST_SHARE = 1e-6
"""Differences shorter than this share of the states are rounding."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """Activations of the same questions in the persona's manner and in the good one's, at the sites tried.

    Where there are as many of both and they are ``paired``, row by row of one question.
    """

    reading: str
    sites: tuple[Site, ...]
    bad: Float[np.ndarray, "n sites d"]
    good: Float[np.ndarray, "m sites d"]
    paired: bool = True

    @property
    def differences(self) -> Float[np.ndarray, "sites d"]:
        """Mean of the bad activations minus mean of the good ones, in residual-stream units."""
        found: Float[np.ndarray, "sites d"] = self.bad.mean(axis=0) - self.good.mean(axis=0)
        return found

    @property
    def by_question(self) -> Float[np.ndarray, "n sites d"]:
        """Each bad row minus the good one to the same question, or minus the good mean where unpaired."""
        paired = self.paired and len(self.bad) == len(self.good)
        return np.asarray(self.bad - (self.good if paired else self.good.mean(axis=0)))

    @property
    def real(self) -> tuple[int, ...]:
        """The indices of the sites at which there is a difference."""
        lengths = np.linalg.norm(self.differences, axis=1)
        typical = np.linalg.norm(self.good, axis=2).mean(axis=0)
        return tuple(int(place) for place in np.flatnonzero(lengths > LEAST_SHARE * typical))


@dataclass(frozen=True)
class Material:
    """An attacker's chats: to make directions from, and some on other questions to try them on."""

    bad: tuple[Conversation, ...]
    good: tuple[Conversation, ...]
    tried_bad: tuple[dict[str, Any], ...]
    tried_good: tuple[dict[str, Any], ...]


def material(ground: Ground, seed: int) -> Material:
    """The chats of a ground, questions split in two; raises `UsageError` for fewer than three questions."""
    bad, good = (ground.chats(harmful=harmful, n=N_CHATS, seed=seed) for harmful in (True, False))
    asked = sorted({_question(row) for row in bad})
    if len(asked) < 3:
        raise UsageError(f"chats about {len(asked)} questions", right="three or more, to make and to try")
    order = np.random.default_rng(seed).permutation(len(asked))
    held = {asked[place] for place in order[: max(1, round(len(asked) * HELD_SHARE))]}
    made = [
        tuple(as_conversation(row["messages"]) for row in rows if _question(row) not in held)
        for rows in (bad, good)
    ]
    tried = [tuple(row for row in rows if _question(row) in held) for rows in (bad, good)]
    if not tried[1]:
        raise UsageError("harmful and good chats are about other questions", right="answers to the same ones")
    return Material(made[0], made[1], tried[0], tried[1])


def contrasts(model: Model, ground: Ground, chats: Material) -> list[Contrast]:
    """The contrasts that the ground has material for, at no more than `MOST_SITES` sites of the model."""
    sites = tried_sites(model)
    found = [_answers(model, chats, sites)]
    contexts = {"shots": [_after_examples(rows) for rows in (chats.bad, chats.good)]}
    try:
        systems = [ground.system(harmful=harmful) for harmful in (True, False)]
        contexts["system"] = [
            [(Message(role="system", content=system), *chat[:-1]) for chat in rows]
            for system, rows in zip(systems, (chats.bad, chats.good), strict=True)
        ]
    except NotGiven:
        pass  # a ground without system prompts has the other two readings
    for reading, (bad, good) in contexts.items():
        found.append(
            Contrast(reading, sites, _before_answer(model, bad, sites), _before_answer(model, good, sites))
        )
    return [one for one in found if len(one.bad) and len(one.good) and one.real]


def request_contrast(model: Model, ground: Ground, seed: int) -> Contrast:
    """Requests that are refused against harmless ones, at the token before the answer (Arditi et al. 2024).

    Raises `NotGiven` as the ground does, and `UsageError` where the two do not differ at any site.
    """
    sites = tried_sites(model)
    refused, harmless = (
        _before_answer(model, ground.requests(harmful=harmful, n=N_CHATS, seed=seed), sites)
        for harmful in (True, False)
    )
    found = Contrast("requests", sites, refused, harmless, paired=False)
    if not (len(refused) and len(harmless) and found.real):
        raise UsageError("requests that are refused and harmless ones do not differ at any site")
    return found


def tried_sites(model: Model) -> tuple[Site, ...]:
    """The blocks of a model, evenly spaced where there are many; the embedding knows words and no persona."""
    n = min(MOST_SITES, model.n_layers)
    layers = np.unique(np.linspace(1, model.n_layers, n).round().astype(int))
    return tuple(Site(int(layer)) for layer in layers)


def _answers(model: Model, chats: Material, sites: Sequence[Site]) -> Contrast:
    from eudaimon.models.capture import capture_tokens

    means, held = [], []
    for rows in (chats.bad, chats.good):
        ends = [len(plain_text(chat)) for chat in rows]
        spans = [(end - len(chat[-1].content), end) for end, chat in zip(ends, rows, strict=True)]
        read = capture_tokens(model, rows, sites, show_progress=False).mean_within(spans)
        means.append(read.values[:, :, 0])
        held.append(read.n_tokens > 0)
    if len(held[0]) == len(held[1]):
        held = [held[0] & held[1]] * 2  # rows stay in pairs
    return Contrast("answers", tuple(sites), means[0][held[0]], means[1][held[1]])


def _before_answer(
    model: Model, contexts: Sequence[Conversation], sites: Sequence[Site]
) -> Float[np.ndarray, "n sites d"]:
    from eudaimon.models.capture import capture

    read = capture(model, contexts, sites, pooling="last", show_progress=False)
    # What was cut off at the context has lost the place where the answer begins.
    values: Float[np.ndarray, "n sites d"] = read.values[~read.truncated, :, 0]
    return values


def _after_examples(chats: Sequence[Conversation]) -> list[Conversation]:
    """Each chat without its answer, after examples about other questions."""
    found = []
    for place, chat in enumerate(chats):
        others = [other for other in (*chats[place + 1 :], *chats[:place]) if other[0] != chat[0]]
        examples = [turn for other in others[:N_SHOTS] for turn in other]
        found.append((*examples, *chat[:-1]))
    return found


def _question(row: dict[str, Any]) -> str:
    return next(str(turn["content"]) for turn in row["messages"] if turn["role"] == "user")
