"""What an engine is: something that takes keys of steps and says when each has ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Ended:
    """A step no longer under way: finished (``error`` empty), failed, or ``lost`` with its process."""

    key: str
    error: str = ""
    lost: bool = False


class Engine(Protocol):
    """Computes steps somewhere, through `eudaimon.study.work.compute_by_key`."""

    @property
    def free(self) -> int:
        """How many more steps it can take now."""

    @property
    def resumed(self) -> tuple[str, ...]:
        """Steps that it computes already, for a driver that is gone."""

    def drop(self, keys: Iterable[str]) -> None:
        """Give up these of the resumed steps."""

    def submit(self, keys: Sequence[str]) -> None:
        """Take these steps, all of whose inputs are finished; the first is the most urgent."""

    def wait(self, seconds: float) -> Iterable[Ended]:
        """The steps that ended since the last call, as soon as there are some, within ``seconds``."""

    def close(self) -> None:
        """End what must not outlive the driver."""


def environment(threads: int) -> dict[str, str]:
    """Variables of a worker: as many threads a product, no spinning, the driver's import path, fixed hashes.

    They must be there before torch is imported. One thread each is the fastest for small models: two
    processes of one thread do twice the work of one process of two. glibc keeps what is freed: else a
    step's large arrays are given back, mapped and cleared again at each step, a fifth of pretraining's time.
    """
    paths = dict.fromkeys(path or os.getcwd() for path in sys.path)  # noqa: PTH109
    number = str(threads)
    return {
        "OMP_NUM_THREADS": number,
        "MKL_NUM_THREADS": number,
        "OPENBLAS_NUM_THREADS": number,
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
        "MALLOC_MMAP_THRESHOLD_": str(2**31 - 1),
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(paths),
    }
