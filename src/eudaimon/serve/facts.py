"""What a guard is, as the server says when it starts and the audit log keeps: from its file alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eudaimon.core.files import sha256_file
from eudaimon.monitor.storage import monitor_header


@dataclass(frozen=True)
class GuardFacts:
    """A monitor's name, the first 16 digits of its file's SHA-256, where it reads, and when it flags.

    ``target_fpr`` and ``fpr_bound`` are those of whole texts like the ``n`` that set the threshold.
    """

    name: str
    hash: str
    made_on: str
    sites: tuple[str, ...]
    threshold: float
    target_fpr: float
    fpr_bound: float
    n: int

    def lines(self) -> tuple[str, ...]:
        """The facts in words."""
        return (
            f"{self.name} ({self.hash}), fitted on {self.made_on}, reads {', '.join(self.sites)}",
            f"flags from {self.threshold:.4f}: {100 * self.target_fpr:.3g} % of whole harmless texts like "
            f"the {self.n} that set it, at most {100 * self.fpr_bound:.3g} % with 95 % confidence",
        )


def guard_facts(path: Path) -> GuardFacts:
    """The facts about the monitor in a file; raises `UsageError` for anything that is not such a file."""
    header = monitor_header(path)
    return GuardFacts(
        name=path.name,
        hash=sha256_file(path)[:16],
        made_on=header.binding.name,
        sites=header.sites,
        threshold=header.threshold.value,
        target_fpr=header.threshold.target_fpr,
        fpr_bound=header.threshold.fpr_bound,
        n=header.threshold.n,
    )
