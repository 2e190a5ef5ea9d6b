"""A lock that dies with its holder: on one machine and, as far as a shared file system allows, on several."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eudaimon.core.errors import EudaimonError

BEAT_SECONDS = 20.0
STALE_SECONDS = 600.0
"""A holder on another machine that has not been heard of for so long is taken for dead."""

NOT_SUPPORTED = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: machine, process, when that process began, and since when it holds the lock."""

    host: str
    pid: int
    began: float
    since: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class Held(EudaimonError):
    """Somebody else holds the lock; ``holder`` says who, where it is known."""

    def __init__(self, path: Path, holder: Holder | None) -> None:
        self.holder = holder
        super().__init__(
            f"{path} is held by {holder or 'another process'}",
            right="one run of a study at a time",
            do="wait for it, or end it and run again: what it has finished is kept",
        )


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock at ``path``; waits for the holder, or raises `Held` without ``wait``.

    The kernel's lock goes with the process that has it, so nothing stale is left on one machine. Where it
    does not reach another machine, the file's content and its age do: a live holder renews it every 20
    seconds. The file stays, so that two processes can never hold two files of one name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _take(descriptor, path, wait=wait)
        os.pwrite(descriptor, json.dumps(vars(_myself())).encode().ljust(200), 0)
        stop = threading.Event()
        beat = threading.Thread(target=_beat, args=(descriptor, stop), daemon=True)
        beat.start()
        try:
            yield
        finally:
            stop.set()
            beat.join()
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder(path: Path) -> Holder | None:
    """Who holds the lock at ``path``; None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return _other(descriptor) if _try(descriptor) else _written(descriptor)
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, *, wait: bool) -> None:
    # Three tries without `wait`: somebody who only asks for the holder has the lock for a moment.
    tries = 0
    while not _try(descriptor) or _other(descriptor):
        tries += 1
        if not wait and tries == 3:
            raise Held(path, _written(descriptor))
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        time.sleep(0.2)


def _try(descriptor: int) -> bool:
    """Whether the kernel gives the lock, or has no locks here."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        return error.errno in NOT_SUPPORTED
    return True


def _other(descriptor: int) -> Holder | None:
    """A live holder that the kernel's lock does not know of: on another machine, or where it has none."""
    found = _written(descriptor)
    if found is None or found == _myself():
        return None
    if found.host == socket.gethostname():
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return found if _alive(found) else None
        return None
    return found if time.time() - os.fstat(descriptor).st_mtime < STALE_SECONDS else None


def _written(descriptor: int) -> Holder | None:
    try:
        found: Any = json.loads(os.pread(descriptor, 4096, 0) or b"null")
        return Holder(**found) if found else None
    except (ValueError, TypeError):  # cut off by a full disk or a fallen machine
        return None


def _myself() -> Holder:
    import psutil

    return Holder(socket.gethostname(), os.getpid(), psutil.Process().create_time(), time.time())


def _alive(found: Holder) -> bool:
    import psutil

    try:
        return bool(abs(psutil.Process(found.pid).create_time() - found.began) < 2)
    except psutil.Error:
        return False


def _beat(descriptor: int, stop: threading.Event) -> None:
    while not stop.wait(BEAT_SECONDS):
        with suppress(OSError):
            os.utime(descriptor)
