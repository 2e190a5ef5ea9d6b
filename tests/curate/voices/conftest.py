"""How the tests of voices write down who says what."""

from __future__ import annotations

import pytest

from eudaimon.curate import MARKUP, segments


@pytest.fixture(scope="session")
def turns():
    """Voice and words of the segments at the top of a text, without markup."""

    def turns(text: str, **options) -> list[tuple[str, str]]:
        found = segments(text, **options)
        return [(s.voice, text[s.start : s.end]) for s in found if s.parent is None and s.voice != MARKUP]

    return turns


@pytest.fixture(scope="session")
def quoted():
    """Persona and words of the voices that a text quotes."""

    def quoted(text: str, **options) -> list[tuple[str, str]]:
        return [(s.persona, text[s.start : s.end]) for s in segments(text, **options) if s.parent is not None]

    return quoted
