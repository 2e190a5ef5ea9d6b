"""Over real sockets: clients that leave, stall or flood, answerers that hang; the server serves on."""

from __future__ import annotations

import socket
import threading

import httpx
import openai
import pytest
from bare_wire import CHAT, asking, everything, head, request, wire
from pretended import SECRET

from eudaimon.serve.http import Limits, Settings


def alive(url: str) -> None:
    """The server serves on: at once, or, where its limits are fractions of a second, at some try."""
    for _ in range(100):
        try:
            answer = httpx.post(f"{url}{CHAT}", json=asking("still here"), timeout=180)
        except httpx.HTTPError:
            continue
        if answer.status_code == 200:
            assert answer.json()["choices"][0]["message"]["content"] == "still here "
            return
    raise AssertionError("it serves no more")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", ["endless", "hang"])
def test_a_client_that_leaves_frees_its_place(served, until, stream, how):
    url, answerer, _ = served(Settings(limits=Limits(heartbeat_seconds=0.05)))
    with wire(url) as sock:
        sock.sendall(request(asking(how, stream=stream)))
        until(lambda: answerer.running == 1)
        if stream:
            assert sock.recv(100).startswith(b"HTTP/1.1 200")
    until(lambda: answerer.running == 0)
    assert answerer.cancelled
    alive(url)


def test_a_client_that_leaves_moderation_is_given_up(served, until):
    url, answerer, server = served()
    with wire(url) as sock:
        sock.sendall(request({"input": "hang"}, "/v1/moderations"))
        until(lambda: answerer.moderated)
    until(lambda: "client gone" in server._serving.metrics.page().decode())
    alive(url)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", ["endless", "hang"])
def test_a_late_answer_is_504_and_frees_its_place(served, until, stream, how):
    url, answerer, _ = served(Settings(limits=Limits(request_seconds=0.3)))
    answer = httpx.post(f"{url}{CHAT}", json=asking(how, stream=stream), timeout=180)
    if stream and how == "endless":  # some of it is on its way: the status was sent
        assert '"code": "timeout"' in answer.text and "[DONE]" not in answer.text
    else:
        assert answer.status_code == 504 and answer.json()["error"]["code"] == "timeout"
    until(lambda: answerer.running == 0)
    alive(url)


def test_an_answer_that_cannot_be_cancelled_is_let_go(served, until, monkeypatch):
    monkeypatch.setattr("eudaimon.serve.http.answer.LEAVING_SECONDS", 0.2)
    url, answerer, server = served(Settings(limits=Limits(request_seconds=0.2)))
    assert httpx.post(f"{url}{CHAT}", json=asking("stuck"), timeout=180).status_code == 504
    until(lambda: answerer.running == 0)
    assert 'kind="stuck"} 1.0' in server._serving.metrics.page().decode()
    alive(url)


def test_a_full_queue_is_429_with_a_time(served, until):
    url, answerer, _ = served(places=1)
    with wire(url) as sock:
        sock.sendall(request(asking("hang")))
        until(lambda: answerer.running == 1)
        full = httpx.post(f"{url}{CHAT}", json=asking("me too"), timeout=180)
        assert full.status_code == 429 and full.headers["retry-after"] == "3"
        assert full.json()["error"]["type"] == "rate_limit_error"
    until(lambda: answerer.running == 0)
    alive(url)


def test_too_many_unfinished_responses_are_429(served, until):
    url, answerer, _ = served(Settings(limits=Limits(open_requests=2)))
    with wire(url) as one, wire(url) as two:
        for sock in (one, two):
            sock.sendall(request(asking("hang")))
        until(lambda: answerer.running == 2)
        assert httpx.post(f"{url}{CHAT}", json=asking("fine"), timeout=180).status_code == 429
        assert httpx.get(f"{url}/healthz", timeout=180).status_code == 200
    until(lambda: answerer.running == 0)
    alive(url)


def test_a_large_body_is_refused_while_it_comes(served):
    url, answerer, _ = served(Settings(limits=Limits(body_bytes=10_000)))
    for start in (head(10**9), head()):
        with wire(url) as sock:
            sock.sendall(start)
            chunk = b" " * 1000
            with_size = chunk if b"Content-Length" in start else b"3e8\r\n" + chunk + b"\r\n"
            try:
                for _ in range(12):
                    sock.sendall(with_size)
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert everything(sock).startswith(b"HTTP/1.1 413")
    assert answerer.asked == []
    alive(url)


def test_slow_bodies_and_slow_headers_are_cut_off(served):
    url, answerer, _ = served(Settings(limits=Limits(body_seconds=0.3, header_seconds=0.3)))
    with wire(url) as slow:
        slow.sendall(head(1000) + b'{"messages"')
        assert everything(slow).startswith(b"HTTP/1.1 408")
    with wire(url) as slow:
        slow.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n")
        assert everything(slow) == b""
    with wire(url) as silent:
        assert everything(silent) == b""
    with wire(url) as second:
        second.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert second.recv(65536).startswith(b"HTTP/1.1 200")
        second.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert b"HTTP/1.1" not in everything(second)
    assert answerer.asked == []
    alive(url)


