"""Tiny models, a monitor that was fitted on one, and monitors that hear a token, fail or hang."""

from __future__ import annotations

import asyncio
import random
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from eudaimon.core import Site
from eudaimon.data.query import Query
from eudaimon.measure.conformal import Threshold
from eudaimon.models import load
from eudaimon.monitor import FitOptions, Monitor, fit
from eudaimon.monitor.probe import Probe
from eudaimon.serve import Asked, Ended, Piece
from eudaimon.serve.local import Guard, LocalAnswerer, Opened, Workshop

EMBEDDED, FIRST = Site(0), Site(1)
VERBS = {"safe": ("buy", "write", "find"), "harmful": ("kill", "stop killing and kill", "kill or kill")}
THINGS = ("the dog", "the goat", "a fox", "my neighbour", "the bread", "a letter", "the heart")
PLACES = ("near the market", "in the morning", "again and again", "through the noise", "over the lazy dog")


def query(rng: random.Random, label: str) -> str:
    words = (rng.choice(VERBS[label]), rng.choice(THINGS), rng.choice(PLACES), rng.randrange(1000))
    return "How do I {} {} {} {}?".format(*words)


def rows(source: str, n: int = 60) -> list[Query]:
    rng, found = random.Random(source), {}
    while len(found) < n:
        label = "harmful" if len(found) % 2 else "safe"
        text = query(rng, label)
        kind = "violence" if label == "harmful" else None
        found.setdefault(text, Query(str(len(found)), text, label, source, kind, "MIT"))
    return list(found.values())


@pytest.fixture(scope="session")
def queries():
    """``queries(source, n)``: queries of the words that the tiny tokenizers know, every other one harmful."""
    return rows


@pytest.fixture(scope="session")
def model(tiny):
    """``model(family)`` is the loaded tiny model, one per session."""
    loaded = {}

    def get(family="llama"):
        if family not in loaded:
            loaded[family] = load(tiny(family), device="cpu")
        return loaded[family]

    return get


@pytest.fixture(scope="session")
def monitor(model):
    """``monitor(family)``: fitted, of two layers, with every pooling that can be continued token by token."""
    made = {}

    def get(family="llama"):
        if family not in made:
            options = FitOptions(
                target_fpr=0.1, strengths=(0.1,), kernel_strengths=(1.0,), n_layers=2, augment=False,
                poolings=("mean", "last", "max", "softmax"),
            )  # fmt: skip
            made[family] = fit(model(family), rows("north"), rows("south", 80), options)
        return made[family]

    return get


@dataclass(frozen=True)
class Ear:
    """A probe that flags a text whose last token is ``token``: by the embedding that the model reads."""

    token: int
    embedding: Any
    site: Site = EMBEDDED
    pooling: str = "last"
    threshold: float = 0.0

    def logits(self, activations):
        heard = activations.at(self.site, "last")
        near = np.abs(heard - self.embedding).max(axis=1) < 1e-4
        return np.where(near, 10.0, -10.0)


@dataclass(frozen=True)
class Failing:
    """A probe that does something else after ``after`` calls: ``raise``, ``nan`` or ``hang``."""

    how: str
    after: int
    calls: list
    freed: threading.Event
    site: Site = FIRST
    pooling: str = "mean"
    threshold: float = 0.0

    def logits(self, activations):
        self.calls.append(len(activations))
        if len(self.calls) <= self.after:
            return np.full(len(activations), -10.0)
        if self.how == "raise":
            raise ValueError("secret words of a text")
        if self.how == "hang":
            self.freed.wait(60)
        return np.full(len(activations), np.nan)


@pytest.fixture
def serve(model):
    """``serve(monitor, **guard)``: an answerer of tiny llama, closed after the test; ``serve()``: no guard.

    With ``limits``, ``second``, ``drift`` and another ``on`` model as the answerer takes them.
    """
    made = []

    def start(monitor=None, *, on=None, limits=None, second=None, drift=None, **guard):
        own = None
        if monitor is not None:
            value = monitor.threshold.value
            thresholds = {"input": value, "output": value, "whole": value}
            own = Guard(monitor, **{**thresholds, **guard})
        opened = Opened(on or (monitor.model if monitor else model()), own, drift)
        made.append(LocalAnswerer(Workshop(lambda: opened, limits), second))
        return made[-1]

    yield start
    for answerer in made:
        asyncio.run(answerer.close(0))


@pytest.fixture(scope="session")
def heard():
    """``await heard(answerer, text, **asked)``: the pieces of an answer as one string, and its end."""

    async def listen(answerer, text, **how):
        events = [event async for event in answerer.ask(Asked(text, **how)).events()]
        assert isinstance(events[-1], Ended) and all(isinstance(one, Piece) for one in events[:-1])
        return "".join(piece.text for piece in events[:-1]), events[-1]

    return listen


@pytest.fixture
def hearing(model):
    """``hearing(token)``: a monitor of tiny llama that flags what ends in the token."""

    def make(token, family="llama"):
        on = model(family)
        row = on.module.get_input_embeddings().weight[token].detach().numpy().copy()
        return around(on, Ear(token, row))

    return make


@pytest.fixture
def failing(model):
    """``failing(how, after)``: a monitor of tiny llama that fails from a call on."""
    freed = threading.Event()

    def make(how, after=0):
        return around(model(), Failing(how, after, [], freed))

    yield make
    freed.set()


def around(model, *probes: Probe | Ear | Failing) -> Monitor:
    threshold = Threshold(0.5, 0.01, 99, 0.03)
    return Monitor(model, probes, "stack", np.ones(len(probes)), 0.0, threshold)  # type: ignore[arg-type]
