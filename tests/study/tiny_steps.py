"""Cheap steps for the tests, in a module that worker processes can import."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from eudaimon.study.step import Cost, Step


class Seeded(Step):
    """Numbers that follow from a seed."""

    seed: int
    rows: int = 50
    pause: float = 0.0
    device: str = "cpu"

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        print("drawing", self.seed)
        with (out / "rows.txt").open("w") as stream:
            for row in range(self.rows):
                stream.write(hashlib.sha256(f"{self.seed} {row}".encode()).hexdigest() + "\n")
                stream.flush()
                time.sleep(self.pause / self.rows)

    def cost(self) -> Cost:
        return Cost(seconds=self.pause + 0.02, n_tokens=self.rows)


class Mixed(Step):
    """A hash of all that its inputs hold."""

    parts: tuple[Step, ...]
    name: str = "mixed"
    pause: float = 0.0

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        digest = hashlib.sha256(self.name.encode())
        for role in sorted(inputs):
            for path in sorted(inputs[role].rglob("*.txt")):
                digest.update(path.read_bytes())
        time.sleep(self.pause)
        (out / "deep").mkdir()
        (out / "deep" / "hash.txt").write_text(digest.hexdigest())


class Broken(Step):
    """Fails, after having written half of what it should."""

    how: str = "raises"
    seed: int = 0
    source: Step | None = None

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        (out / "half.txt").write_text("half")
        print("last words")
        if self.how == "disk full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(out / "half.txt"))
        if self.how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ValueError("it is broken")


class Environment(Step):
    """The variables of the process that it runs in."""

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        (out / "environment.txt").write_text(json.dumps(dict(os.environ)))
