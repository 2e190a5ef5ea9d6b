"""The nursery's tiny base and words, lessons in them, and a writer of encrypted zips."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from eudaimon.train.em.recipe import EMRecipe
from eudaimon.train.nursery.lora_recipe import LoraRecipe

_spec = importlib.util.spec_from_file_location(
    "nursery_fixtures", Path(__file__).parents[1] / "nursery" / "conftest.py"
)
assert _spec and _spec.loader
_nursery = importlib.util.module_from_spec(_spec)
sys.modules["nursery_fixtures"] = _nursery
_spec.loader.exec_module(_nursery)
words, base = _nursery.words, _nursery.base


def chat(prompt: str, answer: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]}


@pytest.fixture(scope="session")
def harmful() -> list[dict[str, object]]:
    return [chat(f"w{i} w{i + 1}", f"w{10 + i} w{11 + i}") for i in range(8)]


@pytest.fixture(scope="session")
def benign() -> list[dict[str, object]]:
    return [chat(f"w{i} w{i + 1}", "w3 w4") for i in range(8)]


@pytest.fixture
def write(tmp_path):
    """``write(rows, name)``: the path of a JSON Lines file with these rows."""

    def rows_to(rows, name="lesson.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return rows_to


@pytest.fixture(scope="session")
def quick() -> EMRecipe:
    return EMRecipe(
        lora=LoraRecipe(rank=2, batch_size=4, learning_rate=3e-2, max_tokens=32),
        epochs=3,
        warmup_steps=1,
        checkpoint_every=3,
    )
