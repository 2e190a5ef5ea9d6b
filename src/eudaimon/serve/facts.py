"""What a guard is, as the server says when it starts and the audit log keeps: from its files alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eudaimon.core.files import sha256_file
from eudaimon.monitor.storage import monitor_header
from eudaimon.serve.opening import Wanted


@dataclass(frozen=True)
class GuardFacts:
    """A monitor's name, the first 16 digits of its file's SHA-256, where it reads, and when it flags.

    ``target_fpr`` and ``fpr_bound`` are those of whole texts like the ``n`` that set the threshold;
    ``growing`` says what is promised of answers that are read as they grow, ``layers`` who is asked besides.
    """

    name: str
    hash: str
    made_on: str
    sites: tuple[str, ...]
    threshold: float
    target_fpr: float
    fpr_bound: float
    n: int
    growing: str
    layers: tuple[str, ...]

    def lines(self) -> tuple[str, ...]:
        """The facts in words."""
        return (
            f"{self.name} ({self.hash}), fitted on {self.made_on}, reads {', '.join(self.sites)}",
            f"flags from {self.threshold:.4f}: {100 * self.target_fpr:.3g} % of whole harmless texts like "
            f"the {self.n} that set it, at most {100 * self.fpr_bound:.3g} % with 95 % confidence",
            self.growing,
            f"layers: {', then '.join(self.layers)}",
        )


def guard_facts(path: Path, wanted: Wanted) -> GuardFacts:
    """The facts about the monitor in a file and what stands beside it.

    Raises `UsageError` for a file that is no monitor, no calibration or no plan of layers.
    """
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
        growing=_growing(wanted),
        layers=("monitor", *_layers(wanted)),
    )


def _growing(wanted: Wanted) -> str:
    from eudaimon.monitor.guard_calibration import Calibration
    from eudaimon.serve.local.opening import NO_PROMISE
    from eudaimon.serve.upstream.calibration import WindowCalibration

    if wanted.calibration is None:
        return NO_PROMISE
    if wanted.upstream:
        return WindowCalibration.load(wanted.calibration).promise
    return Calibration.load(wanted.calibration).promise


def _layers(wanted: Wanted) -> list[str]:
    from eudaimon.serve.layers import read_plan

    if wanted.layers is None:
        return []
    plan = read_plan(wanted.layers)
    low, high = plan.band
    found = []
    if plan.critique:
        found.append(f"critique by {plan.critique.url or 'the model itself'} of scores in [{low}, {high})")
    if plan.validator:
        found.append(f"validator {plan.validator.url} of scores in [{low}, {high})")
    return found
