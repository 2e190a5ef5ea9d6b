"""From what an operator names to somebody who answers, and the facts about his guard."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError
from eudaimon.serve.asked import Answerer

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import AdapterStack

TOWN = "town"
QUICKSTART = Path("runs/quickstart")


@dataclass(frozen=True)
class WantedLayers:
    """Who is asked about scores in ``band`` (from the first on, below the second): a critique, a validator.

    ``critique`` is ``self`` (the served model) or the URL of a server, ``validator`` the URL of one.
    ``share`` and ``per_minute`` bound what either may be asked, ``seconds`` how long it may take.
    """

    band: tuple[float, float]
    critique: str = ""
    critique_model: str = ""
    critique_key_env: str = ""
    validator: str = ""
    validator_model: str = ""
    validator_kind: str = "judge"
    validator_key_env: str = ""
    share: float = 1.0
    per_minute: int | None = None
    seconds: float = 10.0


@dataclass(frozen=True)
class Wanted:
    """What is to be served: a model that watches itself, or a guard in front of the server at ``upstream``.

    ``model`` is a folder, a hub id, or `TOWN`, the quickstart's assistant; in front of another server it is
    the guard, by name or file, unless ``monitor`` is. Without ``monitor`` a model of this machine is
    unguarded. ``hold_back`` is in tokens, ``steer`` and ``drift`` are files of directions; ``slots`` answers
    are made at once while ``queue`` requests wait.
    """

    model: str
    monitor: Path | None = None
    adapters: AdapterStack = ()
    calibration: Path | None = None
    hold_back: int | None = None
    steer: Path | None = None
    steer_how: str = "cap"
    drift: Path | None = None
    layers: WantedLayers | None = None
    slots: int = 32
    queue: int = 128
    upstream: str | None = None
    upstream_model: str = ""
    upstream_key_env: str = ""
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
    return _upstream(wanted) if wanted.upstream else _local(wanted)


def _upstream(wanted: Wanted) -> Answerer:
    ours = {
        "--adapters": wanted.adapters,
        "--calibration": wanted.calibration,
        "--hold-back": wanted.hold_back,
        "--steer": wanted.steer,
        "--drift": wanted.drift,
        "--dtype": wanted.dtype,
    }
    if given := [name for name, value in ours.items() if value not in (None, ())]:
        raise UsageError(
            f"{', '.join(given)} with --upstream", right="they belong to a model of this machine"
        )
    if wanted.layers is not None and wanted.layers.critique == "self":
        raise UsageError("the guard of another server cannot criticise", do="--critique URL, or --validator")
    room = _room("upstream")
    opened: Answerer = room.open_upstream(
        wanted.upstream,
        guard=wanted.guard,
        model=wanted.upstream_model,
        api_key_env=wanted.upstream_key_env,
        second=_second(wanted.layers, None, wanted.fail_open) if wanted.layers else None,
        limits=_room("upstream.server").Limits(running=wanted.slots, waiting=wanted.queue),
        fail_open=wanted.fail_open,
        device=wanted.device,
    )
    return opened


def _local(wanted: Wanted) -> Answerer:
    if wanted.monitor is None and (wanted.calibration or wanted.steer or wanted.layers):
        raise UsageError("calibration, steering and layers follow a monitor", do="--monitor FILE")
    in_town = wanted.model == TOWN and not Path(TOWN).exists()
    model = str(town_model()) if in_town else wanted.model
    room, layers = _room("local"), wanted.layers
    opened: Answerer = room.open_local(
        model,
        monitor=wanted.monitor,
        adapters=wanted.adapters,
        calibration=wanted.calibration,
        second=(lambda answerer: _second(layers, answerer, wanted.fail_open)) if layers else None,
        steer=wanted.steer,
        steer_how=wanted.steer_how,
        drift=wanted.drift,
        hold_back=wanted.hold_back,
        fail_open=wanted.fail_open,
        limits=room.Limits(slots=wanted.slots, waiting=wanted.queue),
        name=TOWN if in_town else "",
        device=wanted.device,
        dtype=wanted.dtype,
        force=wanted.force,
    )
    return opened


def _second(wanted: WantedLayers, answerer: Answerer | None, fail_open: bool) -> Any:
    room, asks = _room("layers.opening"), _room("layers.asks")
    critique = validator = None
    if wanted.critique == "self":
        critique = asks.OwnModel()
        critique.use(answerer)
    elif wanted.critique:
        critique = room.critique_at(
            wanted.critique,
            wanted.critique_model,
            api_key_env=wanted.critique_key_env,
            timeout_seconds=wanted.seconds,
        )
    if wanted.validator:
        validator = room.validator_at(
            wanted.validator,
            wanted.validator_model,
            kind=wanted.validator_kind,
            api_key_env=wanted.validator_key_env,
            timeout_seconds=wanted.seconds,
        )
    return room.open_layers(
        wanted.band,
        critique=critique,
        validator=validator,
        share=wanted.share,
        per_minute=wanted.per_minute,
        timeout_seconds=wanted.seconds,
        fail_open=fail_open,
    )


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
