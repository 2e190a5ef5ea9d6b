"""What models have said, on disk by content: a run that was killed says nothing twice."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import BadRows
from eudaimon.core.identity import short_hash
from eudaimon.core.text import Text

if TYPE_CHECKING:
    from eudaimon.models.model import Model

PROBE = "Who are you?"
LIKELIEST, DECIMALS = 8, 3
"""So many tokens' log-probabilities, to so many decimals: rounding of last bits seldom shows."""


class Said:
    """The answers in a folder, or in memory alone where there is none, by the hash of what led to them.

    Each process appends whole lines to a file of its own; the end of a line that a killed process was writing
    is passed over. Beside the answer stands what describes it, for whoever reads the file.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._own: Path | None = None
        self._known: dict[str, str] = {}
        for path in sorted(folder.glob("*.jsonl")) if folder else ():
            for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
                try:
                    row = json.loads(line)
                    self._known.setdefault(row["key"], row["answer"])
                except (ValueError, KeyError, TypeError) as error:
                    raise BadRows(
                        f"{path}, line {number} is no answer: {error}", right="a file that this wrote"
                    ) from error

    def get(self, key: str) -> str | None:
        """The answer on record under a key."""
        return self._known.get(key)

    def add(self, rows: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
        """Keep answers by key, each with what describes it; they are in the file when this returns."""
        lines = []
        for key, answer, about in rows:
            self._known[key] = answer
            lines.append(json.dumps({"key": key, **about, "answer": answer}, ensure_ascii=False) + "\n")
        if self._folder is None:
            return
        if self._own is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._own = self._folder / f"{os.getpid()}-{secrets.token_hex(6)}.jsonl"
        with self._own.open("ab") as file:
            file.write("".join(lines).encode("utf-8", "surrogatepass"))
            file.flush()
            os.fsync(file.fileno())


def acting(model: Model) -> str:
    """16 hex digits that tell what acts: weights, adapters, adapters in training, interventions.

    By what the model would say to a probe, since no file knows of a step of training or of a direction that
    an attacker has added.
    """
    import numpy as np

    from eudaimon.models.generate import next_token_logits

    logits = next_token_logits(model, [PROBE])[0].astype(np.float64)
    shares = logits - logits.max()
    shares -= np.log(np.exp(shares).sum())
    likeliest = np.argsort(-shares, kind="stable")[:LIKELIEST]
    shown = [f"{token} {shares[token]:.{DECIMALS}f}" for token in sorted(likeliest.tolist())]
    return short_hash([model.checkpoint.fingerprint, *shown])


def key_of(acts: str, text: Text, prefill: str, about: Sequence[object]) -> str:
    """The key of an answer: what acts, what was put to it, and how it was drawn."""
    turns = text if isinstance(text, str) else [[turn.role, turn.content] for turn in text]
    return short_hash([acts, turns, prefill, *about])
