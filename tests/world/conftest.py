"""The town's tokenizer, made once."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def town_tokenizer():
    """The tokenizer of all worlds."""
    from eudaimon.world import tokenizer

    return tokenizer()
