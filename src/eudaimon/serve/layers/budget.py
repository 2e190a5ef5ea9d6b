"""How often a dear layer may be asked: a share of all texts, and so many a minute."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from eudaimon.core import UsageError

MINUTE = 60.0
_SLACK = 1e-9
"""1 of 100 is inside 1 %, whatever the rounding of 100 * 0.01."""


class Budget:
    """At every moment at most ``share`` of the texts seen were asked about, and ``per_minute`` of late.

    Texts are counted by `seen`, from any thread. Who never calls it has only the questions counted, of which
    then ``share`` are put: less is spent than was allowed, never more. ``per_minute`` None is no bound.
    ``clock`` tells monotonic seconds. Raises `UsageError` on a share outside of [0, 1] or a negative bound.
    """

    def __init__(
        self,
        share: float = 1.0,
        per_minute: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 <= share <= 1 or (per_minute is not None and per_minute < 0):
            raise UsageError(
                f"a budget of {share} of all texts and {per_minute} a minute",
                right="a share from 0 to 1, and at least 0 a minute",
            )
        self._share, self._per_minute, self._clock = share, per_minute, clock
        self._n_seen = self._n_wanted = self._n_spent = 0
        self._late: deque[float] = deque()
        self._lock = Lock()

    def seen(self, n: int = 1) -> None:
        """Count texts that the monitor has looked at."""
        with self._lock:
            self._n_seen += n

    def take(self) -> bool:
        """Whether a question may be put now, which is then counted."""
        self._n_wanted += 1
        total = max(self._n_seen, self._n_wanted)
        if self._n_spent + 1 > math.floor(self._share * total + _SLACK):
            return False
        if self._per_minute is not None:
            now = self._clock()
            while self._late and self._late[0] <= now - MINUTE:
                self._late.popleft()
            if len(self._late) >= self._per_minute:
                return False
            self._late.append(now)
        self._n_spent += 1
        return True
