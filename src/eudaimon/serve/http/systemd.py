"""What systemd is told by the services that it starts with ``Type=notify``: ready, alive, stopping.

sd_notify(3) without its library: one datagram to the socket that is named in the environment.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket

from eudaimon.serve.http.logs import tell

SOCKET, MICROSECONDS, PROCESS = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"


def notify(state: str) -> bool:
    """Whether systemd was told a state, such as ``READY=1``; False where it does not listen."""
    address = os.environ.get(SOCKET, "")
    if address[:1] not in ("/", "@"):
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            # An @ stands for the zero byte of an abstract name.
            sock.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
    except OSError as error:
        tell("systemd was not told", logging.WARNING, state=state, error=type(error).__name__)
        return False
    return True


def watchdog_seconds() -> float | None:
    """Within which time systemd wants to hear that this process is alive; None where it does not."""
    if os.environ.get(PROCESS, str(os.getpid())) != str(os.getpid()):
        return None
    try:
        seconds = int(os.environ.get(MICROSECONDS, "")) / 1e6
    except ValueError:
        return None
    return seconds if seconds > 0 else None


async def keep_alive() -> None:
    """Tell systemd that this event loop turns, twice in the time that it allows; until cancelled."""
    seconds = watchdog_seconds()
    while seconds is not None and notify("WATCHDOG=1"):
        await asyncio.sleep(seconds / 2)
