from __future__ import annotations

import numpy as np
import pytest

from eudaimon.measure import Panel


def panel_of(table: np.ndarray) -> Panel:
    """A panel from a table [seeds, questions]."""
    seeds, questions = np.indices(table.shape)
    return Panel.of(table.ravel(), seeds.ravel(), [f"q{k:03}" for k in questions.ravel()])


@pytest.fixture(scope="session")
def panel():
    """The function that makes a panel of a table [seeds, questions]."""
    return panel_of
