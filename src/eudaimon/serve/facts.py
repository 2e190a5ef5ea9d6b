"""What a guard is, as the server says when it starts and the audit log keeps: from its files alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.files import sha256_file
from eudaimon.measure.conformal import Threshold
from eudaimon.monitor.storage import monitor_header
from eudaimon.serve.asked import Mode
from eudaimon.serve.guards.opening import Measured, card_of
from eudaimon.serve.opening import Wanted
from eudaimon.serve.second import Side

if TYPE_CHECKING:
    from eudaimon.monitor.guard_calibration import Calibration

WHAT: dict[Side, str] = {"input": "queries", "output": "answers"}


@dataclass(frozen=True)
class GuardFacts:
    """A monitor's name, the first 16 digits of its file's SHA-256, where it reads, and when it flags.

    ``answers`` is the name of the monitor that reads answers in its stead, with its digits; None for none.
    ``threshold`` is that of what is asked, ``flags`` tells all of them; ``target_fpr`` and ``fpr_bound`` are
    those of texts like the ``n`` that set it. ``growing`` says what is promised of answers that are read as
    they grow, ``layers`` who is asked besides.
    ``measured`` is what the card of a packaged guard says of each side; nothing for another monitor.
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
    answers: tuple[str, str] | None = None
    flags: str = ""
    measured: tuple[Measured, ...] = ()

    @property
    def unshown(self) -> tuple[Measured, ...]:
        """The sides on which it was measured, and not shown to be better than chance."""
        return tuple(one for one in self.measured if not one.better_than_chance)

    def default_mode(self, side: Side) -> Mode:
        """What a hit does where nobody says so: it ends no answer where it may as well be chance."""
        return "score" if side in {one.side for one in self.unshown} else "block"

    def lines(self) -> tuple[str, ...]:
        """The facts in words."""
        own = f"; answers are read by {self.answers[0]} ({self.answers[1]})" if self.answers else ""
        return (
            f"{self.name} ({self.hash}), fitted on {self.made_on}, reads {', '.join(self.sites)}{own}",
            self.flags,
            self.growing,
            f"layers: {', then '.join(self.layers)}",
            *(
                f"{WHAT[one.side]}: never shown to be better than chance, AUROC {one.auroc:.3f} "
                f"[{one.low:.3f}, {one.high:.3f}], n = {one.n}"
                for one in self.unshown
            ),
        )


def guard_facts(path: Path, wanted: Wanted) -> GuardFacts:
    """The facts about the monitor in a file and what stands beside it.

    Raises `UsageError` for a file that is no monitor, no calibration or no plan of layers.
    """
    header = monitor_header(path)
    own = header.threshold
    flags = (
        f"flags from {own.value:.4f}: {100 * own.target_fpr:.3g} % of whole harmless texts like the {own.n} "
        f"that set it, at most {100 * own.fpr_bound:.3g} % with 95 % confidence"
    )
    if (made := _calibration(wanted)) is not None:
        own = Threshold(made.input, made.fpr, made.n, made.bound)
        flags = (
            f"flags what is asked from {made.input:.4f}, an answer from {made.output:.4f} while it grows and "
            f"from {made.whole:.4f} as a whole"
        )
    sha256 = sha256_file(path)
    card = card_of(sha256)
    return GuardFacts(
        name=path.name,
        hash=sha256[:16],
        made_on=header.binding.name,
        sites=header.sites,
        threshold=own.value,
        target_fpr=own.target_fpr,
        fpr_bound=own.fpr_bound,
        n=own.n,
        growing=_growing(wanted),
        layers=("monitor", *_layers(wanted)),
        answers=_named(wanted.answers) if wanted.answers is not None else None,
        flags=flags,
        measured=card.measured if card is not None else (),
    )


def _calibration(wanted: Wanted) -> Calibration | None:
    from eudaimon.monitor.guard_calibration import Calibration

    return None if wanted.upstream or wanted.calibration is None else Calibration.load(wanted.calibration)


def _named(path: Path) -> tuple[str, str]:
    return path.name, sha256_file(path)[:16]


def _growing(wanted: Wanted) -> str:
    from eudaimon.serve.local.opening import NO_PROMISE
    from eudaimon.serve.upstream.calibration import WindowCalibration

    if (made := _calibration(wanted)) is not None:
        return made.promise
    return NO_PROMISE if wanted.calibration is None else WindowCalibration.load(wanted.calibration).promise


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
