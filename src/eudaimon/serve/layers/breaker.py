"""A circuit breaker: somebody who is out of order is not asked for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from eudaimon.core import UsageError


class Breaker:
    """Open after ``most_failures`` failures in a row; one question ``seconds`` later tries whether it works.

    ``clock`` tells monotonic seconds. One event loop may use it.
    """

    def __init__(
        self, most_failures: int = 5, seconds: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if most_failures < 1 or seconds < 0:
            raise UsageError(
                f"a breaker that opens after {most_failures} failures for {seconds} s",
                right="at least one failure, and no negative time",
            )
        self._most, self._seconds, self._clock = most_failures, seconds, clock
        self._failures, self._tries_from, self._trying = 0, 0.0, False

    @property
    def is_open(self) -> bool:
        """Whether the last failures in a row were so many that questions are kept back."""
        return self._failures >= self._most

    def lets_through(self) -> bool:
        """Whether a question may be put now; who gets True says afterwards how it went, or `forget`."""
        if not self.is_open:
            return True
        if self._trying or self._clock() < self._tries_from:
            return False
        self._trying = True
        return True

    def works(self) -> None:
        """An answer came."""
        self._failures, self._trying = 0, False

    def failed(self) -> None:
        """No answer came."""
        self._failures += 1
        self._trying = False
        if self.is_open:
            self._tries_from = self._clock() + self._seconds

    def forget(self) -> None:
        """The question was given up before anybody could know."""
        self._trying = False
