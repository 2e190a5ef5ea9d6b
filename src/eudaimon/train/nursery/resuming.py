"""Resume points of a run, each whole or absent, and the checkpoints that are kept on the way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.files import read_json, sha256_file, write_json

if TYPE_CHECKING:
    from eudaimon.train.nursery.recorder import Recorder

SEAL = "sealed.json"
# Trainer saves its own arguments as a pickle beside each model; it is no part of a model.
NOT_A_MODEL = ("training_args.bin", "optimizer.pt", "scheduler.pt", "trainer_state.json", SEAL)


class ResumePoints:
    """The folder in which transformers leaves weights, optimizer and generators of a step.

    A point counts once it is sealed: a file with the hashes of all others, written last. The last sealed
    point is kept and every earlier one removed. ``keep`` is called with the step and the point's folder at
    each of ``kept_steps``, before the seal.
    """

    def __init__(
        self,
        folder: Path,
        *,
        every: int,
        kept_steps: Sequence[int] = (),
        keep: Callable[[int, Path], object] = lambda step, folder: None,
    ) -> None:
        self.folder = folder
        self.every = every
        self.kept_steps = frozenset(kept_steps)
        self.keep = keep

    def due(self, step: int) -> bool:
        """Whether a point is made after this step."""
        return step % self.every == 0 or step in self.kept_steps

    def seal(self, step: int, recorder: Recorder) -> None:
        """Make the point of this step count, with the recorder's rows, and remove those before it."""
        point = self.folder / f"checkpoint-{step}"
        if step in self.kept_steps:
            self.keep(step, point)
        recorder.write()
        names = sorted(path.name for path in point.iterdir() if path.is_file() and path.name != SEAL)
        write_json(point / SEAL, {name: sha256_file(point / name) for name in names})
        for other in self._points():
            if other != point:
                shutil.rmtree(other)

    def latest(self) -> tuple[int, Path] | None:
        """Step and folder of the last whole point; what was cut off or damaged is removed."""
        for point in self._points():
            if _is_whole(point):
                return int(point.name.rpartition("-")[2]), point
            shutil.rmtree(point, ignore_errors=True)
        return None

    def _points(self) -> list[Path]:
        found = [path for path in self.folder.glob("checkpoint-*") if path.is_dir()]
        return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)


def copy_model(source: Path, target: Path) -> Path:
    """``target`` with the model files of ``source``, as links where the disk has them; whole or absent."""
    temporary = target.with_name(f".{target.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        if path.is_file() and path.name not in NOT_A_MODEL and not path.name.startswith("rng_state"):
            try:
                os.link(path, temporary / path.name)
            except OSError:
                shutil.copyfile(path, temporary / path.name)
    shutil.rmtree(target, ignore_errors=True)
    temporary.replace(target)
    return target


def _is_whole(point: Path) -> bool:
    seal = point / SEAL
    if not seal.is_file():
        return False
    return all(
        (point / name).is_file() and sha256_file(point / name) == digest
        for name, digest in read_json(seal).items()
    )
