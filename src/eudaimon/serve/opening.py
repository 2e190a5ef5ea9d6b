"""From what an operator names to somebody who answers, and the facts about his guard."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError
from eudaimon.serve.asked import Answerer

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import AdapterStack

TOWN = "town"
QUICKSTART = Path("runs/quickstart")


@dataclass(frozen=True)
class Wanted:
    """What is to be served: a model that watches itself, or a guard in front of the server at ``upstream``.

    ``model`` is a folder, a hub id, or `TOWN`, the quickstart's assistant; in front of another server it is
    the guard, by name or file, unless ``monitor`` is. Without ``monitor`` a model of this machine is
    unguarded. ``layers`` is a file of the layers behind the monitor.
    """

    model: str
    monitor: Path | None = None
    adapters: AdapterStack = ()
    calibration: Path | None = None
    upstream: str | None = None
    upstream_model: str = ""
    upstream_key_env: str = ""
    side_by_side: bool = False
    layers: Path | None = None
    fail_open: bool = False
    device: str | None = None
    dtype: str | None = None
    force: bool = False

    @property
    def guard(self) -> str | Path | None:
        """The monitor's file or the guard's name; None for none."""
        return self.monitor or (self.model if self.upstream else None)


def open_answerer(wanted: Wanted) -> Answerer:
    """Whoever answers; raises `UsageError`, what loading a model raises, and `BindingMismatch`.

    The last for a monitor of another checkpoint, tokenizer, template or stack of adapters.
    """
    plan = _room("layers").read_plan(wanted.layers) if wanted.layers else None
    if wanted.side_by_side and not wanted.upstream:
        raise UsageError("--side-by-side is about another server", do="--upstream URL")
    if wanted.upstream:
        if wanted.adapters:
            raise UsageError(
                "adapters belong to a model of this machine",
                right="either --upstream, or a model with --adapters",
            )
        opened: Answerer = _room("upstream").open_upstream(
            wanted.upstream,
            guard=wanted.guard,
            model=wanted.upstream_model,
            api_key_env=wanted.upstream_key_env,
            calibration=wanted.calibration,
            second=plan.open(fail_open=wanted.fail_open) if plan else None,
            side_by_side=wanted.side_by_side,
            fail_open=wanted.fail_open,
            device=wanted.device,
        )
        return opened
    model = str(town_model()) if wanted.model == TOWN and not Path(TOWN).exists() else wanted.model
    local: Answerer = _room("local").open_local(
        model,
        monitor=wanted.monitor,
        adapters=wanted.adapters,
        calibration=wanted.calibration,
        second=partial(plan.open_on, fail_open=wanted.fail_open) if plan else None,
        fail_open=wanted.fail_open,
        device=wanted.device,
        dtype=wanted.dtype,
        force=wanted.force,
    )
    return local


def guard_file(guard: str | Path) -> Path:
    """The file of a guard, a path or a packaged guard's name; raises `UsageError` for another name."""
    if Path(guard).is_file() or Path(guard).suffix == ".safetensors":
        return Path(guard)
    found: Path = _room("guards.opening").guard_file(guard)
    return found


def town_model(folder: Path = QUICKSTART) -> Path:
    """The folder of the quickstart's assistant; raises `UsageError` where there is none."""
    from eudaimon.study.designs.quickstart import QuickstartOptions
    from eudaimon.study.folder import RECORD, open_study
    from eudaimon.study.store import StepStore

    if (folder / RECORD).is_file():
        _, options = open_study(folder)
        if isinstance(options, QuickstartOptions):
            step, store = options.assistant(options.arms[0], 0), StepStore(folder)
            if store.done(step):
                return Path(step.checkpoint(store.path(step)))
    raise UsageError(
        f"there is no assistant of the town in {folder}",
        right="the folder that the quickstart wrote, below the working directory, or a model's own folder",
        do="eudaimon quickstart",
    )


def _room(name: str) -> Any:
    """The part of this room that opens one kind of answerer, loaded only when it is that which is served."""
    return importlib.import_module(f"eudaimon.serve.{name}")
