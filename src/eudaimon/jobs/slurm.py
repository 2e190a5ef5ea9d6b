"""Work as Slurm's job arrays, submitted through submitit; its results alone say what became of it."""

from __future__ import annotations

import logging
import math
import re
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.jobs.engine import Ended, Results, environment
from eudaimon.jobs.failure import failure, last_lines
from eudaimon.jobs.queue import Job, cancel, queued, require_slurm
from eudaimon.jobs.tasks import tasks
from eudaimon.jobs.worker import compute_in_turn

logger = logging.getLogger(__name__)

ARRAY = 1000
"""Keys under way at most: one less than Slurm's own default for an array."""
QUEUE_SECONDS = 3.0
"""Between two looks at the queue; the store is looked at every time."""
GRACE_SECONDS = 15.0
"""How long a finished job's files may take to be seen here, over a network file system."""
DEFAULT_MINUTES = 240
TASK_MINUTES = "task_minutes"
"""The one option that sbatch does not get: how long small work is put together for."""
DEFAULT_TASK_MINUTES = 2.0
USUAL_REASONS = ("", "None", "Resources", "Priority", "BeginTime", "JobArrayTaskLimit")


class SlurmEngine:
    """Job arrays of ready keys. A driver that starts again takes up the jobs of one that is gone.

    Keys that take few of the expected ``seconds`` share a task, one after the other, for about as many
    minutes as the option ``task_minutes`` says; 0: a task for each. Each array's keys are written down under
    a token that is its job's name, before it is submitted: so there is no moment at which a job is queued
    that nobody could recognise. ``needs`` are options of single keys (GPUs, memory, time), over which those
    that the user gave have precedence; keys that need the same share an array.
    """

    def __init__(
        self,
        results: Results,
        compute: str,
        name: str,
        workers: int | None,
        threads: int,
        options: Mapping[str, Any],
        seconds: Mapping[str, float] | None = None,
        needs: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        require_slurm()
        self._needs = needs or {}
        self._seconds, self._workers = seconds or {}, workers or 1
        self._together, options = _together(options)
        self.results, self.compute = results, compute
        self.arrays = results.folder / "slurm" / "arrays"
        self.name = "eudaimon-" + (re.sub(r"[^A-Za-z0-9_-]", "-", name) or "work")
        self._parameters = _parameters(workers, threads, options)
        self._fixed = frozenset(name.replace("-", "_") for name in options)
        self._under_way: dict[str, float] = {}
        """Key to when its job was last seen."""
        self._ids: dict[str, str] = {}
        self._lost: set[str] = set()
        self._looked = 0.0
        self._arrays = self._known_arrays()
        self._look(first=True)
        self._sweep()

    @property
    def free(self) -> int:
        """How many more keys fit into the queue."""
        return ARRAY - len(self._under_way)

    @property
    def resumed(self) -> tuple[str, ...]:
        """The keys whose jobs wait or run since an earlier driver."""
        return tuple(self._under_way)

    def submit(self, keys: Sequence[str]) -> None:
        """Submit these keys, an array a need; raises `UsageError` with what sbatch says where it refuses."""
        by_need: dict[tuple[tuple[str, Any], ...], list[str]] = {}
        for key in keys:
            by_need.setdefault(tuple(sorted(self._needs.get(key, {}).items())), []).append(key)
        for need, own in by_need.items():
            self._submit(own, dict(need))

    def _submit(self, keys: Sequence[str], needs: Mapping[str, Any]) -> None:
        # What was lost once may have ended its process, and with it whatever shared the task.
        found = tasks(keys, self._seconds, together=self._together, workers=self._workers, alone=self._lost)
        token = secrets.token_hex(6)
        write_json(self.arrays / f"{token}.json", found)
        self._arrays[token] = found
        executor = self._executor(f"{self.name}-{token}", needs)
        folder = str(self.results.folder)
        try:
            with executor.batch():
                jobs = [executor.submit(compute_in_turn, self.compute, folder, task) for task in found]
        except Exception as error:
            raise UsageError(
                f"Slurm refused the jobs: {_last_words(error)}",
                right="options that this cluster has",
                do="--slurm partition=NAME --slurm time=MINUTES",
            ) from error
        now = time.monotonic()
        for task, job in zip(found, jobs, strict=True):
            for key in task:
                self._under_way[key], self._ids[key] = now, job.job_id

    def wait(self, seconds: float) -> Iterable[Ended]:
        """The keys that have a result, a recorded failure, or neither and no job any more."""
        until = time.monotonic() + seconds
        while not (ended := self._ended()) and time.monotonic() < until:
            time.sleep(min(0.2, seconds))
        return ended

    def drop(self, keys: Iterable[str]) -> None:
        """Cancel the jobs of keys that cannot run as they were submitted; what shares a task is then lost."""
        keys = set(keys)
        cancel([job for key, job in self._jobs(queued() or ()) if key in keys])
        for key in keys:
            self._under_way.pop(key, None)

    def close(self) -> None:
        """Take submitit's pickles of ended jobs away, and leave the jobs that are queued or running."""
        self._sweep()
        if self._under_way:
            logger.warning(
                "%d jobs stay in the queue and go on; the same command takes them up again, and "
                "`scancel --name` ends those of a name: %s",
                len({self._ids[key] for key in self._under_way}),
                ", ".join(sorted({job.name for _, job in self._jobs(queued() or ())})),
            )

    def _ended(self) -> list[Ended]:
        # Listing the folder makes a network file system forget that a manifest was not there.
        list(self.results.finished.iterdir())
        if time.monotonic() - self._looked > QUEUE_SECONDS:
            self._look()
        found = []
        for key, seen in list(self._under_way.items()):
            if self.results.done(key):
                found.append(Ended(key))
            elif told := failure(self.results.folder, key):
                found.append(Ended(key, told))
            elif seen < self._looked - GRACE_SECONDS:
                found.append(Ended(key, self._why_gone(key), lost=True))
                self._lost.add(key)
        for ended in found:
            del self._under_way[ended.key]
        return found

    def _look(self, *, first: bool = False) -> None:
        jobs = queued()
        if jobs is None and first:
            raise UsageError("Slurm's controller does not answer", do="squeue, to see what it says")
        if jobs is None:  # nobody is taken for gone
            return
        now = self._looked = time.monotonic()
        if first:
            names = {job.name for job in jobs}
            for token in [token for token in self._arrays if f"{self.name}-{token}" not in names]:
                (self.arrays / f"{token}.json").unlink(missing_ok=True)
                del self._arrays[token]
        for key, job in self._jobs(jobs):
            if (first and not self.results.done(key)) or key in self._under_way:
                self._under_way[key], self._ids[key] = now, job.id
                if job.state == "PENDING" and job.reason not in USUAL_REASONS:
                    logger.warning("%s waits in the queue: %s", key, job.reason)

    def _jobs(self, jobs: Iterable[Job]) -> list[tuple[str, Job]]:
        """Which of the jobs belong to which keys of this folder."""
        found = []
        for job in jobs:
            prefix, _, token = job.name.rpartition("-")
            array = self._arrays.get(token, []) if prefix == self.name else []
            if job.index < len(array):
                found += [(key, job) for key in array[job.index]]
        return found

    def _known_arrays(self) -> dict[str, list[list[str]]]:
        return {path.stem: read_json(path) for path in self.arrays.glob("*.json")}

    def _sweep(self) -> None:
        """No pickle stays in a folder that may be handed to somebody."""
        alive = {self._ids[key] for key in self._under_way}
        for path in (self.results.folder / "slurm" / "logs").glob("*.pkl"):
            if not any(path.name.startswith(f"{number}_") for number in alive):
                path.unlink(missing_ok=True)

    def _why_gone(self, key: str) -> str:
        number = self._ids.get(key, "")
        logs = sorted((self.results.folder / "slurm" / "logs").glob(f"{number}_*log.err"))
        words = [line for log in logs for line in last_lines(log, 3)]
        return f"its job {number} left the queue without a result{': ' + words[-1] if words else ''}"

    def _executor(self, name: str, needs: Mapping[str, Any]) -> Any:
        from submitit import SlurmExecutor

        executor = SlurmExecutor(self.results.folder / "slurm" / "logs")
        executor.update_parameters(job_name=name, **self.parameters(needs))
        return executor

    def parameters(self, needs: Mapping[str, Any]) -> dict[str, Any]:
        """submitit's parameters for keys with these needs; what the user gave is left as it is."""
        own = {name: value for name, value in needs.items() if name not in self._fixed}
        return self._parameters | own


def _together(options: Mapping[str, Any]) -> tuple[float, dict[str, Any]]:
    """How many seconds small work is put together for, and the options that sbatch gets."""
    others = {name: value for name, value in options.items() if name.replace("-", "_") != TASK_MINUTES}
    given = next((options[name] for name in options if name not in others), DEFAULT_TASK_MINUTES)
    try:
        found = float(given)
    except ValueError:
        found = -1.0
    if not 0 <= found < math.inf:
        raise UsageError(
            f"{TASK_MINUTES}={given} is no time", right="minutes, 0 or more", do=f"--slurm {TASK_MINUTES}=5"
        )
    # An estimate may be too low: what shares a task must not run out of its time.
    limit = minutes(str(others["time"])) if "time" in others else DEFAULT_MINUTES
    return 60 * min(found, limit / 4), others


def _parameters(workers: int | None, threads: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """submitit's parameters; options that it has no name for go to sbatch as they are."""
    from submitit.slurm.slurm import SlurmExecutor

    variables = environment(threads)
    exports = [f"export {name}={_quoted(value)}" for name, value in variables.items()]
    chosen: dict[str, Any] = {
        "time": DEFAULT_MINUTES,
        "cpus_per_task": threads,
        # Without srun the work may itself start processes on the node, as accelerate does.
        "use_srun": False,
        "setup": exports,
    }
    if workers:
        chosen["array_parallelism"] = workers
    known = SlurmExecutor._valid_parameters() - {"job_name", "setup", "additional_parameters", "map_count"}
    given = {name.replace("-", "_"): _number(value) for name, value in options.items()}
    if "time" in given:
        given["time"] = minutes(str(given["time"]))
    chosen |= {name: value for name, value in given.items() if name in known}
    if others := {name: value for name, value in given.items() if name not in known}:
        chosen["additional_parameters"] = others
    return chosen


def minutes(text: str) -> int:
    """Whole minutes, rounded up, of Slurm's ``90``, ``1:30:00`` or ``1-12:00:00``; `UsageError` otherwise."""
    days, dash, rest = text.rpartition("-")
    try:
        parts = [int(part) for part in rest.split(":")]
        if dash:  # days-hours[:minutes[:seconds]]
            hours, minute, second = (*parts, 0, 0)[:3]
        elif len(parts) < 3:  # minutes[:seconds]
            hours, (minute, second) = 0, (*parts, 0)[:2]
        else:
            hours, minute, second = parts
        found = ((int(days) if dash else 0) * 24 + hours) * 60 + minute + (second > 0)
    except ValueError:
        found = 0
    if found < 1:
        raise UsageError(f"time={text} is no time", right="minutes, H:MM:SS or D-HH:MM", do="--slurm time=90")
    return found


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _quoted(value: str) -> str:
    import shlex

    return shlex.quote(value)


def _last_words(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if "sbatch: error" in line or "sbatch:" in line]
    return (said or lines or [type(error).__name__])[-1]
