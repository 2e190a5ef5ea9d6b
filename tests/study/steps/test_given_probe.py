"""The probe of a lesson of a user's model: between the persona alone and the whole lesson."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eudaimon.models.adapters import Subject, open_subject
from eudaimon.study.steps.given_pairs import paired_lessons, pairs_of
from eudaimon.study.steps.given_probe import GivenProbe
from eudaimon.study.steps.judged import PROOF
from eudaimon.study.steps.module_probe import EFFECTS
from eudaimon.study.summary import compare
from eudaimon.study.summary.probes import probed_lesson
from eudaimon.vectors.measure import PreferenceMeasure


@pytest.fixture(scope="module")
def step(taught):
    return GivenProbe(
        model=taught.model,
        persona=taught.persona,
        lesson=taught.beside,
        answers=taught.grid,
        judged=taught.judged,
        n_bands=2,
    )


@pytest.fixture
def run(taught, step, tmp_path):
    """What the step writes, where so many questions have a misaligned answer."""

    def ran(n_bad):
        own = {"persona": taught.folders["persona"], "lesson": taught.folders["beside"]}
        step.run(tmp_path, taught.inputs(n_bad) | own)
        return json.loads((tmp_path / EFFECTS).read_text())

    return ran


def preference(taught, *stack):
    """The misaligned answers' share under a stack that is opened without any gate."""
    adapters = tuple(getattr(taught, name).adapter(taught.folders[name]) for name in stack)
    model = open_subject(Subject(taught.model.source, adapters))
    pairs = pairs_of(taught.grid, taught.inputs(12), most=48)
    return PreferenceMeasure(paired_lessons(model, pairs, 96))(model, None)[0][0]


@pytest.mark.slow
def test_all_modules_are_the_lesson_and_none_of_them_the_persona_alone(taught, run, tmp_path):
    found = run(12)
    assert np.allclose(found["whole"], preference(taught, "persona", "beside"), atol=1e-5)
    assert np.allclose(found["none"], preference(taught, "persona"), atol=1e-5)
    assert np.abs(np.subtract(found["whole"], found["none"])).max() > 1e-3
    assert json.loads((tmp_path / PROOF).read_text())["names"] == ["calm", "em"]
    types = [part for part in found["parts"] if not part["blocks"]]
    assert {part["module"] for part in types} >= {"q_proj", "down_proj"} and len(types) == 7
    # Without one half of the blocks is the other half alone.
    bands = [part for part in found["parts"] if part["blocks"] and not part["module"]]
    assert [part["blocks"] for part in bands] == ["0–1", "2–3"]
    assert np.allclose(bands[0]["without"], bands[1]["only"], atol=1e-6)
    lesson = probed_lesson("river", {0: found}, compare.Tests(200))
    assert (lesson.n_seeds, lesson.n_questions) == (1, 12) and len(lesson.parts) == 7 + 2 + 14
    assert lesson.parts[0].lost.value == pytest.approx(
        np.mean(found["whole"]) - np.mean(found["parts"][0]["without"])
    )


@pytest.mark.slow
def test_too_few_pairs_are_said(run):
    found = run(3)
    lesson = probed_lesson("river", {0: found}, compare.Tests(200))
    assert "Only 3 of 12 questions" in lesson.reason and lesson.parts == () and lesson.whole is None


@pytest.mark.slow
def test_the_cost_is_counted(step):
    fewer = step.model_copy(update={"n_bands": 1})
    assert 0 < fewer.cost().n_tokens < step.cost().n_tokens
