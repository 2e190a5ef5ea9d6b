"""Pieces: a long turn cut at paragraphs and sentences, outside of what it quotes where that can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge

from eudaimon.curate.voices.sentences import sentence_ends
from eudaimon.curate.voices.turn import Turn


def pieces(
    text: str, blocks: Sequence[tuple[int, int]], quoted: Sequence[Turn], longest: int
) -> Iterator[tuple[int, int]]:
    """Spans that tile the blocks, at most ``longest`` code points each, cut at the ends of sentences.

    A sentence, or a block in which no sentence ends, is never cut. ``quoted`` are the voices quoted, sorted.
    """
    index, covered = 0, 0
    for start, end in blocks:
        if end - start <= longest:
            yield start, end
            continue
        begin = outside = anywhere = start
        for cut in merge(sentence_ends(text, start, end), _line_ends(text, start, end), (end,)):
            if cut - begin > longest:
                # What is behind the last good place is cut off; a long quotation must be cut inside.
                for place in (outside, anywhere):
                    if begin < place and cut - begin > longest:
                        yield begin, place
                        begin = place
            while index < len(quoted) and quoted[index].start < cut:
                covered = max(covered, quoted[index].end)
                index += 1
            anywhere = cut
            if covered <= cut:
                outside = cut
        if begin < end:
            yield begin, end


def _line_ends(text: str, start: int, end: int) -> Iterator[int]:
    position = text.find("\n", start, end)
    while position >= 0:
        if not text[position + 1 : position + 2].islower():
            yield position + 1
        position = text.find("\n", position + 1, end)
