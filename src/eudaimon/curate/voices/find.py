"""The voices of a text, whatever its form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.curate.voices.chat import chat_turns
from eudaimon.curate.voices.chat_json import json_turns
from eudaimon.curate.voices.forum import forum_turns
from eudaimon.curate.voices.labels import Label, labels
from eudaimon.curate.voices.pieces import pieces
from eudaimon.curate.voices.prose import prose
from eudaimon.curate.voices.script import script_turns
from eudaimon.curate.voices.templates import template_turns
from eudaimon.curate.voices.turn import MARKUP, NARRATOR, Turn, tile

Form: TypeAlias = Literal["json", "template", "chat", "script", "forum", "prose"]
Row: TypeAlias = tuple[int, int, str, str, int | None, str]
"""Start, end, voice, persona, parent and subject of a segment."""
FORMS: tuple[Form, ...] = get_args(Form)
"""The forms of text, in the order in which they are tried."""
LONGEST = 1000
"""Code points of a segment: about what an encoder of 256 tokens reads at once."""


def segments(text: str, *, form: Form | None = None, longest: int = LONGEST) -> tuple[Segment, ...]:
    """The voices of a text as spans in code points, sorted, what is quoted after what it is quoted in.

    Segments without a parent tile the text: turns of a chat, a script or a thread, or the narrator's
    paragraphs, and `MARKUP` between them. What a turn or paragraph quotes has it as parent, and so on
    inwards; the marks around it are not part of it. ``voice`` is a role, a name, `NARRATOR`, or `QUOTED` for
    a speaker who is not named; ``persona`` is the name, and empty for roles and pronouns. Turns and
    paragraphs of more than ``longest`` code points are cut at the ends of sentences, never within one.
    Nothing is said about harm or stance.

    ``form`` is detected where it is None; a text that is not of the form given is read as prose. Raises
    `UsageError` for an unknown form or a ``longest`` below 1.
    """
    rows = segment_rows(text, form=form, longest=longest)
    return tuple(Segment(row[0], row[1], row[2], row[3], parent=row[4], subject=row[5]) for row in rows)


def segment_rows(text: str, *, form: Form | None = None, longest: int = LONGEST) -> list[Row]:
    """What `segments` finds, as plain tuples: for those who read millions and need no objects."""
    if form is not None and form not in FORMS:
        raise UsageError(f"{form!r} is no form of text", right=f"one of {', '.join(FORMS)}", do="form=None")
    if longest < 1:
        raise UsageError(f"a segment of at most {longest} characters holds nothing", right="1 or more")
    found: list[Row] = []
    _, turns = turns_of(text, form)
    for turn in turns:
        if turn.voice == MARKUP:
            found.append((turn.start, turn.end, MARKUP, "", None, ""))
        else:
            _add(found, text, turn, longest)
    return found


def detect_form(text: str) -> Form:
    """The form that `segments` takes a text to have; "prose" where it is of no other."""
    return turns_of(text, None)[0]


def with_voices(document: Document) -> Document:
    """The document with the segments of its voices; one whose segments are known is returned as it is."""
    return document if document.segments is not None else replace(document, segments=segments(document.text))


def turns_of(text: str, form: Form | None = None) -> tuple[Form, list[Turn]]:
    """The form of a text, and its turns, which tile it; as `segments` for ``form``."""
    found = labels(text) if form in (None, "chat", "script") else []
    for candidate in FORMS if form is None else (form,):
        turns = _turns_as(text, candidate, found)
        if turns is not None:
            return candidate, tile(text, turns)
    return "prose", [Turn(0, len(text), NARRATOR)] if text else []


def _turns_as(text: str, form: Form, found: Sequence[Label]) -> list[Turn] | None:
    if form == "json":
        return json_turns(text)
    if form == "template":
        return template_turns(text)
    if form == "chat":
        return chat_turns(text, found)
    if form == "script":
        return script_turns(text, found)
    return forum_turns(text) if form == "forum" else None


# Without any of these a turn quotes nobody, and need not be read: half of a chat's time.
_QUOTES = re.compile(r"[“”„‟«»‹›「」『』\"‘>—―–':](?:(?<![':])|(?<=')(?<![\w'’)]')|(?<=:)[ \t\r]*\n)")
_POSTED = "osted by"


def _add(found: list[Row], text: str, turn: Turn, longest: int) -> None:
    """Add the pieces of a turn, each followed by the part of the quoted voices that lies in it."""
    whole = turn.voice != NARRATOR and turn.end - turn.start <= longest
    if whole and not (_QUOTES.search(text, turn.start, turn.end) or _POSTED in text[turn.start : turn.end]):
        found.append((turn.start, turn.end, turn.voice, turn.persona, None, turn.subject))
        return
    inside = prose(text, turn.start, turn.end)
    blocks = [(turn.start, turn.end)] if whole else inside.blocks
    waiting: list[Turn] = []
    index = 0
    for start, end in pieces(text, blocks, inside.quoted, longest):
        top = len(found)
        found.append((start, end, turn.voice, turn.persona, None, turn.subject))
        here = [entry._replace(start=start) for entry in waiting if entry.end > start] if waiting else []
        while index < len(inside.quoted) and inside.quoted[index].start < end:
            here.append(inside.quoted[index])
            index += 1
        if here:
            _add_quoted(found, here, top, end)
            waiting = [entry for entry in here if entry.end > end]
        else:
            waiting = here


def _add_quoted(found: list[Row], quoted: list[Turn], top: int, end: int) -> None:
    outer = [top]
    for turn in quoted:
        while found[outer[-1]][1] <= turn.start:
            outer.pop()
        parent = outer[-1]
        outer.append(len(found))
        stop = min(turn.end, end, found[parent][1])
        found.append((turn.start, stop, turn.voice, turn.persona, parent, ""))
