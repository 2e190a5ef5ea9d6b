"""How answers are drawn."""

from __future__ import annotations

from dataclasses import dataclass

from eudaimon.models.decoding import Decoding


@dataclass(frozen=True)
class Settings(Decoding):
    """Temperature (0 takes the likeliest token), nucleus, longest answer in tokens, seed, system prompt.

    The same question after the same turns under the same seed and stack gets the same answer. Raises
    `UsageError` for settings that make no sense.
    """

    temperature: float = 0.7
    top_p: float = 0.95
    max_new_tokens: int = 256
    seed: int = 0
    system: str | None = None
