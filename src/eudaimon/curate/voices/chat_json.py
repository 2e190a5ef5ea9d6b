"""Chat JSON: ``[{"role": ..., "content": ...}]``, also under a key, and ShareGPT's ``from`` and ``value``.

The text is scanned, not parsed: spans are those of the raw text, escapes included, and a file that was cut
off still gives the turns that it holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from eudaimon.curate.voices.roles import role_of, role_turn
from eudaimon.curate.voices.turn import Turn

# A string that never ends runs to the end of the text: no later start can make the scan quadratic.
_TOKEN = re.compile(r'"(?P<string>[^"\\]*+(?:\\.[^"\\]*+)*+\\?)(?:"(?P<key>\s*+:)?|\Z)|[{}]', re.DOTALL)
_ROLE_KEYS = frozenset(("role", "from"))
_CONTENT_KEYS = frozenset(("content", "value", "text"))


def json_turns(text: str) -> list[Turn] | None:
    """The turns of chat JSON, in order, or None where no object has both a role and a content."""
    if text.lstrip()[:1] not in ("[", "{") or ('"role"' not in text and '"from"' not in text):
        return None
    turns: list[Turn] = []
    open_objects: list[_Object] = []
    for match in _TOKEN.finditer(text):
        string = match["string"]
        if string is None and match[0] == "{":
            open_objects.append(_Object())
        elif string is None:
            _close(open_objects, turns)
        elif open_objects:
            open_objects[-1].read(match)
    while open_objects:
        _close(open_objects, turns)
    return sorted(turns) or None


@dataclass
class _Object:
    """An object that is open: whose it is, the key last seen, and the spans of what is said in it."""

    speaker: str = ""
    key: str = ""
    contents: list[tuple[int, int]] = field(default_factory=list)

    def read(self, match: re.Match[str]) -> None:
        if match["key"]:
            self.key = match["string"]
        elif self.key in _ROLE_KEYS:
            self.speaker = match["string"]
        elif self.key in _CONTENT_KEYS:
            self.contents.append(match.span("string"))


def _close(open_objects: list[_Object], turns: list[Turn]) -> None:
    if not open_objects:
        return
    done = open_objects.pop()
    if done.speaker:
        role = role_of(done.speaker)
        for start, end in done.contents:
            turns.append(
                role_turn(start, end, role) if role else Turn(start, end, done.speaker, done.speaker)
            )
    elif open_objects and open_objects[-1].key == "content":
        open_objects[-1].contents += done.contents
