"""The error tree. Every message says what was wrong, what would be right and what to type.

EudaimonError
├── UsageError (also ValueError)   the caller's mistake: the command line prints it and exits 2
│   ├── BadRows                    rows of a data file that cannot be read, with file and line
│   ├── BindingMismatch            an artifact meets another checkpoint, template or adapter stack
│   ├── NotEnoughCalibration       too few benign items for the stated false-positive rate
│   └── TextTooLong                a text over the stated limit
├── ModelUnavailable               a model cannot be had: missing, gated, offline, too large
├── DoesNotTransfer                a direction was carried over and does not hold there
├── AdapterError                   adapters are not in the state on record (`eudaimon.models.adapters.errors`)
└── JudgeUnavailable               an external judge does not answer
"""

from __future__ import annotations


class EudaimonError(Exception):
    """Base of all errors raised on purpose: ``what`` was wrong, what is ``right``, what to type (``do``)."""

    def __init__(self, what: str, *, right: str = "", do: str = "") -> None:
        self.what, self.right, self.do = what, right, do
        parts = [what.rstrip("."), right.rstrip("."), f"Try: {do}" if do else ""]
        super().__init__(". ".join(part for part in parts if part))


class UsageError(EudaimonError, ValueError):
    """The caller's mistake; nothing was changed and the call can be made again, corrected."""


class BadRows(UsageError):
    """Rows of a data file that cannot be read; names file and line."""


class BindingMismatch(UsageError):
    """An artifact was made for another checkpoint, tokenizer, template or adapter stack."""


class NotEnoughCalibration(UsageError):
    """Fewer benign calibration items than the stated false-positive rate needs; says how many are missing."""


class TextTooLong(UsageError):
    """A text exceeds the limit that the caller set or the method has."""


class ModelUnavailable(EudaimonError):
    """A model cannot be loaded: missing, gated, offline or too large for this machine."""


class DoesNotTransfer(EudaimonError):
    """A direction carried to another model does not separate that model's calibration split."""


class JudgeUnavailable(EudaimonError):
    """An external judge did not give a usable answer in time."""
