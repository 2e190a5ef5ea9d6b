"""The folder of finished steps: each is whole or absent, and computed by one process at a time."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.core.folders import atomic_folder, discard, sweep, temporaries
from eudaimon.core.identity import short_hash
from eudaimon.jobs.lock import Held, locked
from eudaimon.study.encoding import encode
from eudaimon.study.manifest import MANIFEST, RUN, Damage, check, describe, versions
from eudaimon.study.step import Step


class StepStore:
    """The finished steps of one study folder, in ``steps/<key>/``."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()
        self.steps = self.folder / "steps"

    @property
    def finished(self) -> Path:
        """The folder in which finished steps appear."""
        return self.steps

    def path(self, step: Step | str) -> Path:
        """The folder of a step's files, there or not yet."""
        return self.steps / _key(step)

    def log(self, step: Step | str) -> Path:
        """The file with all that a step printed and logged while it ran."""
        return self.folder / "logs" / f"{_key(step)}.log"

    def lock(self, step: Step | str) -> Path:
        """The file that a process holds while it computes the step."""
        return self.folder / "locks" / f"{_key(step)}.lock"

    def done(self, step: Step | str) -> bool:
        """Whether the step is finished; its files are not read (see `damage`)."""
        return (self.path(step) / MANIFEST).is_file()

    def manifest(self, step: Step | str) -> dict[str, Any]:
        """What was written about a finished step: identity, inputs, SHA-256 of every file, versions."""
        found: dict[str, Any] = read_json(self.path(step) / MANIFEST)
        return found

    def seconds(self, step: Step | str) -> float | None:
        """Wall seconds that the step took when it was computed; None where that is not known.

        Of its last stretch, where it went on with what a killed process had left.
        """
        try:
            return float(read_json(self.path(step) / RUN)["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def damage(self, step: Step | str) -> str:
        """What is wrong with a finished step's files, in one line; empty when every hash is right."""
        try:
            check(self.path(step))
        except Damage as found:
            return str(found)
        return ""

    def discard(self, step: Step | str) -> None:
        """Take a step's files away, so that it is computed again."""
        discard(self.path(step))

    def compute(self, step: Step) -> bool:
        """Whether the step was computed now; False when it was finished already, here or by another process.

        Runs in a temporary folder beside, writes the manifest last, syncs every file and renames. A step that
        resumes finds there what a killed process left of it under the same versions of all packages. Raises
        `UsageError` when an input is missing, and what the step raises; then nothing of it is left.
        """
        resume = _resume() if step.resumes else ""
        with locked(self.lock(step), wait=True):
            if self.done(step):
                return False
            sweep(self.path(step), resume=resume)
            inputs = {role: self.path(source) for role, source in step.inputs.items()}
            for role, source in step.inputs.items():
                if not self.done(source):
                    raise UsageError(f"{step.key} needs {source.key} as {role}, which is not finished")
            with atomic_folder(self.path(step), resume=resume) as out:
                resumed = _cleared(out)
                started, clock = time.time(), time.monotonic()
                step.run(out, inputs)
                record = describe(step, out)
                run = {
                    "seconds": round(time.monotonic() - clock, 3),
                    "started": started,
                    "host": socket.gethostname(),
                    "pid": os.getpid(),
                    "resumed": resumed,
                    "execution": {
                        name: encode(getattr(step, name, None), scientific=False)
                        for name in sorted(step.execution)
                    },
                }
                write_json(out / RUN, run)
                write_json(out / MANIFEST, record)
        return True

    def clean(self) -> int:
        """How many temporary folders of ended processes were removed.

        Those under way stay, and those of steps that can go on.
        """
        removed = 0
        for key in temporaries(self.steps):
            try:
                with locked(self.lock(key), wait=False):
                    removed += sweep(self.path(key), resume=_resume())
            except Held:
                continue
        return removed


def _resume() -> str:
    """The name under which work can go on: with other versions, the bytes would be others."""
    return f"resume-{short_hash(versions())}"


def _cleared(out: Path) -> bool:
    """Whether a killed process left something of the step; what it left of the store's own is removed."""
    for name in (MANIFEST, RUN):
        for path in (out / name, *out.glob(f".{name}.*")):
            path.unlink(missing_ok=True)
    return any(out.iterdir())


def _key(step: Step | str) -> str:
    return step if isinstance(step, str) else step.key
