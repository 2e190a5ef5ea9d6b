"""A run that ends in a checkpoint folder: resume points, recorded steps, the model moved in, a manifest."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eudaimon.core.files import write_json
from eudaimon.train.nursery import loop
from eudaimon.train.nursery.failures import disk_full_is_said
from eudaimon.train.nursery.folders import RunFolder
from eudaimon.train.nursery.manners import unseen
from eudaimon.train.nursery.recipes import Recipe
from eudaimon.train.nursery.recorder import Recorder
from eudaimon.train.nursery.resuming import ResumePoints, copy_model
from eudaimon.train.nursery.speed import timing

log = logging.getLogger(__name__)

RESUME_POINTS = 10
# A small model takes these steps again sooner than a point is written, synced and hashed.
STEPS_BETWEEN = 50


def checkpoint_run(
    folder: RunFolder,
    recipe: Recipe,
    build: Callable[[Path], Any],
    *,
    label: str,
    row_tokens: int,
    resume_every: int | None = None,
    show_progress: bool = True,
) -> Path:
    """Train what ``build`` makes (a `loop.recording` trainer that works in the folder it is given).

    Goes on from the last resume point, if there is one, and leaves model, tokenizer, metrics.jsonl,
    timing.json, the checkpoints that the recipe keeps and the manifest in the run's folder, which it returns.
    ``row_tokens`` is the length of a row, for the model FLOPs utilisation. Raises `LossNotFinite` and
    `DiskFull`.
    """
    with disk_full_is_said(folder.out), unseen():
        work = folder.begin()
        recorder = Recorder(work / "metrics.jsonl")
        points = ResumePoints(
            work,
            every=resume_every or max(math.ceil(recipe.steps / RESUME_POINTS), STEPS_BETWEEN),
            kept_steps=recipe.checkpoint_steps,
            keep=lambda step, point: copy_model(point, folder.out / "checkpoints" / f"step-{step:06d}"),
        )
        found = points.latest()
        if found:
            log.info("going on from step %s of %s", found[0], folder.out)
            recorder.resume(found[0])
        made = loop.watched(build(work), recorder, points)
        loop.run(made, label, resume_from=found[1] if found else None, show_progress=show_progress)
        ready = work / "ready"
        made.save_model(str(ready))
        if made.is_world_process_zero():
            (ready / "training_args.bin").unlink(missing_ok=True)
            recorder.write().replace(ready / "metrics.jsonl")
            write_json(ready / "timing.json", timing(recorder.seconds, made.model, row_tokens, made.args))
            folder.finish(ready, {"n_parameters": made.model.num_parameters()})
        made.accelerator.wait_for_everyone()
    return folder.out
