"""A monitor from its file, on the model that somebody names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eudaimon.models.adapters.adapter import Adapter
from eudaimon.models.adapters.opening import open_stack
from eudaimon.monitor.monitor import Monitor
from eudaimon.monitor.storage import load_monitor, made_on


def open_monitor(
    path: str | Path,
    model: str | None = None,
    stack: Sequence[Adapter] = (),
    *,
    revision: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    force: bool = False,
) -> Monitor:
    """The monitor in a file, on the model named or else on the one that it was fitted on, under ``stack``.

    A monitor that was fitted under adapters needs them. Raises as `load_monitor` and `open_stack` do; a
    missing file is told before a model is loaded.
    """
    if not Path(path).is_file() or (model is None and not stack):
        return load_monitor(path, device=device, force=force)
    name = model or made_on(path).name
    loaded = open_stack(name, stack, revision=revision, device=device, dtype=dtype)
    return load_monitor(path, loaded, force=force)
