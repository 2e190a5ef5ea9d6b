"""One shard scored by its key: what the process of any engine does."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from eudaimon.core.document import Document
from eudaimon.core.folders import atomic_folder, sweep
from eudaimon.curate.run.folder import ScoreFolder
from eudaimon.curate.run.opening import forget, scorer_of_run
from eudaimon.curate.run.score_shard import Group, Heard, score_shard
from eudaimon.curate.scorer import Scorer
from eudaimon.jobs.failure import forget_failure, record_failure
from eudaimon.jobs.lock import locked
from eudaimon.jobs.output import output_to, tell

COMPUTE = "eudaimon.curate.run.work:score_by_key"
"""How a worker finds the function below."""

OPEN = "eudaimon.curate.run.work:open_once"
"""How the process that workers are forked from finds what it is to open."""

BEAT_SECONDS = 1.0
SAMPLE = "Ann said: \u201cGood morning.\u201d\n" * 8000
"""As long as what is scored at once: tables that grow with it are then shared too."""

_folders: dict[str, ScoreFolder] = {}


def score_by_key(folder: str | Path, key: str) -> str:
    """Score the shard of ``key`` in a folder of scores; what went wrong in one line, or nothing.

    Standard output and error of the process go to the shard's log meanwhile. A failure is recorded for
    whoever asks later.
    """
    return told_of(folder, key, score_into)


def told_of(folder: str | Path, key: str, work: Callable[[ScoreFolder, str, Scorer], object]) -> str:
    """Do the work on a shard with the run's scorer, as `score_by_key` says of scoring it."""
    scores = _folders.setdefault(str(folder), ScoreFolder(folder))
    forget_failure(scores.folder, key)
    with output_to(scores.log(key)):
        try:
            plan = scores.plan
            work(scores, key, scorer_of_run(plan.scorer, plan.scorer_hash))
        except Exception as error:
            traceback.print_exc()
            told = tell(error)
            record_failure(scores.folder, key, told)
            return told
    return ""


def open_once(folder: str | Path) -> None:
    """Open the scorer of a run and score something with it, so that workers share what that takes.

    Of a cascade the first stages only: a judge would be asked, and an encoder that has run in threads of this
    process would wait for them for ever in a copy of it.
    """
    import pyarrow.parquet  # noqa: F401

    # This process may have served another run, which has left more on disk since: verdicts of a judge.
    forget()
    plan = ScoreFolder(folder).plan
    scorer = scorer_of_run(plan.scorer, plan.scorer_hash)
    # Not by its class: importing the cascade, with what asks a judge, takes longer than opening most scorers.
    first: Scorer = getattr(scorer, "first", scorer)
    with _absent("scipy.linalg.cython_blas"):
        first.score([Document("", SAMPLE)])


@contextmanager
def _absent(module: str) -> Iterator[None]:
    """Have imports of a module fail meanwhile, unless it is there.

    numba loads BLAS for products of matrices in compiled code, which ours has none of: 0.15 s, in which no
    worker can start. This process compiles for nobody else.
    """
    there = module in sys.modules
    sys.modules.setdefault(module, None)  # type: ignore[arg-type]
    try:
        yield
    finally:
        if not there:
            del sys.modules[module]


def score_into(scores: ScoreFolder, key: str, scorer: Scorer, group: Group | None = None) -> bool:
    """Score a shard with this scorer; False where another process has just done it. See `score_shard`."""
    plan = scores.plan
    with locked(scores.lock(key), wait=True):
        if scores.done(key):
            return False
        sweep(scores.shard(key))
        with atomic_folder(scores.shard(key)) as out:
            score_shard(plan, plan.shard(key), scorer, out, _beat(scores.beat(key)), group)
        scores.beat(key).unlink(missing_ok=True)
        return True


def _beat(path: Path) -> Heard:
    """Writes down how far a shard is, now and then."""
    last = time.monotonic()

    def heard(documents: int, characters: int) -> None:
        nonlocal last
        if time.monotonic() - last > BEAT_SECONDS:
            last = time.monotonic()
            with suppress(OSError):  # only the driver's bar would miss it
                path.parent.mkdir(exist_ok=True)
                path.write_text(f"{documents} {characters}\n", encoding="ascii")

    return heard
