"""What systemd hears of a server that it started: a datagram socket stands for it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import httpx
import pytest

from eudaimon.serve.http.systemd import keep_alive, notify, watchdog_seconds


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """The socket at which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        monkeypatch.delenv("WATCHDOG_USEC", raising=False)
        yield sock


def test_a_server_says_that_it_is_ready_alive_and_ending(systemd, child, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    process, url = child()
    assert systemd.recv(100) == b"READY=1"
    assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    assert httpx.get(f"{url}/healthz", timeout=60).status_code == 200
    process.send_signal(signal.SIGTERM)
    heard = b""
    while heard != b"STOPPING=1":
        heard = systemd.recv(100)
        assert heard in (b"WATCHDOG=1", b"STOPPING=1")
    assert process.wait(60) == 0


def test_an_event_loop_that_stands_still_is_not_alive(systemd, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "100000")

    async def main():
        alive = asyncio.create_task(keep_alive())
        await asyncio.sleep(0.2)
        systemd.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                systemd.recv(100)
        signal.sigtimedwait([], 0.5)  # the whole process waits
        with pytest.raises(BlockingIOError):
            systemd.recv(100)
        alive.cancel()

    asyncio.run(main())


def test_elsewhere_nobody_is_told(monkeypatch, tmp_path):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify("READY=1")
    for nowhere in ("relative", str(tmp_path / "missing")):
        monkeypatch.setenv("NOTIFY_SOCKET", nowhere)
        assert not notify("READY=1")
    asyncio.run(keep_alive())


@pytest.mark.parametrize(
    ("microseconds", "process", "seconds"),
    [
        ("60000000", None, 60.0), ("60000000", "ours", 60.0), ("60000000", "1", None),
        ("", None, None), ("0", None, None), ("soon", None, None),
    ],
)  # fmt: skip
def test_how_often_it_wants_to_hear(monkeypatch, microseconds, process, seconds):
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    if process is not None:
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if process == "ours" else process)
    assert watchdog_seconds() == seconds


def test_an_abstract_name_is_told_too(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        name = f"eudaimon-{os.getpid()}"
        sock.bind(f"\0{name}")
        sock.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        assert notify("READY=1") and sock.recv(100) == b"READY=1"
