"""How a study's commands say hours, and what happens to its steps."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eudaimon.cli.output import one_line

if TYPE_CHECKING:
    from eudaimon.study.driver import Event


def tell(event: Event) -> None:
    """Print an event on standard error: beginnings not at all, a failure with the last lines of its log."""
    if event.kind == "started":
        return
    print(one_line(f"{event.kind:8} {event.key}  {event.text}"), file=sys.stderr, flush=True)
    for line in event.lines:
        print(f"    {one_line(line)}", file=sys.stderr, flush=True)


def hours(value: float) -> str:
    """Hours as words: ``40 s``, ``12 min`` or ``3.4 h``."""
    seconds = value * 3600
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{value:.1f} h"
