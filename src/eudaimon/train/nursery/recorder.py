"""What a run writes down at each step: loss, learning rate, gradient norm, tokens."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core.files import read_lines, write_jsonl
from eudaimon.train.nursery.failures import LossNotFinite

if TYPE_CHECKING:
    from torch import Tensor

FLUSH_STEPS = 20
"""On an accelerator, reading a number waits for all that is queued: it is done this seldom."""

Reduce = Callable[["Tensor"], "Tensor"]


class Recorder:
    """Collects the numbers of each step where they are and moves them to ``rows`` many steps at a time.

    Rows have ``step`` (from 1), ``loss`` (nats per counted token, mean over the batch), ``learning_rate`` of
    this step, ``gradient_norm`` before clipping and ``n_tokens`` (counted tokens so far); ``extra`` adds.
    Seconds are kept apart, in ``seconds`` (steps, seconds and tokens read on this device, of each stretch):
    rows are the same on every run.
    """

    def __init__(self, path: Path, extra: Callable[[], Mapping[str, Tensor]] | None = None) -> None:
        self.path = path
        self.extra = extra
        self.rows: list[dict[str, Any]] = []
        self.seconds: list[tuple[int, float, int]] = []
        self._pending: list[tuple[int, float, dict[str, Tensor]]] = []
        self._losses: list[Tensor] = []
        self._norm: Any = None
        self._counted: Any = 0
        self._read = 0
        self._started = time.perf_counter()

    def resume(self, step: int) -> None:
        """Take up the rows of the steps up to ``step`` from the file."""
        if self.path.is_file():
            kept = (json.loads(line) for _, line in read_lines(self.path))
            self.rows = [row for row in kept if row["step"] <= step]

    def passed(self, loss: Tensor, n_counted: Any, n_read: int) -> None:
        """One forward and backward pass: its share of the loss, the step's counted tokens, its own tokens."""
        self._losses.append(loss.detach())
        self._counted = n_counted
        self._read += n_read

    def clipped(self, norm: Any) -> None:
        """The norm of the step's gradient before it was clipped."""
        self._norm = norm.full_tensor() if hasattr(norm, "full_tensor") else norm

    def stepped(self, step: int, learning_rate: float, reduce: Reduce, device: Any) -> None:
        """The step is over."""
        import torch

        values = {
            "loss": torch.stack(self._losses).sum(),
            "gradient_norm": torch.as_tensor(self._norm, dtype=torch.float32, device=device),
            "n_tokens": torch.as_tensor(self._counted, dtype=torch.float32, device=device),
        }
        values |= self.extra() if self.extra else {}
        self._losses = []
        # Of a divided model some lie on another of its devices.
        values = {name: value.to(device) for name, value in values.items()}
        self._pending.append((step, learning_rate, values))
        if device.type == "cpu" or len(self._pending) >= FLUSH_STEPS:
            self.flush(reduce)

    def flush(self, reduce: Reduce) -> None:
        """Move what is pending to the rows; raises `LossNotFinite` with the first step that is not."""
        import torch

        if not self._pending:
            return
        names = list(self._pending[0][2])
        table = torch.stack(
            [torch.stack([values[name].float() for name in names]) for *_, values in self._pending]
        )
        numbers = reduce(table).tolist()
        pending, self._pending = self._pending, []
        n_tokens = self.rows[-1]["n_tokens"] if self.rows else 0
        for (step, rate, _), values in zip(pending, numbers, strict=True):
            row = {"step": step, "learning_rate": rate, **dict(zip(names, values, strict=True))}
            n_tokens += round(row["n_tokens"])
            row["n_tokens"] = n_tokens
            bad = [name for name in ("loss", "gradient_norm") if not math.isfinite(row[name])]
            if bad:
                raise LossNotFinite(
                    f"the {bad[0].replace('_', ' ')} is {row[bad[0]]} at step {step}",
                    right="a finite number: the weights after it would be worthless, and none are kept",
                    do="a lower learning rate, more warm-up, or a look at the rows of that step",
                )
            self.rows.append(row)
        self.seconds.append((len(pending), time.perf_counter() - self._started, self._read))
        self._started, self._read = time.perf_counter(), 0

    def write(self) -> Path:
        """Write the rows to the file, atomically, and return its path."""
        return write_jsonl(self.path, self.rows)
