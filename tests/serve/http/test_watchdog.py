"""A model that never comes back: what is under way fails closed, and the process ends for another one."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import sqlite3
import threading

import httpx
import pytest
from bare_wire import CHAT, asking, everything, request, wire

from eudaimon.serve.http import Limits, Settings
from eudaimon.serve.http.running import STUCK_EXIT
from eudaimon.serve.http.watchdog import stuck


def waits_for(steps, seconds: float = 0.2, most: float = 1.0) -> bool:
    """Whether it is found stuck while ``steps`` are what is seen, one a look."""

    async def main():
        try:
            await asyncio.wait_for(stuck(lambda: next(steps), seconds), most)
        except TimeoutError:
            return False
        return True

    return asyncio.run(main())


def test_only_one_step_that_stays_is_a_stuck_one():
    assert waits_for(itertools.repeat(3))
    assert not waits_for(itertools.repeat(None)), "nothing to do"
    assert not waits_for(itertools.count()), "slow, and moving"
    assert not waits_for(itertools.cycle([3, 3, 3, None])), "over in time"
    assert waits_for(itertools.chain([1, 2, None, 4], itertools.repeat(5)))


def test_time_in_which_nobody_looked_does_not_count():
    looks = []

    async def main():
        task = asyncio.create_task(stuck(lambda: looks.append(None) or 3, 0.4))
        await asyncio.sleep(0.15)
        threading.Event().wait(0.6)  # as if the process had been stopped
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not task.done()
        await task

    asyncio.run(main())
    assert len(looks) >= 5


def test_health_and_readiness_say_so_and_nothing_new_is_taken(client, until):
    http = client(Settings(limits=Limits(stuck_seconds=0.2), tokens=("secret",)))
    known = {"Authorization": "Bearer secret"}
    assert http.get("/healthz").status_code == 200
    http.answerer.step = 7
    until(lambda: http.get("/healthz").status_code == 503)
    assert http.get("/healthz").json() == {"status": "stuck"}
    ready = http.get("/readyz", headers=known)
    assert (ready.status_code, ready.json()) == (503, {"status": "stuck"})
    for path, body in ((CHAT, asking("fine")), ("/v1/moderations", {"input": "fine"})):
        refused = http.post(path, json=body, headers=known)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "stuck")
        assert refused.headers["retry-after"] == "10"
    assert 'kind="model stuck"} 1.0' in http.get("/metrics", headers=known).text
    http.answerer.step = None
    assert http.get("/healthz").status_code == 503, "what it holds cannot be known any more"


def test_it_can_be_switched_off(client):
    http = client(Settings(limits=Limits(stuck_seconds=0)))
    http.answerer.step = 7
    threading.Event().wait(0.3)
    assert http.get("/healthz").status_code == 200


def test_what_is_under_way_fails_at_once(served, until):
    limits = Limits(stuck_seconds=0.2, heartbeat_seconds=0.05, grace_seconds=100)
    url, answerer, server = served(Settings(limits=limits))
    with wire(url) as chat, wire(url) as stream, wire(url) as moderation:
        chat.sendall(request(asking("stuck")))
        stream.sendall(request(asking("stuck", stream=True)))
        moderation.sendall(request({"input": "hang"}, "/v1/moderations"))
        until(lambda: answerer.running == 2 and answerer.moderated)
        assert stream.recv(100).startswith(b"HTTP/1.1 200")
        answerer.step = 7
        for sock in (chat, moderation):
            told = everything(sock)
            assert told.startswith(b"HTTP/1.1 503") and b'"code":"stuck"' in told
        told = everything(stream)
        assert b'"code": "stuck"' in told and b"[DONE]" not in told
    until(lambda: server.should_exit)
    assert server.stuck and not answerer.closed.is_set(), "nobody waits for a thread that hangs"


CHILD = """
import sys, threading
sys.path.append(sys.argv[1])
from pretended import Pretended
from eudaimon.serve.http import Audit, Limits, Settings, serve
from eudaimon.serve.http.logs import log_to
log_to(sys.stderr)
answerer, held = Pretended(), threading.Event()
# A thread that nobody can end, as that of a model in a forward that hangs.
threading.Thread(target=held.wait).start()
answerer.ask_before = answerer.ask
def ask(asked):
    answerer.step = 7 if "stuck" in asked.text[-1].content else None
    return answerer.ask_before(asked)
answerer.ask = ask
serve(answerer, Settings(limits=Limits(stuck_seconds=0.3)), Audit(sys.argv[2], required=True), port=0,
      listening=lambda host, port: print(f"http://{host}:{port}", flush=True))
print("never", flush=True)
"""


def test_the_process_ends_with_a_status_of_its_own(child, tmp_path):
    process, url = child(CHILD)
    assert httpx.post(f"{url}{CHAT}", json=asking("one two"), timeout=180).status_code == 200
    with pytest.raises(httpx.HTTPStatusError) as told:
        httpx.post(f"{url}{CHAT}", json=asking("stuck"), timeout=180).raise_for_status()
    assert told.value.response.status_code == 503
    assert process.wait(60) == STUCK_EXIT == 75
    assert process.stdout.read() == ""
    log = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    (line,) = [line for line in log if line["level"] == "critical"]
    assert line["event"].startswith("the model is stuck") and line["running"] == 1
    with sqlite3.connect(tmp_path / "audit.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM verdicts").fetchone() == (2,)
    with socket.socket() as sock, pytest.raises(ConnectionRefusedError):
        sock.connect(("127.0.0.1", int(url.rpartition(":")[2])))
