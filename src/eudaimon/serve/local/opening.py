"""From names of files to a guarded model that answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError
from eudaimon.monitor.guard_calibration import DO, HOLD_BACK, Calibration
from eudaimon.serve.local.engine import Limits
from eudaimon.serve.local.guard import Drift, Guard
from eudaimon.serve.local.steering import How, Steer
from eudaimon.serve.local.workshop import Opened, Workshop

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import Adapter
    from eudaimon.models.model import Model
    from eudaimon.monitor.monitor import Monitor
    from eudaimon.serve.local.answerer import LocalAnswerer
    from eudaimon.serve.second import Second
    from eudaimon.vectors.direction import Direction

NO_PROMISE = (
    "no calibration was given: the monitor's own threshold is used, which was set on whole texts, and no "
    "rate of false alarms is promised for an answer that is looked at while it grows"
)


def open_local(
    model: str | Path,
    monitor: str | Path | None = None,
    adapters: Sequence[Adapter] = (),
    *,
    calibration: str | Path | None = None,
    second: Second | Callable[[LocalAnswerer], Second] | None = None,
    steer: str | Path | None = None,
    steer_how: How = "cap",
    steer_most: float | None = None,
    drift: str | Path | None = None,
    hold_back: int | None = None,
    fail_open: bool = False,
    monitor_seconds: float = 10.0,
    limits: Limits | None = None,
    name: str = "",
    device: str | None = None,
    dtype: str | None = None,
    force: bool = False,
    answers: str | Path | None = None,
) -> LocalAnswerer:
    """A checkpoint with its adapters, proven to act, that answers and is read by the monitor of a file.

    ``answers`` is a file of a monitor that reads the answers, in the other's stead. ``calibration`` is a file
    of `Calibration`; without one the monitors' own thresholds are used and nothing is promised. ``second`` is
    the second opinion, or makes one of the answerer. ``steer`` and ``drift`` are files of directions: along
    which an answer is steered once it is flagged, and followed. ``hold_back`` is that of the calibration
    unless given. Raises `UsageError` for what does not fit together, `BindingMismatch` for a monitor,
    calibration or direction of another checkpoint, tokenizer, template or stack (``force`` lets a monitor
    pass, which is recorded), and as `open_subject` does.
    """
    from eudaimon.serve.local.answerer import LocalAnswerer

    if monitor is None and (answers or calibration or second or steer):
        raise UsageError(
            "a monitor of answers, calibration, second opinion or steering without a monitor",
            do="--monitor FILE",
        )
    opening = partial(
        _open,
        str(model),
        monitor,
        tuple(adapters),
        calibration=calibration,
        steer=steer,
        steer_how=steer_how,
        steer_most=steer_most,
        drift=drift,
        hold_back=hold_back,
        fail_open=fail_open,
        monitor_seconds=monitor_seconds,
        name=name,
        device=device,
        dtype=dtype,
        force=force,
        answers=answers,
    )
    return LocalAnswerer(Workshop(opening, limits), second)


def guard_of(
    monitor: Monitor,
    calibration: Calibration | None = None,
    *,
    answers: Monitor | None = None,
    hold_back: int | None = None,
    **how: Any,
) -> Guard:
    """The guard of a monitor, and of one of answers, at a calibration, or at their own thresholds.

    Raises as `Calibration.require`, and `UsageError` for monitors that read something else.
    """
    own, whole = monitor.threshold.value, (answers or monitor).threshold.value
    how["answers"] = answers
    if calibration is None:
        kept = HOLD_BACK if hold_back is None else hold_back
        return Guard(monitor, own, whole, whole, kept, promise=NO_PROMISE, **how)
    calibration.require(monitor, answers)
    return Guard(
        monitor,
        calibration.input,
        calibration.output,
        calibration.whole,
        calibration.hold_back if hold_back is None else hold_back,
        promise=calibration.promise,
        **how,
    )


def _open(
    checkpoint: str,
    monitor: str | Path | None,
    adapters: tuple[Adapter, ...],
    *,
    calibration: str | Path | None,
    steer: str | Path | None,
    steer_how: How,
    steer_most: float | None,
    drift: str | Path | None,
    hold_back: int | None,
    fail_open: bool,
    monitor_seconds: float,
    name: str,
    device: str | None,
    dtype: str | None,
    force: bool,
    answers: str | Path | None,
) -> Opened:
    from eudaimon.models.adapters.adapter import as_stack
    from eudaimon.models.adapters.opening import open_subject
    from eudaimon.models.adapters.subject import Subject
    from eudaimon.monitor.storage import load_monitor

    made = Calibration.load(calibration) if calibration is not None else None
    along = _direction(steer) if steer is not None else None
    followed = _direction(drift) if drift is not None else None
    stack = as_stack(adapters)
    model: Model = open_subject(Subject(checkpoint, stack), device=device, dtype=dtype, force=force)
    guard = None
    if monitor is not None:
        guard = guard_of(
            load_monitor(monitor, model, force=force),
            made,
            answers=load_monitor(answers, model, force=force) if answers is not None else None,
            hold_back=hold_back,
            fail_open=fail_open,
            seconds=monitor_seconds,
            steer=Steer(along, steer_how, steer_most) if along is not None else None,
        )
    bound = _bound(made, followed) if followed is not None else None
    opened = Opened(
        model, guard, Drift(followed, bound) if followed is not None else None, name or Path(checkpoint).name
    )
    return replace(opened, facts=facts(opened))


def facts(opened: Opened) -> dict[str, Any]:
    """What a server says of itself, as JSON values."""
    from eudaimon.monitor.storage import monitor_hash

    model, guard, drift = opened.model, opened.guard, opened.drift
    said: dict[str, Any] = {
        "model": opened.name,
        "checkpoint": model.checkpoint.fingerprint,
        "adapters": list(model.adapters),
        "max_tokens": model.max_tokens,
        "monitor": None,
        "drift": None if drift is None else {"site": str(drift.direction.site), "alert_from": drift.bound},
    }
    if guard is not None:
        said["monitor"] = {
            "hash": monitor_hash(guard.monitor),
            "answers": monitor_hash(guard.answers) if guard.answers is not None else None,
            "input": guard.input,
            "output": guard.output,
            "whole": guard.whole,
            "hold_back": guard.hold_back,
            "fail_open": guard.fail_open,
            "promise": guard.promise,
            "forced": guard.monitor.record.get("forced"),
            "on_hit": "block" if guard.steer is None else f"{guard.steer.how}, then block",
        }
    return said


def _direction(file: str | Path) -> Direction:
    """The direction of a file, the middle one of several."""
    from eudaimon.vectors.conversion import read_directions

    found = read_directions(file)
    return found.directions[len(found) // 2]


def _bound(calibration: Calibration | None, direction: Direction) -> float | None:
    """The projection that alerts: None where none was calibrated, an error where it was for another one."""
    from eudaimon.vectors.direction import direction_hash

    if calibration is None or calibration.drift is None:
        return None
    if calibration.direction != direction_hash(direction):
        raise UsageError(
            "the calibration's bound of drift is that of another direction",
            right="the direction with which the calibration was made",
            do=f"{DO} --direction FILE",
        )
    return calibration.drift
