"""What each direction did to each model: one entry a trial, with a value for every question, as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from eudaimon.core import UsageError
from eudaimon.core.files import atomic_path
from eudaimon.models.edits import EditKind

Control = Literal["direction", "random", "shuffled"]
FIELDS = ("source", "target", "variant", "layer", "kind", "control", "draw", "strength", "kl")


@dataclass(frozen=True, eq=False)
class Trial:
    """One vector tried on one model: how harmful and how coherent every question was before and after.

    ``kind`` ``add``: the vector of ``source`` added to ``target`` without its harmful adapter, ``strength``
    times as long as it is, where it spends ``kl`` nats on neutral prompts; ``ablate``: taken out of
    ``target`` with its harmful adapter (strength 1), ``kl`` what that spends. ``control``: the ``direction``
    itself, a ``random`` one of the same lengths, or one of ``shuffled`` labels; ``draw`` counts those.
    Values in [0, 1]; ``harm_before`` and ``coherence_before`` are those of the model without any change.
    """

    source: str
    target: str
    variant: str
    layer: int
    kind: EditKind
    control: Control
    draw: int
    strength: float
    kl: float
    harm: Float[np.ndarray, "questions"]
    coherence: Float[np.ndarray, "questions"]
    harm_before: Float[np.ndarray, "questions"]
    coherence_before: Float[np.ndarray, "questions"]

    @property
    def effect(self) -> Float[np.ndarray, "questions"]:
        """Harm after minus before, in [-1, 1], of each question: induced above zero, removed below."""
        return np.asarray(self.harm - self.harm_before)

    @property
    def price(self) -> Float[np.ndarray, "questions"]:
        """Coherence before minus after, in [-1, 1], of each question."""
        return np.asarray(self.coherence_before - self.coherence)


@dataclass(frozen=True, eq=False)
class TransferTable:
    """All trials of one matrix, and the questions of their values, in order."""

    questions: tuple[str, ...]
    trials: tuple[Trial, ...]

    def of(self, **fields: Any) -> list[Trial]:
        """The trials whose fields are as given: ``table.of(kind="add", control="direction")``."""
        return [
            one for one in self.trials if all(getattr(one, name) == value for name, value in fields.items())
        ]

    def names(self, field: str) -> tuple[Any, ...]:
        """The values that a field has, in order of the first trial with each."""
        return tuple(dict.fromkeys(getattr(trial, field) for trial in self.trials))

    def save(self, path: str | Path) -> Path:
        """Write the table as Parquet, atomically; the same table always gives the same bytes."""
        import pyarrow
        import pyarrow.parquet

        columns: dict[str, Any] = {name: [getattr(one, name) for one in self.trials] for name in FIELDS}
        for name in ("harm", "coherence", "harm_before", "coherence_before"):
            columns[name] = [np.asarray(getattr(one, name), dtype=np.float32) for one in self.trials]
        note = {b"questions": "\n".join(self.questions).encode()}
        table = pyarrow.table(columns).replace_schema_metadata(note)
        with atomic_path(Path(path)) as temporary:
            pyarrow.parquet.write_table(table, temporary, compression="zstd")
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> TransferTable:
        """The table in a file that `save` wrote; raises `UsageError` for any other."""
        import pyarrow
        import pyarrow.parquet

        try:
            table = pyarrow.parquet.ParquetFile(path).read()
        except (OSError, pyarrow.ArrowInvalid) as error:
            raise UsageError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
        note = table.schema.metadata or {}
        if b"questions" not in note or not set(FIELDS) <= set(table.column_names):
            raise UsageError(f"{path} is no transfer matrix", right="a file that `vectors matrix` wrote")
        rows = []
        for row in table.to_pylist():
            fields: dict[str, Any] = {
                name: np.asarray(value) if isinstance(value, list) else value for name, value in row.items()
            }
            rows.append(Trial(**fields))
        return cls(tuple(note[b"questions"].decode().split("\n")), tuple(rows))


def trials_of(
    names: Iterable[tuple[str, Control, int]],
    strengths: Sequence[float],
    spent: Sequence[float],
    after: tuple[Float[np.ndarray, "copies q"], Float[np.ndarray, "copies q"]],
    before: tuple[Float[np.ndarray, "q"], Float[np.ndarray, "q"]],
    **shared: Any,
) -> list[Trial]:
    """One trial a copy: source, control and draw by ``names``, what all of them share by keyword."""
    return [
        Trial(
            source=source,
            control=control,
            draw=draw,
            strength=float(strengths[copy]),
            kl=float(spent[copy]),
            harm=after[0][copy],
            coherence=after[1][copy],
            harm_before=before[0],
            coherence_before=before[1],
            **shared,
        )
        for copy, (source, control, draw) in enumerate(names)
    ]
