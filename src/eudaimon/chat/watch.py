"""A monitor that watches a conversation, as long as the stack is the one that it was fitted on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from eudaimon.core import Binding, BindingMismatch, UsageError
from eudaimon.models.model import Model
from eudaimon.monitor.monitor import Monitor
from eudaimon.monitor.storage import load_monitor


@dataclass(frozen=True, eq=False)
class Watch:
    """A monitor's file on the model of the moment: ``monitor`` where it fits, else ``refusal`` says why not.

    Its thresholds were calibrated on one stack; on another their error rates do not hold, so that it gives no
    score there unless it was ``forced``, which its record then says.
    """

    file: Path
    made_on: Binding
    monitor: Monitor | None
    refusal: str = ""
    forced: bool = False

    @classmethod
    def open(cls, file: str | Path, model: Model, *, force: bool = False) -> Watch:
        """The monitor of a file on a model; one of the same base on another stack is held back and not lost.

        Raises `UsageError` for what is no monitor of texts, and `BindingMismatch` for one of another base,
        tokenizer or template unless ``force``.
        """
        monitor = load_monitor(file, model, force=True, reads="text")
        made_on = monitor.binding
        try:
            made_on.require(model.binding, "monitor", force=force)
        except BindingMismatch as error:
            if made_on.differences(model.binding) != ("adapters",):
                raise
            return cls(Path(file), made_on, None, error.what)
        return cls(Path(file), made_on, monitor, forced=force)

    def on(self, model: Model) -> Watch:
        """The same watch on another stack; held back as well where its file cannot be read any more."""
        try:
            return Watch.open(self.file, model, force=self.forced)
        except (UsageError, OSError) as error:
            return replace(self, monitor=None, refusal=str(error))
