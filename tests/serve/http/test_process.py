"""A server in a process of its own: signals, and kill -9 with requests under way."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import threading

import httpx
import pytest

CHAT = "/v1/chat/completions"


def asking(text: str, **more):
    return {"messages": [{"role": "user", "content": text}]} | more


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_runs_end(child, tmp_path, number):
    process, url = child()
    with httpx.stream(
        "POST", f"{url}{CHAT}", json=asking("waits-for-close after", stream=True), timeout=180
    ) as response:
        lines = response.iter_lines()
        while "before" not in next(lines):
            pass
        process.send_signal(number)
        rest = list(lines)
    assert "after" in "".join(rest) and rest[-2] == "data: [DONE]"
    assert process.stdout.readline() == "ended\n" and process.wait(180) == 0
    log = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["finish"] for line in log if line["event"] == "answered"] == ["stop"]
    assert not any("uvicorn" in line["event"].lower() for line in log)


def test_a_second_signal_ends_at_once(child):
    process, url = child()
    found = []

    def ask() -> None:
        try:
            with httpx.stream(
                "POST", f"{url}{CHAT}", json=asking("endless", stream=True), timeout=180
            ) as response:
                for line in response.iter_lines():
                    found.append(line)
        except httpx.HTTPError as error:
            found.append(type(error).__name__)

    thread = threading.Thread(target=ask)
    thread.start()
    while len(found) < 5:
        threading.Event().wait(0.01)
    process.send_signal(signal.SIGTERM)
    while httpx.get(f"{url}/readyz", timeout=180).status_code != 503:
        threading.Event().wait(0.01)
    process.send_signal(signal.SIGTERM)
    process.wait(180)
    thread.join(180)
    assert not any("[DONE]" in line for line in found)


def test_kill_9_under_load_keeps_what_was_answered(child, tmp_path):
    process, url = child()
    answered, stop = [], threading.Event()

    def ask() -> None:
        with httpx.Client(timeout=180) as client:
            while not stop.is_set():
                try:
                    response = client.post(f"{url}{CHAT}", json=asking("one two three"))
                except httpx.HTTPError:
                    return
                answered.append(response.headers["x-request-id"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(answered) < 40:
        threading.Event().wait(0.01)
    process.kill()
    stop.set()
    for thread in threads:
        thread.join(180)
    with sqlite3.connect(tmp_path / "audit.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = database.execute("SELECT request, count(*) FROM verdicts GROUP BY request").fetchall()
    assert set(answered) <= {request for request, _ in rows} and {n for _, n in rows} == {2}
    _, again = child()
    assert httpx.post(f"{again}{CHAT}", json=asking("fine"), timeout=180).status_code == 200


def test_an_address_that_is_taken_is_a_mistake_of_the_caller():
    from pretended import Pretended

    from eudaimon.core import UsageError
    from eudaimon.serve.http import serve

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answerer = Pretended()
        with pytest.raises(UsageError, match="cannot be listened on"):
            serve(answerer, port=taken.getsockname()[1])
        assert answerer.closed.is_set()
