"""At which scores a served monitor flags, so that a stated share of harmless talk is flagged and no more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eudaimon.core import Binding, UsageError
from eudaimon.core.files import write_text
from eudaimon.monitor.storage import monitor_hash

if TYPE_CHECKING:
    from eudaimon.monitor.monitor import Monitor

HOLD_BACK = 4
"""Tokens of an answer that are kept back where nobody says how many."""
DO = "eudaimon monitor calibrate MODEL --monitor FILE --chats FILE.jsonl --out guard.json"


class Calibration(BaseModel):
    """Thresholds from ``n`` harmless exchanges, each on another question, for the rate ``fpr``.

    ``input`` is for what is asked, ``whole`` for an answer that is read as a whole, ``output`` for the
    highest of all looks at an answer while it grows: conversation, answer and window together. Each of the
    three keeps the rate by itself. ``drift`` is the projection on the direction with hash ``direction`` that
    harmless answers reach as rarely. ``monitor`` is the hash of the monitor, ``binding`` what it reads;
    ``answers`` is the hash of the monitor that reads answers, where that is another one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal["eudaimon-guard"] = "eudaimon-guard"
    version: Literal[1] = 1
    binding: Binding
    monitor: str
    answers: str = ""
    input: float = Field(allow_inf_nan=False)
    whole: float = Field(allow_inf_nan=False)
    output: float = Field(allow_inf_nan=False)
    fpr: float = Field(gt=0, lt=1)
    n: int = Field(ge=1)
    bound: float
    """The rate that new exchanges of the same kind stay under with 95 % confidence."""
    whence: str
    hold_back: int = Field(default=HOLD_BACK, ge=0)
    drift: float | None = None
    direction: str = ""

    @property
    def promise(self) -> str:
        """The rate, on what it was set, and how sure it is."""
        return (
            f"at most {100 * self.fpr:.3g} % of harmless questions and of harmless answers are flagged, set "
            f"on {self.n} exchanges ({self.whence}); with 95 % confidence under {100 * self.bound:.3g} %"
        )

    def require(self, monitor: Monitor, answers: Monitor | None = None) -> None:
        """Nothing for the monitors that it was made with; raises `UsageError` for others or another model."""
        self.binding.require(monitor.model.binding, "calibration")
        own = monitor_hash(answers) if answers is not None else ""
        for made, given in ((self.monitor, monitor_hash(monitor)), (self.answers, own)):
            if made != given:
                raise UsageError(
                    f"this calibration was made with {_named(made)}, not with {_named(given)}",
                    right="one of the monitors that are served",
                    do=DO,
                )

    def save(self, path: str | Path) -> Path:
        """Write it to ``path``, atomically."""
        return write_text(path, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """The calibration in a file; raises `UsageError` for anything else."""
        try:
            return cls.model_validate_json(Path(path).read_bytes())
        except FileNotFoundError as error:
            raise UsageError(f"{path} is missing", right="a file of thresholds", do=DO) from error
        except (OSError, ValidationError) as error:
            raise UsageError(f"{path} holds no calibration of a guard", do=DO) from error


def _named(digest: str) -> str:
    return f"monitor {digest}" if digest else "no monitor of answers"
