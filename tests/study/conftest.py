"""What the tests of studies share: cheap steps that worker processes can import."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # as a user's project that defines steps would be


@pytest.fixture(scope="session")
def tiny_steps():
    return importlib.import_module("tiny_steps")
