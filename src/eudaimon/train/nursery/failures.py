"""Failures that end a training run, told apart from bugs."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eudaimon.core import EudaimonError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SAID = ("No space left", "Disk quota exceeded", "File too large", "file write failed")


class LossNotFinite(EudaimonError):
    """The loss or the gradient became infinite or no number; says at which step."""


class DiskFull(EudaimonError):
    """There was no room for a file of the run; what is complete stays and the run can be resumed."""


@contextmanager
def disk_full_is_said(out: Path) -> Iterator[None]:
    """Turns a write that failed for want of room, by whichever library, into `DiskFull` about ``out``."""
    try:
        yield
    except Exception as error:
        # safetensors and torch.save wrap the system's error into their own.
        if getattr(error, "errno", None) not in FULL and not any(part in str(error) for part in SAID):
            raise
        raise DiskFull(
            f"the disk of {out} is full, or a file grew over the limit: {error}",
            right="what was complete before is kept; the run is not marked as done",
            do="free some room and give the same command again: it resumes",
        ) from error
