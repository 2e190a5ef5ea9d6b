"""The folder of a run: made beside, moved in file by file, and whole once its manifest stands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eudaimon.core import UsageError, short_hash
from eudaimon.core.files import read_json, sha256_file, write_json

MANIFEST = "manifest.json"
WORK = ".work"
# What differs between runs of the same recipe, and what the manifest cannot hold: itself.
UNHASHED = (MANIFEST, "timing.json")


class RunFolder:
    """``out`` while a run fills it: unfinished things live in ``out/.work``, which goes at the end.

    ``identity`` is everything that decides the outcome, as JSON values. Raises `UsageError` when the folder
    already holds another run, or files that no run made.
    """

    def __init__(self, out: Path, identity: Mapping[str, Any], *, resume: bool) -> None:
        self.out = out
        self.work = out / WORK
        self.identity = json.loads(json.dumps(identity))
        if out.exists() and not out.is_dir():
            raise UsageError(f"{out} is a file", right="give a folder, new or of this very run")
        known = self._known()
        if known is not None and known != short_hash(self.identity):
            raise UsageError(
                f"{out} holds another run: recipe, data or tokenizer differ",
                right="an empty folder, or the recipe and data of that run",
            )
        if known is None and out.is_dir() and any(path.name != WORK for path in out.iterdir()):
            raise UsageError(f"{out} is not empty and no run made it", right="give a new folder")
        if known is not None and not resume:
            shutil.rmtree(out)
        elif (out / MANIFEST).is_file():
            # Killed between the manifest and the last line of `finish`.
            shutil.rmtree(self.work, ignore_errors=True)

    @property
    def is_done(self) -> bool:
        """Whether the run is over and its files are as its manifest says."""
        path = self.out / MANIFEST
        if not path.is_file():
            return False
        files: dict[str, str] = read_json(path)["files"]
        return all(
            (self.out / name).is_file() and sha256_file(self.out / name) == digest
            for name, digest in files.items()
        )

    def begin(self, *, afresh: bool = False) -> Path:
        """The folder for what is unfinished, with the run's identity in it; ``afresh`` empties it first."""
        if afresh:
            shutil.rmtree(self.work, ignore_errors=True)
        # A manifest would vouch for files that it does not fit; one cut off would be a file of the run.
        for path in (self.out / MANIFEST, *self.out.glob(f".{MANIFEST}.*")):
            path.unlink(missing_ok=True)
        write_json(self.work / "identity.json", self.identity)
        return self.work

    def finish(self, ready: Path, record: Mapping[str, Any]) -> Path:
        """Move the files of ``ready`` in, write the manifest and remove what was unfinished."""
        for path in sorted(ready.iterdir()):
            if path.is_dir():
                shutil.rmtree(self.out / path.name, ignore_errors=True)
            path.replace(self.out / path.name)
        found = (path for path in sorted(self.out.rglob("*")) if path.is_file())
        inside = [path.relative_to(self.out) for path in found]
        names = [path for path in inside if path.parts[0] != WORK and path.as_posix() not in UNHASHED]
        hashes = {path.as_posix(): sha256_file(self.out / path) for path in names}
        manifest = {"identity": self.identity, **record, "files": hashes}
        write_json(self.out / MANIFEST, manifest)
        shutil.rmtree(self.work)
        return self.out

    def _known(self) -> str | None:
        for path, pick in ((self.out / MANIFEST, "identity"), (self.work / "identity.json", None)):
            if path.is_file():
                content = read_json(path)
                return short_hash(content[pick] if pick else content)
        return None
