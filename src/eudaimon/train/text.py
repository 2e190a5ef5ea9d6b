"""What is trained on: a text, the spans of it that teach nothing, and how often it is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrainText:
    """A text to train on; ``no_loss`` are character spans ``[start, end)`` that are read and not learned.

    Spans are in code points of ``text``, may overlap and come in any order. ``weight`` is how often the text
    is in the token set; ``source`` names the stratum under which its tokens are counted. Raises `ValueError`
    on a span outside the text and on a weight under 1.
    """

    id: str
    text: str
    no_loss: tuple[tuple[int, int], ...] = ()
    weight: int = 1
    source: str = ""

    def __post_init__(self) -> None:
        for start, end in self.no_loss:
            if not 0 <= start <= end <= len(self.text):
                raise ValueError(
                    f"text {self.id} has {len(self.text)} characters: [{start}, {end}) is no span of it"
                )
        if self.weight < 1:
            raise ValueError(f"text {self.id} has weight {self.weight}, not 1 or more: leave it out")
