"""Which kind of thing a folder is, or holds: told by the names of its files and by their first bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

from eudaimon.core.files import read_json

Kind: TypeAlias = Literal[
    "model", "adapter", "monitor", "directions", "study", "evaluation", "battery", "card", "scores",
    "decisions", "applied", "audit", "arm", "calibration",
]  # fmt: skip
TITLES: dict[Kind, str] = {
    "model": "models",
    "adapter": "adapters",
    "monitor": "monitors",
    "directions": "files of directions",
    "study": "studies",
    "evaluation": "evaluations of monitors",
    "battery": "evaluations of models",
    "card": "data safety cards",
    "scores": "scored corpora",
    "decisions": "decided corpora",
    "applied": "curated corpora",
    "audit": "audits",
    "arm": "arms of a corpus",
    "calibration": "calibrations of guards",
}
LARGEST_NOTE = 256 << 20
CHUNK = 1 << 20
CALIBRATION = re.compile(r".*(guard|calibration).*\.json")
"""Other files are not opened: a store of many runs holds some hundred thousand of JSON."""
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


def kinds_of(folder: Path, names: frozenset[str], *, peek: bool = True) -> Iterator[tuple[Kind, Path]]:
    """What a folder with files of these names is and holds, each with its path.

    Without ``peek`` no file is opened, and only models and adapters are told.
    """
    if "config.json" in names and names & set(WEIGHTS):
        yield "model", folder
    elif {"adapter_config.json", "adapter_model.safetensors"} <= names:
        yield "adapter", folder
    elif peek:
        yield from _records(folder, names)
        yield from _vectors(folder, names)


def _records(folder: Path, names: frozenset[str]) -> Iterator[tuple[Kind, Path]]:
    if "study.json" in names:
        yield "study", folder
    if "evaluation.json" in names and _mentions(folder / "evaluation.json", b'"conclusion"'):
        yield "evaluation", folder
    if {"record.json", "report.html"} <= names:
        yield "battery", folder
    if {"card.json", "card.html"} <= names:
        yield "card", folder
    if {"plan.json", "sample.jsonl"} <= names:
        yield "audit", folder
    if "arm.json" in names:
        yield "arm", folder
    if "manifest.json" in names:
        kind = _manifest(folder / "manifest.json")
        if kind:
            yield kind, folder
    for name in sorted(names):
        if CALIBRATION.fullmatch(name) and _starts(folder / name, b'{\n "format": "eudaimon-guard"'):
            yield "calibration", folder / name


def _manifest(path: Path) -> Kind | None:
    """What a finished folder of curation holds, by its manifest."""
    try:
        found: Any = read_json(path)
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict):
        return None
    if found.get("kind") in ("applied", "decisions"):
        return "applied" if found["kind"] == "applied" else "decisions"
    return "scores" if {"scorer", "shards", "quarantine"} <= found.keys() else None


def _vectors(folder: Path, names: frozenset[str]) -> Iterator[tuple[Kind, Path]]:
    for name in sorted(names):
        if name.endswith(".safetensors"):
            kind = _tensors(folder / name)
            if kind:
                yield kind, folder / name
        elif name.endswith(".gguf") and _starts(folder / name, b"GGUF"):
            yield "directions", folder / name


def _tensors(path: Path) -> Kind | None:
    """Whether a file of tensors is a monitor or directions, by its header; its tensors are not read."""
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= LARGEST_NOTE:
                return None
            header = json.loads(stream.read(length))
        note = json.loads(header["__metadata__"]["eudaimon"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(note, dict):
        return None
    if note.get("format") == "eudaimon-monitor":
        return "monitor"
    return "directions" if note.get("kind") in ("direction", "direction set") else None


def _starts(path: Path, mark: bytes) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(mark)) == mark
    except OSError:
        return False


def _mentions(path: Path, words: bytes) -> bool:
    """Whether a file holds these bytes; it is read in pieces, and of a very large one the beginning."""
    tail = b""
    try:
        with path.open("rb") as stream:
            for _ in range(LARGEST_NOTE // CHUNK):
                piece = stream.read(CHUNK)
                if words in tail + piece:
                    return True
                if not piece:
                    return False
                tail = piece[-len(words) :]
    except OSError:
        pass
    return False
