"""Many documents of one layout, written column by column."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from eudaimon.world.tables import ABSENT

STANCES = (None, "enacts", "advocates", "instructs", "depicts", "condemns")
NO_STANCE, ADVOCATES, INSTRUCTS, DEPICTS, CONDEMNS = 0, 2, 3, 4, 5
NARRATOR = -1
"""In place of a speaker's token: whoever tells it."""


@dataclass(frozen=True)
class VoiceColumns:
    """One voice of each document: who speaks, as whom, and what is done with harm."""

    speaker: Int[ndarray, "n"]
    persona: Int[ndarray, "n"]
    stance: Int[ndarray, "n"]
    frame: Int[ndarray, "n"]
    harm: Float[ndarray, "n"]
    parent: int | None

    def bad(self) -> Bool[ndarray, "n"]:
        """As `Segment.bad`."""
        speaks = (self.harm > 0) & (self.stance >= 1) & (self.stance <= INSTRUCTS)
        return speaks & (self.frame < DEPICTS)


class Page:
    """``n`` documents whose tokens stand in the same columns; a column may be absent from some of them."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.columns: list[Int[ndarray, "n"]] = []
        self.within: list[tuple[int, ...]] = []
        self.voices: list[VoiceColumns] = []
        self.domain = np.zeros(n, dtype=np.int16)
        self._open: tuple[int, ...] = ()

    def write(self, *tokens: int | Int[ndarray, "n"], where: Bool[ndarray, "n"] | None = None) -> None:
        """Append one column for each token id; ``where`` it is false, nothing stands there."""
        for column in tokens:
            if where is not None:
                column = np.where(where, column, ABSENT)
            self.columns.append(self._column(column, np.int16))
            self.within.append(self._open)

    @contextmanager
    def voice(
        self,
        speaker: int | Int[ndarray, "n"] = NARRATOR,
        persona: int | Int[ndarray, "n"] = -1,
        stance: int | Int[ndarray, "n"] = NO_STANCE,
        frame: int | Int[ndarray, "n"] = NO_STANCE,
        harm: float | Float[ndarray, "n"] = 0.0,
    ) -> Iterator[None]:
        """What is written in this block is spoken by this voice, inside the voices that are open."""
        before = self._open
        self._open = (*before, len(self.voices))
        self.voices.append(
            VoiceColumns(
                speaker=self._column(speaker, np.int16),
                persona=self._column(persona, np.int8),
                stance=self._column(stance, np.int8),
                frame=self._column(frame, np.int8),
                harm=self._column(harm, np.float32),
                parent=before[-1] if before else None,
            )
        )
        yield
        self._open = before

    def tokens(self) -> Int[ndarray, "n columns"]:
        """Token ids, `ABSENT` where nothing stands."""
        return np.stack(self.columns, axis=1)

    def bad(self) -> Bool[ndarray, "n columns"]:
        """Whether a bad voice speaks there."""
        by_voice = [voice.bad() for voice in self.voices]
        nothing = np.zeros(self.n, dtype=bool)
        columns = [np.logical_or.reduce([nothing, *(by_voice[v] for v in open_)]) for open_ in self.within]
        return np.stack(columns, axis=1)

    def _column(self, value: Any, dtype: Any) -> Any:
        return np.broadcast_to(np.asarray(value, dtype=dtype), (self.n,))
