"""A guarded model from its files: the stack acts, and a monitor of anything else is refused."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from eudaimon.core import BindingMismatch, Site, UsageError, as_conversation
from eudaimon.models import generate
from eudaimon.models.adapters import Adapter, Subject, open_subject
from eudaimon.monitor import FitOptions, fit
from eudaimon.serve.local import calibrate, open_local
from eudaimon.vectors import Direction

QUICK = FitOptions(target_fpr=0.1, strengths=(0.1,), kernel_strengths=(1.0,), n_layers=1, augment=False)


@pytest.fixture(scope="module")
def files(tiny, lora, queries, tmp_path_factory):
    """Monitor, calibration and direction on tiny llama with a persona."""
    folder = tmp_path_factory.mktemp("guard")
    stack = (Adapter("persona", lora("persona", 1)),)
    model = open_subject(Subject(str(tiny("llama")), stack))
    monitor = fit(model, queries("north"), queries("south", 80), QUICK)
    vector = np.random.default_rng(3).normal(size=model.width)
    unit = (vector / np.linalg.norm(vector)).astype(np.float32)
    direction = Direction(unit, Site(2), "mean", "random", model.binding)
    chats = [as_conversation(one.text) for one in queries("calm", 48) if one.label == "safe"]
    made = calibrate(
        monitor, chats, fpr=0.05, whence="x", max_new_tokens=3, direction=direction, show_progress=False
    )
    return {
        "stack": stack,
        "monitor": monitor.save(folder / "monitor.safetensors"),
        "calibration": made.save(folder / "guard.json"),
        "direction": direction.save(folder / "direction.safetensors"),
        "model": model,
        "made": made,
    }


def closed(answerer, do):
    async def main():
        try:
            return await do
        finally:
            await answerer.close(0)

    return asyncio.run(main())


def test_a_stack_answers_guarded(tiny, files, heard):
    answerer = open_local(
        tiny("llama"), files["monitor"], files["stack"], calibration=files["calibration"],
        steer=files["direction"], drift=files["direction"], name="persona",
    )  # fmt: skip
    assert answerer.name == "persona" and not answerer.fails_open
    facts = answerer.facts
    assert facts["monitor"]["output"] == files["made"].output and "5 %" in facts["monitor"]["promise"]
    assert facts["drift"]["alert_from"] == files["made"].drift and len(facts["adapters"]) == 1

    async def main():
        assert await answerer.ready()
        return await heard(answerer, "Who are you?", max_new_tokens=12, seed=2, input="score", output="score")

    answer, end = closed(answerer, main())
    right = generate(
        files["model"], ["Who are you?"], template=False, max_new_tokens=12, temperature=1.0, seed=2
    )
    assert answer == right[0] and end.drift is not None


def test_what_does_not_belong_together_does_not_start(tiny, lora, files):
    with pytest.raises(BindingMismatch, match="adapters"):
        open_local(tiny("llama"), files["monitor"])
    with pytest.raises(BindingMismatch, match="checkpoint"):
        open_local(tiny("qwen2"), files["monitor"], force=False)
    other = (Adapter("persona", lora("persona", 7)),)
    with pytest.raises(BindingMismatch, match="adapters"):
        open_local(tiny("llama"), files["monitor"], other)
    with pytest.raises(BindingMismatch):
        open_local(tiny("llama"), drift=files["direction"])
    with pytest.raises(UsageError, match="without a monitor"):
        open_local(tiny("llama"), calibration=files["calibration"])
    with pytest.raises(UsageError, match="encoder"):
        open_local(tiny("bert"))
    with pytest.raises(UsageError):
        open_local(tiny("llama"), tiny("llama") / "config.json")


def test_force_is_told(tiny, files):
    answerer = open_local(tiny("llama"), files["monitor"], force=True)
    assert answerer.facts["monitor"]["forced"]["differs"] == ["adapters"]
    assert "no calibration" in answerer.facts["monitor"]["promise"]
    closed(answerer, asyncio.sleep(0))
