"""A stub of an upstream server, guards made for tests, and a way to read an answer to its end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from eudaimon.core.text import as_conversation, plain_text
from eudaimon.serve.asked import Asked, Decided, Ended


@dataclass
class WordGuard:
    """Flags texts with ``bomb`` in them, is unsure (.5) about ``hm``, and breaks where a text says so."""

    read: list = field(default_factory=list)
    batches: list = field(default_factory=list)

    def decide(self, texts, threshold):
        self.batches.append(len(texts))
        self.read += texts
        return [self.one(plain_text(text), threshold) for text in texts]

    def one(self, text, threshold):
        if "raise" in text:
            raise RuntimeError(text)
        score = float("nan") if "nan" in text else 0.9 if "bomb" in text else 0.5 if "hm" in text else 0.1
        return Decided(score >= threshold, score, threshold, n_tokens=len(text.split()))


@pytest.fixture
def guard():
    """A guard that keys on words; see `WordGuard`."""
    return WordGuard()


@pytest.fixture
def answerer():
    """``answerer(url, guard, ...)``: an upstream answerer with the guard, threshold .8 on both sides."""
    from eudaimon.serve.upstream.answerer import UpstreamAnswerer
    from eudaimon.serve.upstream.checking import Checker, Thresholds
    from eudaimon.serve.upstream.growing import Window
    from eudaimon.serve.upstream.reading import Reader
    from eudaimon.serve.upstream.server import Limits, Upstream

    readers = []

    def make(url, guard, *, second=None, fail_open=False, window=None, limits=None, seconds=20.0, **how):
        readers.append(Reader(guard, timeout_seconds=seconds))
        checker = Checker(readers[-1], Thresholds(0.8, 0.8), second, fail_open=fail_open)
        server = Upstream(url, "m", limits=limits or Limits(), api_key_env=how.pop("key", ""))
        return UpstreamAnswerer(server, checker, window=window or Window(8, 64, 12), **how)

    yield make
    for reader in readers:
        reader.close()


@pytest.fixture(scope="session")
def ask():
    """``await ask(answerer, text, **asked)``: the text that was sent, its pieces, and the end."""

    async def whole(answerer, text="How do I bake bread?", **more):
        asked = Asked(as_conversation(text) if not more.pop("plain", False) else text, **more)
        return await heard(answerer.ask(asked))

    async def heard(answering):
        pieces, end = [], None
        async with asyncio.timeout(60):
            async for event in answering.events():
                assert end is None, "something came after the end"
                if isinstance(event, Ended):
                    end = event
                else:
                    pieces.append(event)
        assert end is not None
        return "".join(piece.text for piece in pieces), pieces, end

    whole.heard = heard
    return whole
