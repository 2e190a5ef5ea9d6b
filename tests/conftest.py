"""Fixtures that every room's tests share."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
# Tests never reach out: a folder that is missing must be an error, not a download.
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``tiny(family)`` is the folder of a tiny random checkpoint, built once per session.

    Families: gpt2, llama, qwen2, qwen3, mistral, gemma, gemma2, gemma3, gpt_neox, opt, qwen2_moe, mixtral,
    bert, roberta. llama, qwen2 and gemma have a chat template (gemma's rejects a system role).
    """
    spec = importlib.util.spec_from_file_location("eudaimon_tiny", Path(__file__).with_name("tiny.py"))
    assert spec and spec.loader
    factory = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(factory)
    built: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in built:
            built[family] = factory.build(family, tmp_path_factory.mktemp(f"tiny-{family}"))
        return built[family]

    return folder


@pytest.fixture(scope="session")
def studies(tmp_path_factory) -> Path:
    """A folder that all processes of this test run share: of two that run one study there, one waits."""
    base = tmp_path_factory.getbasetemp()
    # With several test processes each has a folder of its own in that of the run.
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
