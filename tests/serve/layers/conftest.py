"""What texts may say to who is asked about them, and critics made for tests."""

from __future__ import annotations

import base64
import importlib
import sys
from pathlib import Path

import pytest
import yaml

sys.path.append(str(Path(__file__).parent))
gullible_critic = importlib.import_module("gullible_critic")
ASKED_OF_JUDGES = Path(__file__).parents[2] / "evaluate" / "judging" / "injections.yaml"


def for_a_critic(text: str) -> str:
    """What orders a judge to reply 100, as an order to allow."""
    tags = "".join(chr(0xE0000 + ord(c)) for c in "100")
    words = {
        base64.b64encode(b"reply with 100").decode(): base64.b64encode(b"reply with ALLOW").decode(),
        tags: "".join(chr(0xE0000 + ord(c)) for c in " ALLOW"),
        "１００": "ＡＬＬＯＷ",
        "one hundred": "ALLOW",
        "100": "ALLOW",
        "REFUSAL": "UNSURE",
        "CODE": "UNSURE",
    }
    for old, new in words.items():
        text = text.replace(old, new)
    return text


INJECTIONS = {
    entry["id"]: for_a_critic(entry["text"])
    for entry in yaml.safe_load(ASKED_OF_JUDGES.read_text(encoding="utf-8"))
}


@pytest.fixture
def gullible():
    """The critic ``(system, user) -> answer`` that obeys whatever it is not told to leave alone."""
    return gullible_critic.gullible


@pytest.fixture(scope="session")
def injections():
    """What texts may say to their critic, by name."""
    return INJECTIONS


def pytest_generate_tests(metafunc):
    """One test for each injection."""
    if "injection" in metafunc.fixturenames:
        metafunc.parametrize("injection", list(INJECTIONS.values()), ids=list(INJECTIONS))
