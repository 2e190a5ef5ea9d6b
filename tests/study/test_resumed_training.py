"""Training that is killed inside a step goes on from its last resume point, and ends with the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eudaimon.study.run import run_study
from eudaimon.study.store import StepStore
from eudaimon.study.town.options import TownOptions

# Resume points come every 50 steps.
OPTIONS = TownOptions(
    seeds=1, steps=170, batch_size=4, n_tokens=20_000, domains=("kitchen", "money"), sft_steps=2
)
RUN = """
import sys
from eudaimon.study.run import run_study
from eudaimon.study.town.options import TownOptions
options = TownOptions.model_validate_json(sys.argv[2])
run_study((options.assistant("raw", 0),), sys.argv[1], workers=1, show_progress=False)
"""
TIMES = ("run.json", "timing.json", "step.json")
"""Files that hold seconds, and the manifest that has the hash of one of them."""


def wait_for(found, process, seconds=600):
    until = time.monotonic() + seconds
    while not found():
        assert process.poll() is None and time.monotonic() < until, process.communicate()
        time.sleep(0.005)


def trained(store, step):
    folder = store.path(step)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in TIMES
    }


@pytest.mark.slow
def test_killed_pretraining_goes_on_from_its_last_point_to_the_same_bytes(tmp_path):
    assistant = OPTIONS.assistant("raw", 0)
    step = assistant.model
    whole, broken = StepStore(tmp_path / "whole"), StepStore(tmp_path / "broken")
    assert run_study((assistant,), whole.folder, workers=1, show_progress=False).ok

    for point in (50, 100):
        driver = subprocess.Popen(
            [sys.executable, "-c", RUN, str(broken.folder), OPTIONS.model_dump_json()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        sealed = f".{step.key}.resume-*/model/.work/checkpoint-{point}/sealed.json"
        wait_for(lambda sealed=sealed: any(broken.steps.glob(sealed)), driver)
        driver.kill()
        driver.communicate()
    assert not broken.done(step)

    outcome = run_study((assistant,), broken.folder, workers=1, show_progress=False)
    assert outcome.ok and outcome.computed == (step.key, assistant.key)
    log = broken.log(step).read_text()
    assert log.count("going on from step") == 2 and "going on from step 50" in log
    assert json.loads((broken.path(step) / "run.json").read_text())["resumed"]
    assert not json.loads((whole.path(step) / "run.json").read_text())["resumed"]
    for each in (step, assistant):
        assert trained(broken, each) == trained(whole, each)
    # The working folder became the finished one: nothing is left beside.
    assert {path.name for path in broken.steps.iterdir()} == {path.name for path in whole.steps.iterdir()}
    assert not any(path.name == ".work" for path in Path(broken.steps).rglob("*"))
