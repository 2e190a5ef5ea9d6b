"""The voices of a batch of texts as arrays."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from eudaimon.curate.voices.compiled.forms import ASK, PATTERNS
from eudaimon.curate.voices.compiled.kernels import kernels
from eudaimon.curate.voices.compiled.names import N_SCRATCH
from eudaimon.curate.voices.compiled.paragraphs import N_COLUMNS
from eudaimon.curate.voices.compiled.quotes import DEEPEST
from eudaimon.curate.voices.compiled.voices import MARKUP as SILENT
from eudaimon.curate.voices.compiled.voices import NARRATOR as NARRATES
from eudaimon.curate.voices.compiled.voices import SOMEBODY
from eudaimon.curate.voices.compiled.word_table import tables
from eudaimon.curate.voices.find import LONGEST, turns_of
from eudaimon.curate.voices.forum import may_have_headers
from eudaimon.curate.voices.speakers import plain_name
from eudaimon.curate.voices.turn import MARKUP, NARRATOR, QUOTED, Turn

log = logging.getLogger(__name__)

_POSTED = re.compile(
    r"(?i:posted by|quote from|reply by)|(?:wrote|writes|said|posted|schrieb|écrit|escribió)[^\n]*:[ \t\r]*\n"
)
_ENCODING = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"
_NOBODY, _NARRATOR, _QUOTED = range(3)


class VoiceArrays(NamedTuple):
    """The segments of texts, as `Spans` has them: the columns of codes index ``strings``."""

    first: Int[np.ndarray, " texts+1"]
    start: Int[np.ndarray, " rows"]
    end: Int[np.ndarray, " rows"]
    parent: Int[np.ndarray, " rows"]
    voice: Int[np.ndarray, " rows"]
    persona: Int[np.ndarray, " rows"]
    subject: Int[np.ndarray, " rows"]
    strings: tuple[str, ...]
    left: Int[np.ndarray, " some"]
    """The numbers of the texts that `segment_rows` must read; they have no rows here."""


def voice_arrays(texts: Sequence[str], *, longest: int = LONGEST) -> VoiceArrays | None:
    """What `segment_rows` finds in each text, or None where numba is missing.

    A segment of more than ``longest`` code points is cut as there.
    """
    compiled = kernels()
    if compiled is None:
        return None
    t = tables()
    data = np.frombuffer("".join(texts).encode(_ENCODING, "surrogatepass"), np.uint32)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    forms = np.zeros(len(texts), dtype=np.int64)
    most = compiled.forms_of(data, offsets, t.kinds, t.words, t.openings, forms)
    turns = _Turns(texts, lengths, forms)
    scratch = np.zeros(N_SCRATCH, dtype=np.int64)
    work = np.zeros((most + DEEPEST + 2, N_COLUMNS), dtype=np.int64)
    first, left = np.zeros(len(offsets), dtype=np.int64), np.zeros(len(texts), dtype=np.int64)
    n, room = -1, len(data) // 64 + 2 * len(turns.rows) + 64
    while n < 0:
        rows, room = np.empty((room, 6), dtype=np.int64), 2 * room
        n = compiled.voice_rows(
            *(data, offsets, turns.first, turns.rows, longest, t.kinds, t.words, scratch, work),
            *(rows, first, left),
        )
    rows = rows[:n]
    quoted, turn = rows[:, 2] >= 0, rows[:, 3]
    name = np.zeros(len(rows), dtype=np.int32)
    named = np.flatnonzero(rows[:, 4] >= 0)
    name[named] = _names(texts, rows[named, 4], rows[named, 5], _owners(first, named), turns.known)
    return VoiceArrays(
        first,
        rows[:, 0].copy(),
        rows[:, 1].copy(),
        rows[:, 2].astype(np.int32),
        np.where(quoted, np.where(name > 0, name, _QUOTED), turns.voice[turn]),
        np.where(quoted, name, turns.persona[turn]),
        np.where(quoted, _NOBODY, turns.subject[turn]),
        tuple(turns.known),
        np.flatnonzero((left > 0) | (turns.forms == PATTERNS)),
    )


class _Turns:
    """The turns of all texts: one of the narrator's where a text is prose, else those that patterns find."""

    def __init__(self, texts: Sequence[str], lengths: ndarray, forms: ndarray) -> None:
        self.known = {"": _NOBODY, NARRATOR: _NARRATOR, QUOTED: _QUOTED}
        self.forms = forms.copy()
        asked: dict[int, list[Turn]] = {}
        for number in np.flatnonzero(forms == ASK).tolist():
            found = _asked(texts[number])
            if found is None:
                self.forms[number] = PATTERNS
            else:
                asked[number] = found
        counts = ((lengths > 0) & (self.forms != PATTERNS)).astype(np.int64)
        for number, found in asked.items():
            counts[number] = len(found)
        self.first = np.concatenate([[0], np.cumsum(counts)])
        n = int(self.first[-1])
        self.rows = np.zeros((n, 3), dtype=np.int64)
        self.voice = np.full(n, _NARRATOR, dtype=np.int32)
        self.persona, self.subject = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32)
        one = np.flatnonzero(counts == 1)
        self.rows[self.first[one], 1] = lengths[one]
        self.rows[self.first[one], 2] = NARRATES
        for number, found in asked.items():
            place = slice(int(self.first[number]), int(self.first[number + 1]))
            self.rows[place], codes = zip(*map(self._numbers, found), strict=True)
            self.voice[place], self.persona[place], self.subject[place] = zip(*codes, strict=True)

    def _numbers(self, turn: Turn) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Where a turn is and what, and the codes of its voice, persona and subject."""
        start, end, voice, persona, subject = turn
        kind = SILENT if voice == MARKUP else NARRATES if voice == NARRATOR else SOMEBODY
        code = self.known
        spoken = code.setdefault(voice, len(code))
        named = code.setdefault(persona, len(code))
        return (start, end, kind), (spoken, named, code.setdefault(subject, len(code)))


def _asked(text: str) -> list[Turn] | None:
    """The turns of a text by patterns; None where lines within them may name who is quoted, and on errors."""
    try:
        form, turns = turns_of(text)
    except Exception as error:  # `segment_rows` will raise it again, for this text alone
        log.debug("patterns failed on a text: %s", error)
        return None
    return None if form != "prose" and may_have_headers(text) and _POSTED.search(text) else turns


def _owners(first: ndarray, rows: ndarray) -> ndarray:
    """The number of the text that each of these rows belongs to."""
    return np.searchsorted(first, rows, side="right") - 1


def _names(
    texts: Sequence[str], starts: ndarray, ends: ndarray, owners: ndarray, known: dict[str, int]
) -> list[int]:
    """The codes of the names in these spans of texts; a name that is met again costs one look-up."""
    codes: dict[str, int] = {}
    found = []
    for owner, start, end in zip(owners.tolist(), starts.tolist(), ends.tolist(), strict=True):
        words = texts[owner][start:end]
        code = codes.get(words)
        if code is None:
            code = codes[words] = known.setdefault(plain_name(words), len(known))
        found.append(code)
    return found
