"""One step computed by its key, with all that it prints in its log: what every engine's process does."""

from __future__ import annotations

import errno
import logging
import os
import random
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from eudaimon.core.errors import EudaimonError
from eudaimon.core.files import read_json
from eudaimon.study.encoding import build
from eudaimon.study.failure import forget_failure, record_failure
from eudaimon.study.step import Step
from eudaimon.study.store import StepStore

DEFINITIONS = "definitions.json"
"""In a study's folder: what every step is built from, by key."""

FULL = os.strerror(errno.ENOSPC)

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


def tell(error: BaseException) -> str:
    """An error in one line; a full disk is said as such, whichever library noticed it."""
    if place := _full_disk(error):
        return f"the disk is full ({place}). Free some space and run again: what is finished is kept"
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, EudaimonError) else f"{type(error).__name__}: {text}"


def _full_disk(error: BaseException | None) -> str:
    """The file, or the words, with which a full disk or quota was met; empty when it was not."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return str(error.filename or os.strerror(error.errno))
        if FULL in str(error):  # safetensors, tokenizers and arrow raise errors of their own
            return " ".join(str(error).split())
        error = error.__cause__ or error.__context__
    return ""


@contextmanager
def output_to(path: Path) -> Iterator[None]:
    """Append what this process and its children print and log to a file; dropped when the disk is full."""
    kept = os.dup(1), os.dup(2)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(min(level, logging.INFO))
    try:
        with suppress(OSError):
            print(time.strftime("--- %Y-%m-%d %H:%M:%S"), f"process {os.getpid()}", flush=True)
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        for stream, number, original in ((sys.stdout, 1, kept[0]), (sys.stderr, 2, kept[1])):
            with suppress(OSError):
                stream.flush()
            os.dup2(original, number)
            os.close(original)


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
