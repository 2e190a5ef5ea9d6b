"""What the tests of every room of `eudaimon.serve` may use: a real HTTP server around any answerer."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

for room in ("http", "upstream"):
    sys.path.append(str(Path(__file__).parent / room))


@pytest.fixture(scope="session")
def over_http():
    """``with over_http(answerer, settings, audit) as (url, server)``: on a free port of loopback."""
    return importlib.import_module("pretended").running


@pytest.fixture(scope="session")
def stub():
    """The module of the stub server: ``running(script)``, ``in_thread(script)``, ``said``, ``event`` ..."""
    return importlib.import_module("stub")
