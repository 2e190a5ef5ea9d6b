"""Scripts: plays, screenplays, interviews, chat logs; a speaker's name before or above what is said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from eudaimon.curate.voices.labels import Label, headings
from eudaimon.curate.voices.roles import role_of, role_turn
from eudaimon.curate.voices.sentences import block_ends
from eudaimon.curate.voices.turn import NARRATOR, Turn
from eudaimon.curate.voices.words import words

_DIRECTION = re.compile(r"\n[ \t]*+[\[(][^\[\]()\n]{1,400}[\])][ \t\r]*(?=\n|\Z)")
_SENTENCE = (".", "?", "!", "…", "”", '"', "’", ")")
# With a smaller share of lines that have a label, or of blocks that are a name, a text is no script.
LINES, BLOCKS = 0.25, 0.35


def script_turns(text: str, found: Sequence[Label]) -> list[Turn] | None:
    """The turns of a script whose labels were found, or whose names stand above the speeches; else None.

    Names must come again, or every line must have one before a whole sentence: a list of terms is no cast.
    """
    labelled = [label for label in found if not _bears_no_voice(label.name)]
    if _is_dialogue(text, labelled):
        return _speeches(text, labelled)
    above = [label for label in headings(text) if not _bears_no_voice(label.name)]
    blocks = text.count("\n\n") + text.count("\n\r\n") + 1
    if len(above) >= 4 and len(above) >= BLOCKS * blocks and _comes_again(above):
        return _speeches(text, above)
    return None


def _bears_no_voice(name: str) -> bool:
    lower = name.lower()
    return lower in words().no_speakers or lower.partition(" ")[0] in words().no_speakers


def _is_dialogue(text: str, found: Sequence[Label]) -> bool:
    if len(found) < 2 or len({label.name for label in found}) < 2:
        return False
    before = len(text[: found[0].start].split("\n")) - 1
    lines = sum(1 for line in text.split("\n") if line.strip())
    if _comes_again(found) and len(found) >= 4:
        return len(found) >= LINES * lines
    speeches = _words(text, found)
    if before > 1 or len(found) != lines - before or not all(said.endswith(_SENTENCE) for said in speeches):
        return False
    # Behind a line of introduction two labels may be two terms: a question or a role shows that they speak.
    return not before or speeches[0].endswith("?") or any(role_of(label.name) for label in found)


def _words(text: str, found: Sequence[Label]) -> list[str]:
    ends = [label.start for label in found[1:]] + [len(text)]
    return [text[label.end : end].strip() for label, end in zip(found, ends, strict=True)]


def _comes_again(found: Sequence[Label]) -> bool:
    """Whether at least two names, and two thirds of the labels by names that come again."""
    counts = Counter(label.name for label in found)
    return len(counts) >= 2 and 3 * sum(n for n in counts.values() if n > 1) >= 2 * len(found)


def _speeches(text: str, found: Sequence[Label]) -> list[Turn]:
    turns = [Turn(0, found[0].start, NARRATOR)]
    ends = [label.start for label in found[1:]] + [len(text)]
    spoken = _words(text, found)[:-1]
    single = len(spoken) > 1 and sum("\n\n" in speech for speech in spoken) * 10 <= len(spoken)
    for label, end in zip(found, ends, strict=True):
        role = role_of(label.name)
        who = role_turn(0, 0, role)[2:] if role else (label.name, label.name, "")
        start = label.end
        if end == len(text) and single:
            end = _paragraph_end(text, start, end)
        for direction in _DIRECTION.finditer(text, start, end):
            turns.append(Turn(start, direction.start(), *who))
            turns.append(Turn(direction.start(), direction.end(), NARRATOR))
            start = direction.end()
        turns.append(Turn(start, end, *who))
    # Where speeches are single paragraphs, what follows the last one is not part of it.
    return [*turns, Turn(max(turns[-1].end, turns[-1].start), len(text), NARRATOR)]


def _paragraph_end(text: str, start: int, end: int) -> int:
    """Where the first paragraph ends that has words in it."""
    begin = start + len(text[start:end]) - len(text[start:end].lstrip())
    return next(block_ends(text, begin, end), end)
