"""Prose: paragraphs, and the voices that are quoted in them, with their speakers."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise

from eudaimon.curate.voices.block_quotes import Run, has_block_quotes, quoted_spans, runs
from eudaimon.curate.voices.dashes import DASHES, dash_speech
from eudaimon.curate.voices.forum import Header, headers
from eudaimon.curate.voices.quotations import CUT_LINE, Quotation, quotations, tokens
from eudaimon.curate.voices.speakers import speaker_after, speaker_before
from eudaimon.curate.voices.turn import QUOTED, Turn

_OPENING = "“„«‹「『\"‘'”»"
_SPOKEN = ".!?,;:…—–-"


@dataclass(slots=True)
class Prose:
    """The paragraphs of a span, which tile it, and the voices quoted in it: sorted, outer before inner."""

    blocks: list[tuple[int, int]]
    quoted: list[Turn]


def prose(text: str, start: int, end: int) -> Prose:
    """The paragraphs of the span and the voices that are quoted in them."""
    inside = text if end - start == len(text) else text[start:end]
    reader = _Reader(text, has_block_quotes(inside), headers(inside), start, before=start)
    paragraphs = _paragraphs(text, start, end)
    for index, (begin, stop, _, marks) in enumerate(paragraphs):
        following = paragraphs[index + 1][0] if index + 1 < len(paragraphs) else end
        reader.read(begin, stop, marks, last=following >= end, following=text[following : following + 1])
    blocks = [(begin, after) for begin, _, after, _ in paragraphs]
    return Prose(_with_answers(blocks, reader.commented), reader.turns())


def _paragraphs(text: str, start: int, end: int) -> list[tuple[int, int, int, list[int]]]:
    """Where each begins and stops, where the next begins, and its marks."""
    found: list[tuple[int, int, int, list[int]]] = []
    marks: list[int] = []
    begin = start
    for position, after in tokens(text, start, end):
        if text[position] != "\n":
            marks.append(position)
        elif text[begin:position].strip():
            found.append((begin, position, after, marks))
            begin, marks = after, []
    if begin < end:
        found.append((begin, end, end, marks))
    return found


def _with_answers(blocks: list[tuple[int, int]], commented: set[int]) -> list[tuple[int, int]]:
    """The blocks; one that is quoted as a whole is joined to its answer below, or to the one above."""
    if not commented:
        return blocks
    joined: list[tuple[int, int]] = []
    waiting = -1
    for start, end in blocks:
        if start in commented:
            waiting = start if waiting < 0 else waiting
        else:
            joined.append((start if waiting < 0 else waiting, end))
            waiting = -1
    if waiting >= 0:
        joined.append((joined.pop()[0] if joined else waiting, blocks[-1][1]))
    return joined


@dataclass(slots=True)
class _Reader:
    """Reads paragraphs in order. Who speaks may be told paragraphs later: speakers are kept by utterance."""

    text: str
    block_quotes: bool
    headers: tuple[Header, ...]
    offset: int
    spans: list[tuple[int, int, int]] = field(default_factory=list)
    speakers: list[str | None] = field(default_factory=list)
    commented: set[int] = field(default_factory=set)
    header: int = 0
    """The header to come."""
    announced: str | None = None
    """Whose words the paragraph before announced."""
    going_on: int | None = None
    dashed: list[tuple[int, int, int]] = field(default_factory=list)
    before: int = 0
    """Where the paragraph before begins."""

    def read(self, start: int, end: int, marks: list[int], *, last: bool, following: str) -> None:
        """Find the voices of one paragraph."""
        self._read(start, end, marks, last=last, following=following)
        self.before = start

    def _read(self, start: int, end: int, marks: list[int], *, last: bool, following: str) -> None:
        if self.block_quotes or self.headers:
            self._read_quoted_lines(start, end, marks)
            return
        if self.text[start] in DASHES and not self.text.startswith("--", start):
            self._read_dash(start, end)
            return
        self._read_marks(start, end, marks, goes_on=last or following in _OPENING)

    def turns(self) -> list[Turn]:
        """The voices found."""
        if len(self.dashed) > 1 or any(self.speakers[index] is not None for _, _, index in self.dashed):
            self.spans += self.dashed
        names = ((start, end, self.speakers[index] or "") for start, end, index in self.spans)
        turns = [Turn(start, end, name or QUOTED, name) for start, end, name in names]
        turns.sort(key=lambda turn: (turn.start, -turn.end))
        return turns

    def _read_marks(self, start: int, end: int, marks: list[int], *, goes_on: bool) -> None:
        going_on, self.going_on = self.going_on, None
        if not marks:
            return
        found = quotations(self.text, marks, start, end, goes_on=goes_on)
        if not found:
            return
        names = _speakers(self.text, start, end, found)
        if names[0] is None and going_on is None and found[0].opened == start:
            # "Ann said:", and what she said in a paragraph of its own.
            names[0] = speaker_before(self.text, self.before, start) if self._leads(start) else None
            _share(self.text, found, names)
        for index, (quotation, name) in enumerate(zip(found, names, strict=True)):
            if index == 0 and going_on is not None and quotation.opened <= start + 1:
                utterance = going_on
                self.speakers[utterance] = self.speakers[utterance] or name
            else:
                utterance = self._utterance(name)
            self.spans.append((quotation.start, quotation.end, utterance))
            if quotation.continues:
                self.going_on = utterance

    def _leads(self, start: int) -> bool:
        return self.before < start and self.text[max(self.before, start - 8) : start].rstrip().endswith(
            (":", ",")
        )

    def _read_dash(self, start: int, end: int) -> None:
        self.going_on = None
        for speech in dash_speech(self.text, start, end):
            self.dashed.append((speech.start, speech.end, self._utterance(speech.speaker)))

    def _read_quoted_lines(self, start: int, end: int, marks: list[int]) -> None:
        """A paragraph with lines marked by ``>``, or one that stands under a line that names its author."""
        name, body = self._named(start, end)
        found = runs(self.text, body, end) if self.block_quotes else [Run(body, end, 0)]
        marked = any(run.depth for run in found)
        if name and not marked and body < end:
            spans = [(body, end)]
        else:
            spans = quoted_spans(found)
        for index, (begin, stop) in enumerate(spans):
            self.spans.append((begin, stop, self._utterance(name if index == 0 else None)))
        if spans and all(run.depth or not self.text[run.start : run.end].strip() for run in found):
            self.commented.add(start)
        for run in (Run(start, body, 0), *found):
            inside = marks[bisect_left(marks, run.start) : bisect_left(marks, run.end)]
            self._read_marks(run.start, run.end, inside, goes_on=False)

    def _named(self, start: int, end: int) -> tuple[str | None, int]:
        """The author whose words are announced in the paragraph or the one before, and where they begin."""
        announced, self.announced = self.announced, None
        while self.header < len(self.headers) and self.headers[self.header].start + self.offset < start:
            self.header += 1
        if self.header == len(self.headers) or self.headers[self.header].start + self.offset >= end:
            return announced, start
        header = self.headers[self.header]
        line_end = self.text.find("\n", header.end + self.offset, end)
        if line_end < 0:
            self.announced = header.name
            return None, end
        return header.name, line_end + 1

    def _utterance(self, speaker: str | None) -> int:
        self.speakers.append(speaker)
        return len(self.speakers) - 1


def _speakers(text: str, start: int, end: int, found: list[Quotation]) -> list[str | None]:
    """The speaker of each: told after it, or before it, or, in one paragraph, with its neighbour."""
    names: list[str | None] = []
    outer: list[Quotation] = []
    before = start
    for index, quotation in enumerate(found):
        while outer and outer[-1].closed <= quotation.opened:
            before = outer.pop().closed
        begin = max(before, outer[-1].start) if outer else before
        name = None
        if not quotation.continues:
            follow = next(
                (q.opened for q in found[index + 1 : index + 8] if q.opened >= quotation.closed), end
            )
            limit = min(follow, outer[-1].end) if outer else follow
            name = speaker_after(text, quotation.closed, limit)
        if name is None:
            name = speaker_before(text, begin, quotation.opened)
        names.append(name)
        outer.append(quotation)
    _share(text, found, names)
    return names


def _share(text: str, found: list[Quotation], names: list[str | None]) -> None:
    """Give speech without a speaker that of its neighbour in the paragraph, the one before it first."""
    if len(found) < 2:
        return
    spoken = [i for i, q in enumerate(found) if q.depth == 0 and (q.continues or text[q.end - 1] in _SPOKEN)]
    for order in (spoken, spoken[::-1]):
        for neighbour, index in pairwise(order):
            if names[index] is None and not _lines_between(text, found[neighbour], found[index]):
                names[index] = names[neighbour]


def _lines_between(text: str, one: Quotation, other: Quotation) -> bool:
    """Whether a line that is a paragraph of its own ends between two quotations."""
    start, end = min(one.end, other.end), max(one.start, other.start)
    return text.find("\n", start, end) >= 0 and not CUT_LINE.search(text, start, end)
