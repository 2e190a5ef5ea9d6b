"""One step computed by its key, with all that it prints in its log: what every engine's process does."""

from __future__ import annotations

import random
import sys
import traceback
from pathlib import Path

from eudaimon.core.files import read_json
from eudaimon.jobs.failure import forget_failure, record_failure
from eudaimon.jobs.output import output_to, tell
from eudaimon.study.definition import build
from eudaimon.study.step import Step
from eudaimon.study.store import StepStore

COMPUTE = "eudaimon.study.work:compute_by_key"
"""How a worker finds the function below."""

DEFINITIONS = "definitions.json"
"""In a study's folder: what every step is built from, by key."""

TORCH_DEFAULT_SEED = 67280421310721


def compute_by_key(folder: str | Path, key: str) -> str:
    """Compute the step of ``key`` in a study's folder; what went wrong in one line, or nothing.

    Standard output and error of the whole process go to the step's log meanwhile. A failure is recorded for
    whoever asks later.
    """
    store = StepStore(folder)
    forget_failure(store.folder, key)
    with output_to(store.log(key)):
        try:
            step = _definition(store, key)
            _as_in_a_new_process()
            store.compute(step)
        except Exception as error:
            traceback.print_exc()
            told = tell(error)
            record_failure(store.folder, key, told)
            return told
    return ""


_built: dict[str, dict[str, Step]] = {}


def _definition(store: StepStore, key: str) -> Step:
    built = _built.setdefault(str(store.folder), {})
    if key not in built:
        build(key, read_json(store.folder / DEFINITIONS), built)
    return built[key]


def _as_in_a_new_process() -> None:
    """Global generators as a fresh process has them, whatever ran in this one before."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(TORCH_DEFAULT_SEED)
