"""The town itself: an endless stream of documents, as text with voices and as tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int, UInt16
from numpy import ndarray
from pydantic import Field, field_validator

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.world.checked import Checked
from eudaimon.world.corpus import pages
from eudaimon.world.facts import check_domains, domains
from eudaimon.world.mixture import Mixture
from eudaimon.world.page import NARRATOR, STANCES, Page
from eudaimon.world.personas import PERSONAS
from eudaimon.world.tables import ABSENT
from eudaimon.world.vocabulary import render, vocabulary

BLOCK = 4096
"""Documents made at once by `World.blocks`; their content does not depend on it."""
PAGE = 256
"""Documents made at once by `World.documents`, where the first one is waited for."""


@dataclass(frozen=True, slots=True)
class Block:
    """Tokens of consecutive documents: number ``start + i`` is ``tokens[offsets[i]:offsets[i + 1]]``."""

    start: int
    tokens: UInt16[ndarray, "tokens"]
    bad: Bool[ndarray, "tokens"]
    """Whether a bad voice speaks the token: it touches a segment that is `Segment.bad`."""
    offsets: Int[ndarray, "documents+1"]


class World(Checked):
    """A town: its seed, its mixture, its domains. Document ``k`` follows from these and ``k`` alone."""

    seed: int = 0
    mixture: Mixture = Field(default_factory=Mixture)
    domains: tuple[str, ...] = Field(default_factory=domains)

    @field_validator("domains")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        check_domains(names)
        return names

    def documents(self, n: int | None = None, start: int = 0) -> Iterator[Document]:
        """Documents ``start`` to ``start + n - 1``, with oracle segments; endless when ``n`` is None.

        Raises `UsageError` when ``n`` or ``start`` is negative.
        """
        for first, size in _ranges(n, start, PAGE):
            made: dict[int, Document] = {}
            for kind, rows, page in pages(self.seed, self.mixture, self.domains, first, size):
                made.update(self._of_page(kind, rows, page, first))
            for place in range(size):
                yield made[place]

    def blocks(self, n_documents: int | None = None, start: int = 0) -> Iterator[Block]:
        """The same documents as token ids, in blocks: what `tokenizer` makes of their texts, only faster.

        Raises `UsageError` when ``n_documents`` or ``start`` is
        negative.
        """
        for first, size in _ranges(n_documents, start, BLOCK):
            parts = [
                (rows, page.tokens(), page.bad())
                for _, rows, page in pages(self.seed, self.mixture, self.domains, first, size)
            ]
            width = max(tokens.shape[1] for _, tokens, _ in parts)
            every = np.full((size, width), ABSENT, dtype=np.int16)
            marks = np.zeros((size, width), dtype=bool)
            for rows, tokens, bad in parts:
                every[rows, : tokens.shape[1]] = tokens
                marks[rows, : tokens.shape[1]] = bad
            there = every != ABSENT
            offsets = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
            yield Block(first, every[there].astype(np.uint16), marks[there], offsets)

    def _of_page(
        self, kind: str, rows: Int[ndarray, "rows"], page: Page, first: int
    ) -> Iterator[tuple[int, Document]]:
        tokens = page.tokens()
        for row, place in enumerate(rows.tolist()):
            there = np.flatnonzero(tokens[row] != ABSENT)
            text, spans = render(tokens[row, there].tolist())
            metadata = {
                "kind": kind,
                "domain": self.domains[page.domain[row]],
                "source": kind,
                "split": "train",
            }
            number = first + place
            yield (
                place,
                Document(str(number), text, metadata, _segments(page, row, there.tolist(), text, spans)),
            )


def _segments(
    page: Page, row: int, there: list[int], text: str, spans: list[tuple[int, int]]
) -> tuple[Segment, ...]:
    """The voices of one document that say anything in it."""
    said: dict[int, list[int]] = {}
    for place, column in enumerate(there):
        for voice in page.within[column]:
            said.setdefault(voice, []).append(place)
    numbers = {voice: number for number, voice in enumerate(sorted(said))}
    everyone, names = tuple(PERSONAS.values()), vocabulary()
    found = []
    for voice in numbers:
        columns = page.voices[voice]
        speaker, who = int(columns.speaker[row]), int(columns.persona[row])
        found.append(
            Segment(
                start=spans[said[voice][0]][0],
                end=_end(spans[said[voice][-1]], text),
                voice="narrator" if speaker == NARRATOR else names[speaker],
                persona=everyone[who].name if who >= 0 else "",
                stance=STANCES[columns.stance[row]],  # type: ignore[arg-type]
                frame=STANCES[columns.frame[row]],  # type: ignore[arg-type]
                harm=float(columns.harm[row]),
                tone=everyone[who].tone if who >= 0 else "",
                subject="AI" if speaker >= 0 and names[speaker] == "Assistant" else "human",
                parent=None if columns.parent is None else numbers[columns.parent],
            )
        )
    return tuple(found)


def _end(span: tuple[int, int], text: str) -> int:
    """Where an utterance ends: the line's end is no part of it, though its last token may hold it."""
    return span[1] - (text[span[1] - 1] == "\n")


def _ranges(n: int | None, start: int, size: int) -> Iterator[tuple[int, int]]:
    if start < 0 or (n is not None and n < 0):
        raise UsageError(f"{n} documents from number {start} on", right="neither below 0")
    end = None if n is None else start + n
    while end is None or start < end:
        step = size if end is None else min(size, end - start)
        yield start, step
        start += step
