"""What is decided about one answer from look to look: what may go out, and whether it must end."""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from typing import TYPE_CHECKING

from eudaimon.core import EudaimonError
from eudaimon.serve.asked import Decided
from eudaimon.serve.local.readout import Read, decided, failed

if TYPE_CHECKING:
    from eudaimon.serve.local.guard import Guard


class Watched:
    """The looks at one answer; a look is at its first ``n`` tokens, in order.

    ``passed`` tokens may go out: each of them lies in a look that did not flag, and in none that is in the
    band of a second opinion and was not cleared by it. ``hit`` is the decision that ends it, ``hit_at`` the
    tokens that it is about. ``wants`` is the number of tokens about which the second opinion is to be asked
    now.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.passed = 0
        self.hit: Decided | None = None
        self.hit_at: int | None = None
        self.wants: int | None = None
        self._worst: Read | None = None
        self._seen = 0
        self._in_band = 0
        self._cleared = 0
        self._asking = self._counted = False
        self._second: Decided | None = None
        self._failed: Decided | None = None
        self._steered_at: tuple[int, Decided] | None = None

    def look(self, n: int, found: Read | BaseException) -> None:
        """What was read of the first ``n`` tokens, or why nothing could be."""
        guard, self._seen = self.guard, n
        if isinstance(found, Read) and not self._counted and guard.second is not None:
            self._counted = True
            guard.second.seen()
        if isinstance(found, Read) and found.score >= self.worst:
            self._worst = found
        if self.hit is not None:
            return
        if isinstance(found, BaseException) or isnan(found.score):
            nothing = EudaimonError("the monitor reads no number there")
            error = found if isinstance(found, BaseException) else nothing
            self._failed = failed(error, guard.output, fail_open=guard.fail_open)
            if self._failed.flagged:
                self.hit, self.hit_at = self._failed, n
                return
        else:
            band = guard.band
            if band is not None and band.low <= found.score < band.high:
                self._in_band = n
            elif found.score >= guard.output:
                self.hit, self.hit_at = decided([found], guard.output), n
                return
        self._pass()

    def asked(self) -> Decided:
        """The monitor's decision, as the second opinion that is asked now is told it."""
        assert self._worst is not None
        self.wants, self._asking = None, True
        return decided([self._worst], self.guard.output)

    def answered(self, n: int, second: Decided) -> None:
        """What was decided about the first ``n`` tokens."""
        self._asking = False
        if self.hit is not None:
            return
        self._second = second
        if second.flagged:
            self.hit, self.hit_at = second, n
            return
        self._cleared = max(self._cleared, n)
        self._pass()

    def steered(self, n: int) -> None:
        """The answer goes on from its first ``n`` tokens, which passed, along another way."""
        assert self.hit is not None and self.hit_at is not None
        self._steered_at = (self.hit_at, self.hit)
        self.hit = self.hit_at = self.wants = self._worst = None
        self.passed = self._seen = self._cleared = n
        self._in_band = 0

    @property
    def worst(self) -> float:
        """The highest score so far; -1 before the first."""
        return -1.0 if self._worst is None else self._worst.score

    @property
    def settled(self) -> bool:
        """Whether all looks so far are decided."""
        return self.hit is not None or (not self._asking and self._in_band <= self._cleared)

    @property
    def first_hit_at(self) -> int | None:
        """The tokens at the first hit, whether it ended the answer or steered it."""
        return self._steered_at[0] if self._steered_at is not None else self.hit_at

    def decision(self) -> Decided | None:
        """What is told at the end; None where there was no look."""
        made = self.hit or self._failed or self._second
        if self._worst is not None and (made is None or (made is self.hit and made.layer == "monitor")):
            made = decided([self._worst], self.guard.output)
        if made is None and self._steered_at is None:
            return None
        if self._steered_at is not None:
            at, first = self._steered_at
            said = f"steered after {at} tokens, at a score of {first.score:.3f}"
            made = made or replace(first, flagged=False)
            made = replace(made, reason="; ".join(filter(None, (said, made.reason))))
        return made

    def _pass(self) -> None:
        cleared = self._in_band <= self._cleared
        self.passed = self._seen if cleared else max(self.passed, self._cleared)
        self.wants = None if cleared or self._asking else self._seen
