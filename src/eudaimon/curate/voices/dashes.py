"""Dialogue after a dash at the beginning of a paragraph: ``— Bonjour, dit-il.``, ``—Hola —dijo Juan—.``"""

from __future__ import annotations

import re
from typing import NamedTuple

from eudaimon.curate.voices.speakers import speaker_after
from eudaimon.curate.voices.turn import strip

DASHES = "—―–"
_SAID = re.compile(r"(?:[,.!?…]|(?<=\S)\s[—―–])\s{0,2}(?=\w)")
_CLOSING = re.compile(r"(?<!\s)[—―–][.,;:]?\s?|(?<=[.,;:!?])\s?[—―–]\s?(?=\w)")


class DashSpeech(NamedTuple):
    """A span that is said after a dash, and its speaker as `speaker_after` tells it."""

    start: int
    end: int
    speaker: str | None


def dash_speech(text: str, start: int, end: int) -> list[DashSpeech]:
    """What is said in a paragraph that begins with a dash, without the words of the narrator in between.

    Empty where the words end without a mark: a signature under a motto also begins with a dash.
    """
    begin, stop = strip(text, start + 1, end)
    if (
        begin >= stop
        or text[stop - 1] not in '.!?…,;:»)”"'
        or not (text[begin].isupper() or text[begin] in "¿¡…")
    ):
        return []
    for match in _SAID.finditer(text, begin, stop):
        speaker = speaker_after(text, match.end(), stop)
        if speaker is not None:
            said = DashSpeech(begin, match.start() + (text[match.start()] in ",.!?…"), speaker)
            again = _CLOSING.search(text, match.end(), stop)
            if again is None or again.end() >= stop:
                return [said]
            return [said, DashSpeech(again.end(), stop, speaker)]
    return [DashSpeech(begin, stop, None)]
