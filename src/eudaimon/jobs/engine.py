"""What an engine is: something that takes keys of work to do and says when each has ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Ended:
    """A key no longer under way: finished (``error`` empty), failed, or ``lost`` with its process."""

    key: str
    error: str = ""
    lost: bool = False


class Results(Protocol):
    """Where the results of keyed work lie: the only witness of what is done."""

    @property
    def folder(self) -> Path:
        """The folder that the computing function gets, with logs, locks and failures in it."""

    @property
    def finished(self) -> Path:
        """The folder in which finished results appear."""

    def done(self, key: str) -> bool:
        """Whether the result of a key is there."""


class Engine(Protocol):
    """Computes keys somewhere, by a function ``(folder, key) -> error in one line, or nothing``.

    The function is named as ``package.module:function``, so that any process can find it.
    """

    @property
    def free(self) -> int:
        """How many more keys it can take now."""

    @property
    def resumed(self) -> tuple[str, ...]:
        """Keys that it computes already, for a driver that is gone."""

    def drop(self, keys: Iterable[str]) -> None:
        """Give up these of the resumed keys."""

    def submit(self, keys: Sequence[str]) -> None:
        """Take these keys, all of whose inputs are finished; the first is the most urgent."""

    def wait(self, seconds: float) -> Iterable[Ended]:
        """The keys that ended since the last call, as soon as there are some, within ``seconds``."""

    def close(self) -> None:
        """End what must not outlive the driver."""


def environment(threads: int) -> dict[str, str]:
    """Variables of a worker: as many threads a product, no spinning, the driver's import path, fixed hashes.

    They must be there before torch is imported. One thread each is the fastest for small models: two
    processes of one thread do twice the work of one process of two. glibc keeps what is freed: else a
    step's large arrays are given back, mapped and cleared again at each step, a fifth of pretraining's time.
    Arrow uses glibc's memory, too: its own pool beside that holds 30 MB more in each worker, no quicker.
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
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(paths),
    }
