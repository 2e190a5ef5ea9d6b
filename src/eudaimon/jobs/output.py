"""All that a piece of work prints, in its log; and its errors in one line."""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from eudaimon.core.errors import EudaimonError

FULL = os.strerror(errno.ENOSPC)


def tell(error: BaseException) -> str:
    """An error in one line; a full disk is said as such, whichever library noticed it."""
    if place := _full_disk(error):
        return f"the disk is full ({place}). Free some space and run again: what is finished is kept"
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, EudaimonError) else f"{type(error).__name__}: {text}"


def _full_disk(error: BaseException | None) -> str:
    """The file, or the words, with which a full disk or quota was met; empty when it was not."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return str(error.filename or os.strerror(error.errno))
        if FULL in str(error):  # safetensors, tokenizers and arrow raise errors of their own
            return " ".join(str(error).split())
        error = error.__cause__ or error.__context__
    return ""


@contextmanager
def output_to(path: Path) -> Iterator[None]:
    """Append what this process and its children print and log to a file; dropped when the disk is full."""
    kept = os.dup(1), os.dup(2)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(min(level, logging.INFO))
    try:
        with suppress(OSError):
            print(time.strftime("--- %Y-%m-%d %H:%M:%S"), f"process {os.getpid()}", flush=True)
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        for stream, number, original in ((sys.stdout, 1, kept[0]), (sys.stderr, 2, kept[1])):
            with suppress(OSError):
                stream.flush()
            os.dup2(original, number)
            os.close(original)
