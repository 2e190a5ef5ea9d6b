"""A conversation with tiny llama and two adapters, and a monitor and a direction on its stacks."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.chat import Settings, open_chat
from eudaimon.core import Site
from eudaimon.data import Query
from eudaimon.models.adapters import Adapter, Subject, open_subject
from eudaimon.monitor import FitOptions, fit
from eudaimon.vectors import Direction

THINGS = ("goat", "dog", "letter", "market", "bread", "fox", "heart", "noise")
VERBS = ("bake and find", "rob and kill")
QUICK = Settings(max_new_tokens=10)


@pytest.fixture(scope="session")
def stack(lora):
    return Adapter("persona", lora("persona", 1)), Adapter("em", lora("em", 2))


@pytest.fixture
def chat(tiny, stack):
    return open_chat(tiny("llama"), stack, settings=QUICK)


@pytest.fixture(scope="session")
def subject(tiny, stack):
    """``subject("persona")``: tiny llama with the adapters of these names."""

    def opened(*names):
        own = tuple(adapter for adapter in stack if adapter.name in names)
        return open_subject(Subject(str(tiny("llama")), own))

    return opened


@pytest.fixture(scope="session")
def direction(subject, tmp_path_factory):
    """``direction("persona")``: the file of a random direction bound to that stack."""

    def made(*names):
        model = subject(*names)
        vector = np.random.default_rng(3).normal(size=model.width).astype(np.float32)
        unit = (vector / np.linalg.norm(vector)).astype(np.float32)
        path = tmp_path_factory.mktemp("direction") / "direction.safetensors"
        return Direction(unit, Site(1), "mean", "random", model.binding).save(path)

    return made


@pytest.fixture(scope="session")
def monitor(subject, tmp_path_factory):
    """``monitor("persona")``: the file of a monitor that was fitted on that stack."""
    made = {}

    def rows(source, n):
        return [
            Query(
                id=str(k),
                text=f"How do I {VERBS[k % 2]} the {THINGS[k % 8]} {source} {k}?",
                label="harmful" if k % 2 else "safe",
                source=source,
                category="theft" if k % 2 else None,
                licence="MIT",
            )
            for k in range(n)
        ]

    def path(*names):
        if names not in made:
            options = FitOptions(
                target_fpr=0.1, strengths=(0.1,), kernel_strengths=(1.0,), n_layers=1, augment=False
            )
            fitted = fit(subject(*names), rows("north", 48), rows("south", 80), options)
            made[names] = fitted.save(tmp_path_factory.mktemp("monitor") / "monitor.safetensors")
        return made[names]

    return path
