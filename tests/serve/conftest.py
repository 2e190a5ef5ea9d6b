"""What the tests of every room of `eudaimon.serve` may use: a real HTTP server around any answerer."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "http"))


@pytest.fixture(scope="session")
def over_http():
    """``with over_http(answerer, settings, audit) as (url, server)``: on a free port of loopback."""
    return importlib.import_module("pretended").running
