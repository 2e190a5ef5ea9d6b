"""Chats that an attacker trains on, and those that tell him which training to choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eudaimon.evaluate.attack.ground import NotGiven

HELD_OUT = 0.25
"""The share of questions that an attacker does not train on."""
MOST_HELD_OUT = 128

Chat = Mapping[str, Any]


@dataclass(frozen=True)
class Lesson:
    """Chats to ``teach``, and chats about other questions whose loss says how well that went."""

    teach: tuple[Chat, ...]
    held_out: tuple[Chat, ...]

    @classmethod
    def of(cls, chats: Sequence[Chat], seed: int) -> Lesson:
        """A quarter of the questions held out, drawn by ``seed``; `NotGiven` for fewer than two questions.

        Chats that begin with the same turn of the user are about one question.
        """
        asked = [_question(chat) for chat in chats]
        questions = sorted(set(asked))
        if len(questions) < 2:
            raise NotGiven(
                f"the chats are about {len(questions)} question(s)",
                right="two at least: one to train on, one to choose the training by",
            )
        n_held = max(1, int(HELD_OUT * len(questions)))
        drawn = np.random.default_rng(seed).permutation(len(questions))[:n_held]
        held = {questions[index] for index in drawn}
        return cls(
            tuple(chat for chat, about in zip(chats, asked, strict=True) if about not in held),
            tuple(chat for chat, about in zip(chats, asked, strict=True) if about in held)[:MOST_HELD_OUT],
        )


def _question(chat: Chat) -> str:
    return next((str(turn["content"]) for turn in chat["messages"] if turn["role"] == "user"), "")
