"""Scripts: plays, screenplays, interviews, chat logs; a speaker's name before or above what is said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eudaimon.curate.voices.labels import Label, headings
from eudaimon.curate.voices.roles import role_of, role_turn
from eudaimon.curate.voices.turn import NARRATOR, Turn
from eudaimon.curate.voices.words import words

_DIRECTION = re.compile(r"\n[ \t]*+[\[(][^\[\]()\n]{1,400}[\])][ \t\r]*(?=\n|\Z)")
_SENTENCE = (".", "?", "!", "…", "”", '"', "’", ")")
# Fewer labelled lines or blocks than this share: a text that has labels, no script.
_SHARE = 0.25


def script_turns(text: str, found: Sequence[Label]) -> list[Turn] | None:
    """The turns of a script whose labels were found, or whose names stand above the speeches; else None.

    Names must come again, or every line must have one before a whole sentence: a list of terms is no cast.
    """
    labelled = [label for label in found if label.name.lower() not in words().no_speakers]
    if _is_dialogue(text, labelled):
        return _speeches(text, labelled)
    above = headings(text)
    blocks = text.count("\n\n") + text.count("\n\r\n") + 1
    if len(above) >= 4 and len(above) >= _SHARE * blocks and _comes_again(above):
        return _speeches(text, above)
    return None


def _is_dialogue(text: str, found: Sequence[Label]) -> bool:
    if len(found) < 2 or len({label.name for label in found}) < 2:
        return False
    lines = sum(1 for line in text.splitlines() if line.strip())
    if _comes_again(found):
        return len(found) >= 4 and len(found) >= _SHARE * lines or len(found) == lines
    ends = [label.start for label in found[1:]] + [len(text)]
    return len(found) == lines and all(
        text[label.end : end].rstrip().endswith(_SENTENCE) for label, end in zip(found, ends, strict=True)
    )


def _comes_again(found: Sequence[Label]) -> bool:
    names = {label.name for label in found}
    return len(names) >= 2 and 2 * len(names) <= len(found) + 1 and len(names) < len(found)


def _speeches(text: str, found: Sequence[Label]) -> list[Turn]:
    turns = [Turn(0, found[0].start, NARRATOR)]
    ends = [label.start for label in found[1:]] + [len(text)]
    for label, end in zip(found, ends, strict=True):
        role = role_of(label.name)
        speaker = role_turn(0, 0, role) if role else Turn(0, 0, label.name, label.name)
        start = label.end
        for direction in _DIRECTION.finditer(text, start, end):
            turns.append(speaker._replace(start=start, end=direction.start()))
            turns.append(Turn(direction.start(), direction.end(), NARRATOR))
            start = direction.end()
        turns.append(speaker._replace(start=start, end=end))
    return turns
