"""From what an operator names to somebody who answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from eudaimon.core import UsageError
from eudaimon.serve.asked import Answerer

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import AdapterStack

TOWN = "town"


@dataclass(frozen=True)
class Wanted:
    """What is to be served: a model that watches itself, or a guard in front of the server at ``upstream``.

    ``model`` is a folder or a hub id (`with_town` finds the quickstart's assistant), told to clients as
    ``name``; in front of another server it is the guard, by name or file, unless ``monitor`` is. Without
    ``monitor`` a model of this machine is unguarded; ``answers`` reads the answers in its stead.
    ``hold_back`` is in tokens, ``steer`` and ``drift`` are files of directions, ``layers`` one of a plan
    (`eudaimon.serve.layers.read_plan`); ``slots`` answers are made at once while ``queue`` requests wait.
    """

    model: str
    monitor: Path | None = None
    answers: Path | None = None
    adapters: AdapterStack = ()
    calibration: Path | None = None
    hold_back: int | None = None
    steer: Path | None = None
    steer_how: Literal["cap", "ablate"] = "cap"
    drift: Path | None = None
    layers: Path | None = None
    slots: int = 32
    queue: int = 128
    upstream: str | None = None
    upstream_model: str = ""
    upstream_key_env: str = ""
    side_by_side: bool = False
    fail_open: bool = False
    device: str | None = None
    dtype: str | None = None
    force: bool = False
    name: str = ""

    @property
    def guard(self) -> str | Path | None:
        """The monitor's file or the guard's name; None for none."""
        return self.monitor or (self.model if self.upstream else None)


def open_answerer(wanted: Wanted) -> Answerer:
    """Whoever answers; raises `UsageError`, what loading a model raises, and `BindingMismatch`.

    The last for a monitor of another checkpoint, tokenizer, template or stack of adapters.
    """
    return _upstream(wanted, wanted.upstream) if wanted.upstream else _local(wanted)


def with_town(wanted: Wanted, *, guarded: bool) -> Wanted:
    """The same with the quickstart's assistant in the place of `TOWN`, as its folder, under that name.

    Where no monitor is named and it is to be ``guarded``, it gets two of its own with their thresholds, which
    are fitted when they are missing. Raises `UsageError` where there is no such assistant.
    """
    if wanted.upstream or wanted.model != TOWN or Path(TOWN).exists():
        return wanted
    from eudaimon.serve.town import guard_assistant, town_assistant

    found = town_assistant()
    named = replace(wanted, model=str(found.model), name=TOWN)
    if wanted.monitor is not None or wanted.answers is not None or not guarded:
        return named
    if wanted.adapters:
        raise UsageError(
            "the town's own monitor is one of its assistant without adapters", do="--monitor FILE"
        )
    guard_assistant(found, device=wanted.device)
    own = wanted.calibration or found.calibration
    return replace(named, monitor=found.monitor, answers=found.answers, calibration=own)


def _upstream(wanted: Wanted, url: str) -> Answerer:
    ours = {
        "--adapters": wanted.adapters,
        "--answers": wanted.answers,
        "--hold-back": wanted.hold_back,
        "--steer": wanted.steer,
        "--drift": wanted.drift,
        "--dtype": wanted.dtype,
    }
    if given := [name for name, value in ours.items() if value not in (None, ())]:
        raise UsageError(f"{', '.join(given)} with --upstream", right="they are for a model of this machine")
    from eudaimon.serve.layers import read_plan
    from eudaimon.serve.upstream import Limits, open_upstream

    return open_upstream(
        url,
        wanted.guard or wanted.model,
        model=wanted.upstream_model,
        api_key_env=wanted.upstream_key_env,
        calibration=wanted.calibration,
        second=read_plan(wanted.layers).open(fail_open=wanted.fail_open) if wanted.layers else None,
        side_by_side=wanted.side_by_side,
        limits=Limits(running=wanted.slots, waiting=wanted.queue),
        fail_open=wanted.fail_open,
        device=wanted.device,
    )


def _local(wanted: Wanted) -> Answerer:
    if wanted.side_by_side:
        raise UsageError("--side-by-side is about another server", do="--upstream URL")
    from eudaimon.serve.layers import OwnModel, read_plan
    from eudaimon.serve.local import Limits, open_local

    own = OwnModel()
    layers = read_plan(wanted.layers).open(own, fail_open=wanted.fail_open) if wanted.layers else None
    answerer = open_local(
        wanted.model,
        wanted.monitor,
        wanted.adapters,
        answers=wanted.answers,
        calibration=wanted.calibration,
        second=layers,
        steer=wanted.steer,
        steer_how=wanted.steer_how,
        drift=wanted.drift,
        hold_back=wanted.hold_back,
        fail_open=wanted.fail_open,
        limits=Limits(slots=wanted.slots, waiting=wanted.queue),
        name=wanted.name,
        device=wanted.device,
        dtype=wanted.dtype,
        force=wanted.force,
    )
    own.use(answerer)
    return answerer
