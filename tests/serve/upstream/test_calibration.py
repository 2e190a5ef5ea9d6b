"""The threshold for answers bounds the highest of many looks, for one monitor and one way of looking."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import BindingMismatch, NotEnoughCalibration, UsageError
from eudaimon.serve.upstream import Window, WindowCalibration, calibrate_windows, highest_scores
from eudaimon.serve.upstream import calibration as calibration_module
from eudaimon.serve.upstream.calibration import windows_of


class Words:
    """A monitor that counts the letter x, and stands for one with a model."""

    def __init__(self, binding):
        self.binding, self.model = binding, SimpleNamespace(binding=binding)
        self.threshold = SimpleNamespace(value=0.7)

    def score(self, texts):
        return np.array([min(text.count("x") / 100, 1.0) for text in texts])


@pytest.fixture
def monitor(monkeypatch):
    """A monitor whose hash is its own, without weights."""
    from eudaimon.core import Binding

    monkeypatch.setattr(calibration_module, "monitor_hash", lambda monitor: f"hash-{id(monitor)}")
    fields = {name: "x" for name, field in Binding.model_fields.items() if field.is_required()}
    return Words(Binding.model_validate(fields))


WINDOW = Window(8, 40, 8)


@settings(max_examples=100, deadline=None)
@given(st.text("ab x\n", max_size=200))
def test_windows_are_those_of_a_growing_answer(answer):
    found = list(windows_of(answer, WINDOW))
    assert all(text in answer and text.strip() for text in found)
    length = WINDOW.size - WINDOW.every
    for start in range(max(1, len(answer) - length + 1)):
        stretch = answer[start : start + length]
        assert not stretch.strip() or any(stretch in text for text in found)


def test_the_highest_window_counts():
    score = Words(None).score
    answers = ["a" * 100, "a" * 50 + "x" * 20 + "a" * 50, " " * 30, "x" * 200]
    highest = highest_scores(score, answers, WINDOW)
    # Windows begin no later than 32 characters before what is new, and here nothing is a word's beginning.
    assert highest[0] == 0 and highest[1] == 0.2 and highest[2] == 0
    assert 0.3 < highest[3] < 0.5, "a window, and not the whole answer"


def test_a_share_of_harmless_answers_reaches_it(monitor):
    rng = np.random.default_rng(0)

    def drawn(n):
        return [f"{k} " + "".join(rng.choice(list("abcdx "), size=120)) for k in range(n)]

    found = calibrate_windows(monitor, drawn(199), 0.05, whence="drawn", window=WINDOW)
    new = highest_scores(monitor.score, drawn(2000), WINDOW)
    assert (new >= found.output).mean() <= found.bound
    assert (found.input, found.n, found.fpr) == (0.7, 199, 0.05)
    assert found.thresholds.of("input") == 0.7 and found.thresholds.of("output") == found.output


@pytest.mark.parametrize(
    "answers", [["a"] * 99, [f"a{k}" for k in range(18)], [f"{k} " + "x" * 400 for k in range(30)]]
)
def test_too_few_repeated_or_hopeless_answers_are_refused(monitor, answers):
    wide = Window(200, 400, 0)
    with pytest.raises(NotEnoughCalibration):
        calibrate_windows(monitor, answers, 0.05, whence="", window=wide)


def test_it_is_kept_in_a_file_and_bound(monitor, tmp_path):
    made = calibrate_windows(monitor, [f"a{k}" for k in range(30)], 0.05, whence="a", window=WINDOW)
    read = WindowCalibration.load(made.save(tmp_path / "windows.json"))
    assert read == made
    read.require(monitor, WINDOW)
    with pytest.raises(UsageError, match="windows"):
        read.require(monitor, replace(WINDOW, every=4))
    with pytest.raises(UsageError, match="hash-"):
        read.require(Words(monitor.binding), WINDOW)
    other = Words(monitor.binding.model_copy(update={"checkpoint": "other"}))
    with pytest.raises(BindingMismatch):
        read.require(other, WINDOW)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "eudaimon-guard"}'])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "windows.json"
    with pytest.raises(UsageError, match="no file"):
        WindowCalibration.load(path)
    path.write_text(text)
    with pytest.raises(UsageError, match="no calibration"):
        WindowCalibration.load(path)


@pytest.mark.parametrize("field", ["input", "output"])
def test_thresholds_beyond_all_scores_are_refused(monitor, tmp_path, field):
    made = calibrate_windows(monitor, [f"a{k}" for k in range(30)], 0.05, whence="a", window=WINDOW)
    value = json.loads(made.model_dump_json()) | {field: 1.5}
    path = tmp_path / "windows.json"
    path.write_text(json.dumps(value))
    with pytest.raises(UsageError):
        WindowCalibration.load(path)
