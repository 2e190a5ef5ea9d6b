from __future__ import annotations

from dataclasses import replace

import pytest

from eudaimon.models import load


@pytest.fixture(scope="session")
def tiny_llama(tiny):
    # Its rotary positions go on beyond the context that it declares.
    return replace(load(tiny("llama"), device="cpu"), max_tokens=1024)
