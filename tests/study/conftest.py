"""What the tests of studies share: cheap steps that workers can import, and a program that runs them."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.append(str(HERE))  # as a project would be that defines steps of its own


@pytest.fixture(scope="session")
def steps():
    """The module of cheap steps."""
    return importlib.import_module("tiny_steps")


@pytest.fixture(scope="session")
def small():
    """The module of a small study."""
    return importlib.import_module("tiny_study")


@pytest.fixture(scope="session")
def town_checkpoint(tmp_path_factory) -> Path:
    """A random model with the town's tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM

    from eudaimon.train.nursery.sizes import llama_config
    from eudaimon.world.tokenizer import save_tokenizer, tokenizer

    folder = tmp_path_factory.mktemp("town")
    save_tokenizer(None, folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = llama_config("0.1m", tokenizer(), 256, initializer_range=0.2)
        AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
    return folder


@pytest.fixture
def drive() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the small study in a folder, as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def call(folder: Path, engine: str = "local", n_seeds: int = 24) -> subprocess.Popen[str]:
        command = [sys.executable, str(HERE / "tiny_study.py"), str(folder), engine, str(n_seeds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def results() -> Callable[[Path], dict[str, bytes]]:
    """All files of a study's finished steps by path, without those that hold times."""

    def read(folder: Path) -> dict[str, bytes]:
        steps = folder / "steps"
        return {
            str(path.relative_to(steps)): path.read_bytes()
            for path in steps.rglob("*")
            if path.is_file() and path.name != "run.json"
        }

    return read
