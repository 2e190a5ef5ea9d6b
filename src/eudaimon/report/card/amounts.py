"""Large counts and small shares as a reader takes them in."""

from __future__ import annotations

import math

from eudaimon.core import Score
from eudaimon.report.words import SPACE, count, number

LEAST = 1e-5
"""Per cent below which a share is only said to be below."""
SCALES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def share(part: float | None) -> str:
    """A share in [0, 1] as per cent with two digits that count; a dash where there is none."""
    if part is None or not math.isfinite(part):
        return "–"
    return f"{_percent(100 * part)}{SPACE}%"


def share_interval(score: Score | None) -> str:
    """``[low, high]`` of a share, in per cent without the sign; empty where there is no interval."""
    if score is None or score.low is None or score.high is None:
        return ""
    return f"[{_percent(100 * score.low)}, {_percent(100 * score.high)}]"


def amount(n: float) -> str:
    """A count, from a million on in words: ``12.4 million``."""
    for scale, word in SCALES:
        if n >= scale:
            return f"{number(n / scale, 1).removesuffix('.0')}{SPACE}{word}"
    return count(round(n))


def hours(value: float) -> str:
    """Core-hours, whole from ten on."""
    return amount(value) if value >= 10 else number(value, 2)


def _percent(value: float) -> str:
    if value == 0:
        return "0"
    if value < LEAST:
        return f"<{SPACE}{number(LEAST, 5)}"
    digits = max(1, 1 - math.floor(math.log10(value)))
    # 100 is 100, and what is almost all is not rounded up to it.
    return "100" if value == 100 else number(min(value, 99.9) if 99.9 < value < 100 else value, digits)
