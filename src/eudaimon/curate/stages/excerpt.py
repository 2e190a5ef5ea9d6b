"""What a slow stage reads of a segment: its own words, and what stands around them."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from eudaimon.core.identity import short_hash

BEFORE, AFTER = 480, 320
"""Code points of context that an excerpt keeps on either side, nearest first."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A segment's ``text``, and the text before and after it.

    ``frame_before`` and ``frame_after`` are the words of the voice that quotes it, on either side of the
    quotation, and empty where nobody does. ``before`` and ``after`` are what else stands there. In reading
    order: before, frame_before, text, frame_after, after. ``voice`` is the segment's, as it was found.
    """

    text: str
    before: str = ""
    after: str = ""
    frame_before: str = ""
    frame_after: str = ""
    voice: str = ""

    @property
    def quoted(self) -> bool:
        """Whether a voice that says more than the quotation encloses this one."""
        return bool(self.frame_before.strip() or self.frame_after.strip())

    @property
    def hash(self) -> str:
        """16 hex digits, equal for equal excerpts."""
        return short_hash("\x1f".join(f"{len(part)}:{part}" for part in astuple(self)))


def excerpt(
    text: str, start: int, end: int, *, frame: tuple[int, int] | None = None, voice: str = ""
) -> Excerpt:
    """The excerpt of the segment ``[start, end)`` of a document's text; ``frame`` is what it is quoted in.

    All are places in code points. A frame counts as far as it goes beyond the segment.
    """
    low, high = frame or (start, end)
    left = min(start, max(low, start - BEFORE))
    right = max(end, min(high, end + AFTER))
    return Excerpt(
        text[start:end],
        before=text[max(0, start - BEFORE) : left],
        after=text[right : end + AFTER],
        frame_before=text[left:start],
        frame_after=text[end:right],
        voice=voice,
    )


def framed(text: str, *, before: str = "", after: str = "", frame: str = "", voice: str = "") -> Excerpt:
    """The excerpt of a segment that comes with its surroundings, as labelled text does.

    ``frame`` is all that the quoting voice says. The quotation is looked for in it, where ``before`` and
    ``after`` agree with what stands around it, and words that they share are the frame's. A frame that does
    not hold the quotation is taken to stand before it.
    """
    left, right = _around(text, frame, before, after)
    shared = len(left) if before.endswith(left) else len(before) if left.endswith(before) else 0
    before = before[: len(before) - shared]
    shared = len(right) if after.startswith(right) else len(after) if right.startswith(after) else 0
    return Excerpt(
        text,
        before=before[-BEFORE:],
        after=after[shared:][:AFTER],
        frame_before=left[-BEFORE:],
        frame_after=right[:AFTER],
        voice=voice,
    )


def _around(text: str, frame: str, before: str, after: str) -> tuple[str, str]:
    """What stands on either side of the quotation in its frame: at the place that agrees most, else first."""
    place = frame.find(text) if text else -1
    if place < 0:
        return frame, ""
    best, most = (frame[:place], frame[place + len(text) :]), -1
    while place >= 0:
        left, right = frame[:place], frame[place + len(text) :]
        if (before.endswith(left) or left.endswith(before)) and (
            after.startswith(right) or right.startswith(after)
        ):
            shared = min(len(left), len(before)) + min(len(right), len(after))
            if shared > most:
                best, most = (left, right), shared
        place = frame.find(text, place + 1)
    return best