def test_a_client_that_does_not_read_holds_no_place_and_is_cut_off(served, until):
    limits = Limits(write_seconds=0.5, new_tokens=100_000, request_seconds=10_000)
    url, answerer, server = served(Settings(limits=limits))
    with wire(url, receive_buffer=4096) as sock:
        sock.sendall(request(asking("many", stream=True, max_tokens=60_000)))
        until(lambda: len(answerer.asked) == 1)
        until(lambda: answerer.running == 0)
        alive(url)
        until(lambda: not server.server_state.tasks)
        assert b"[DONE]" not in everything(sock)


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"X" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=lambda noise: str(noise[:20]),
)
def test_noise_on_the_wire_is_no_harm(served, noise):
    url, answerer, _ = served(Settings(limits=Limits(body_seconds=2, header_seconds=2)))
    with wire(url) as sock:
        try:
            sock.sendall(noise)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        assert not everything(sock).startswith(b"HTTP/1.1 2")
    assert answerer.asked == []
    alive(url)


@pytest.mark.parametrize(
    "words", ["one evil {}", "one raises {}", "one fails {}", "one breaks-off {}", "a bomb {}"]
)
@pytest.mark.parametrize("stream", [False, True])
def test_nothing_unchecked_is_on_the_wire(served, words, stream):
    url, _, _ = served()
    with wire(url) as sock:
        sock.sendall(
            request(asking(words.format(SECRET), stream=stream)).replace(
                b"Host: x", b"Host: x\r\nConnection: close"
            )
        )
        found = everything(sock)
    assert SECRET.encode() not in found and found.startswith((b"HTTP/1.1 200", b"HTTP/1.1 500"))
    if stream:
        assert (b"one" in found) == words.startswith("one")
    alive(url)


def test_stopping_finishes_what_runs_and_takes_nothing_new(served, until):
    url, answerer, server = served(Settings(limits=Limits(grace_seconds=30)))
    found = {}

    def long() -> None:
        found["answer"] = httpx.post(f"{url}{CHAT}", json=asking("waits-for-close after"), timeout=180)

    with httpx.Client(base_url=url, timeout=180) as kept, wire(url) as held:
        thread = threading.Thread(target=long)
        thread.start()
        held.sendall(request(asking("hang")))
        until(lambda: answerer.running == 2)
        assert kept.get("/readyz").status_code == 200
        server._loop.call_soon_threadsafe(server.stop)
        assert answerer.closed.wait(180)
        late = kept.get("/readyz")
        assert late.status_code == 503 and late.headers["connection"] == "close"
        assert httpx.post(f"{url}{CHAT}", json=asking("new"), timeout=180).status_code == 503
        thread.join(180)
    body = found["answer"].json()
    assert body["choices"][0]["message"]["content"] == "before waits-for-close after "


def test_what_does_not_end_in_the_grace_fails(served, until):
    url, answerer, server = served(Settings(limits=Limits(grace_seconds=0.2)))
    with wire(url) as chat, wire(url) as stream, wire(url) as moderation:
        chat.sendall(request(asking("hang")))
        stream.sendall(request(asking("hang", stream=True)))
        moderation.sendall(request({"input": "hang"}, "/v1/moderations"))
        until(lambda: answerer.running == 2 and answerer.moderated)
        server._loop.call_soon_threadsafe(server.stop)
        for sock in (chat, moderation, stream):
            told = everything(sock)
            assert told.startswith(b"HTTP/1.1 503") and b'"code":"stopping"' in told


def test_a_stream_that_has_begun_and_does_not_end_in_the_grace_fails(served, until):
    limits = Limits(grace_seconds=0.2, heartbeat_seconds=0.05)
    url, _, server = served(Settings(limits=limits))
    with wire(url) as stream:
        stream.sendall(request(asking("hang", stream=True)))
        assert stream.recv(100).startswith(b"HTTP/1.1 200")
        server._loop.call_soon_threadsafe(server.stop)
        told = everything(stream)
        assert b'"code": "stopping"' in told and b"[DONE]" not in told


def test_a_silent_stream_sends_comments_that_readers_pass_over(served, until):
    url, answerer, _ = served(Settings(limits=Limits(heartbeat_seconds=0.05, request_seconds=2)))
    with httpx.stream("POST", f"{url}{CHAT}", json=asking("hang", stream=True), timeout=180) as response:
        lines = [line for line in response.iter_lines() if line]
    assert lines.count(": nothing yet") >= 3 and '"code": "timeout"' in lines[-1]
    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
        pytest.raises(openai.APIError, match="no answer within"),
    ):
        list(client.chat.completions.create(model="pretended", stream=True, **asking("hang")))
    until(lambda: len(answerer.cancelled) >= 2)


def test_an_idle_connection_is_kept_longer_than_headers_may_take(served):
    url, _, _ = served(Settings(limits=Limits(header_seconds=1, idle_seconds=30)))
    with httpx.Client(base_url=url, timeout=180) as kept:
        port = kept.get("/healthz").extensions["network_stream"].get_extra_info("client_addr")
        threading.Event().wait(1.6)
        again = kept.get("/healthz").extensions["network_stream"].get_extra_info("client_addr")
    assert port == again, "the connection was cut between two requests"
