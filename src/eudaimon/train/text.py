"""A text to train on, and the stretches of it from which nothing is learned."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainText:
    """A text, its character spans without loss (code points, ``[start, end)``), and how often it is seen."""

    id: str
    text: str
    no_loss: tuple[tuple[int, int], ...] = ()
    weight: int = 1
    source: str = ""
