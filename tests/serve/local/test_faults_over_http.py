"""Faults of the real thing, over real sockets: a model of this machine, its monitor and its layers fail.

For each: nothing that was not checked is on the wire, the status or the finish says what happened, and the
next request is answered.
"""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import wraps

import httpx
import numpy as np
import pytest

from eudaimon.core import Site
from eudaimon.measure.conformal import Threshold
from eudaimon.monitor import Monitor
from eudaimon.serve.http import Limits as HttpLimits
from eudaimon.serve.http import Settings
from eudaimon.serve.layers import open_layers, validator_at
from eudaimon.serve.local import Limits

ASKED = "How do I buy the bread near the market?"
N_TOKENS = 24
WHOLE_BAND = (0.0, 0.9999)
FIRST = Site(1)


@dataclass
class Fragile:
    """A probe that finds nothing, and after ``left`` calls does ``how``: ``raise``, ``nan`` or ``hang``."""

    how: str = ""
    left: int = 0
    freed: threading.Event = field(default_factory=threading.Event)
    site: Site = FIRST
    pooling: str = "mean"
    threshold: float = 0.0

    def logits(self, activations):
        self.left -= 1
        if self.how and self.left < 0:
            if self.how == "raise":
                raise ValueError("secret words")
            if self.how == "hang":
                self.freed.wait(60)
            return np.full(len(activations), np.nan)
        return np.full(len(activations), -10.0)


@pytest.fixture
def fragile(model):
    """A monitor of tiny llama with a `Fragile` probe, and that probe."""
    probe = Fragile()
    yield Monitor(model(), (probe,), "stack", np.ones(1), 0.0, Threshold(0.5, 0.01, 99, 0.03)), probe
    probe.freed.set()


@dataclass(frozen=True)
class Said:
    """What one response brought: status, text, number of tokens, finish or code, moderation."""

    status: int
    text: str
    n_tokens: int
    end: str | None
    moderation: dict


def ask(url: str, stream: bool, **more) -> Said:
    body = {"messages": [{"role": "user", "content": ASKED}], "seed": 3, "max_tokens": N_TOKENS,
            "logprobs": True, "stream": stream, **more}  # fmt: skip
    response = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60)
    assert "secret" not in response.text
    if response.status_code != 200:
        return Said(response.status_code, "", 0, response.json()["error"]["code"], {})
    if not stream:
        (choice,) = response.json()["choices"]
        tokens = (choice["logprobs"] or {}).get("content") or []
        return Said(200, choice["message"]["content"], len(tokens), choice["finish_reason"],
                    response.json()["moderation"])  # fmt: skip
    events = [line.removeprefix("data: ") for line in response.text.split("\n") if line.startswith("data: ")]
    chunks = [json.loads(event) for event in events if event != "[DONE]"]
    assert ("[DONE]" in events) == ("error" not in chunks[-1])
    choices = [chunk["choices"][0] for chunk in chunks if chunk.get("choices")]
    tokens = [one for choice in choices for one in (choice["logprobs"] or {}).get("content") or []]
    end = chunks[-1]["error"]["code"] if "error" in chunks[-1] else choices[-1]["finish_reason"]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    return Said(200, text, len(tokens), end, chunks[-1].get("moderation", {}))


@pytest.fixture(scope="module")
def whole(model):
    """The answer of tiny llama, which nobody watches."""
    from eudaimon.core import as_conversation
    from eudaimon.models.generate import generate

    (answer,) = generate(
        model(),
        [as_conversation(ASKED)],
        max_new_tokens=N_TOKENS,
        temperature=1.0,
        seed=3,
        show_progress=False,
    )
    assert len(set(answer)) > 5, "text of which a part can be told from another"
    return answer


def goes_on(url: str, whole: str) -> None:
    for stream in (False, True):
        found = ask(url, stream)
        assert (found.status, found.text, found.end) == (200, whole, "length"), found.moderation


@pytest.mark.parametrize("how", ["raise", "nan", "hang"])
@pytest.mark.parametrize("passes", [0, 7])
def test_a_monitor_that_fails_lets_nothing_through(fragile, serve, over_http, whole, how, passes):
    monitor, probe = fragile
    answerer = serve(monitor, seconds=1.0 if how == "hang" else 60, hold_back=0)
    with over_http(answerer) as (url, _):
        goes_on(url, whole)
        for stream in (False, True):
            # A question of its own: what was read of the other one is remembered.
            more = {"messages": [{"role": "user", "content": f"{ASKED} {passes} {stream}"}]}
            probe.how, probe.left = how, passes
            found = ask(url, stream, **more)
            assert (found.status, found.end) == (200, "content_filter")
            side = found.moderation["output" if passes else "input"]
            assert (side["type"], side["code"], side["flagged"]) == ("error", "check_failed", True)
            # The first call was about what was asked; each other one about one token more.
            assert found.n_tokens <= max(passes - 1, 0) and (stream or not found.text)
            if passes and stream and how != "hang":
                assert found.text, "what had passed went out"
            probe.how = ""
            goes_on(url, whole)


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_raises_ends_its_batch_and_no_other_request(
    model, fragile, serve, over_http, whole, stream, monkeypatch
):
    monitor, _ = fragile
    module = type(model().module)
    forward, calls = module.forward, []

    @wraps(forward)  # its signature is looked at
    def failing(self, *args, **kwargs):
        calls.append(None)
        if len(calls) == 12:
            raise RuntimeError("secret words do not fit")
        return forward(self, *args, **kwargs)

    answerer = serve(monitor, limits=Limits(slots=3), hold_back=0)
    with over_http(answerer) as (url, server), ThreadPoolExecutor(9) as threads:
        goes_on(url, whole)
        monkeypatch.setattr(module, "forward", failing)
        found = list(threads.map(lambda _: ask(url, stream), range(9)))
        broken = [one for one in found if one.end == "internal_error"]
        assert 1 <= len(broken) <= 3, "those that were in the model together"
        assert all(one.status == (200 if one.text else 500) for one in broken)
        assert all(whole.startswith(one.text) and len(one.text) < len(whole) for one in broken)
        assert {(one.status, one.text, one.end) for one in found if one not in broken} == {
            (200, whole, "length")
        }
        assert b'failures_total{kind="answer"}' in server._serving.metrics.page()
        goes_on(url, whole)


def test_a_model_that_hangs_ends_the_server(model, fragile, serve, over_http, whole, monkeypatch):
    monitor, _ = fragile
    module, freed = type(model().module), threading.Event()
    forward, hung = module.forward, threading.Event()

    @wraps(forward)
    def hanging(self, *args, **kwargs):
        if armed.is_set():
            hung.set()
            freed.wait(60)
        return forward(self, *args, **kwargs)

    armed = threading.Event()
    monkeypatch.setattr(module, "forward", hanging)
    answerer = serve(monitor, hold_back=0)
    limits = HttpLimits(stuck_seconds=1.5, heartbeat_seconds=0.1)
    try:
        with over_http(answerer, Settings(limits=limits)) as (url, server):
            with ThreadPoolExecutor(4) as threads:
                goes_on(url, whole)
                assert httpx.get(f"{url}/healthz", timeout=60).status_code == 200
                armed.set()
                asked = [threads.submit(ask, url, stream) for stream in (False, True)]
                assert hung.wait(60)
                judged = threads.submit(
                    httpx.post, f"{url}/v1/moderations", json={"input": "a new text"}, timeout=60
                )
                for one in asked:
                    found = one.result(60)
                    assert found.end == "stuck" and not found.text
                assert judged.result(60).status_code == 503
                assert judged.result(60).json()["error"]["code"] == "stuck"
            until = time.monotonic() + 60
            while not server.should_exit:
                assert time.monotonic() < until
                time.sleep(0.01)
            assert server.stuck
    finally:
        freed.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ends_by_itself_is_stuck_too(fragile, serve, over_http, monkeypatch):
    monitor, _ = fragile
    answerer = serve(monitor)

    def broken(reason):
        raise SystemExit

    def step():
        raise ValueError

    with over_http(answerer, Settings(limits=HttpLimits(stuck_seconds=0.3))) as (url, server):
        assert answerer.step is None
        monkeypatch.setattr(answerer._engine, "fail", broken)
        monkeypatch.setattr(answerer._engine, "step", step)
        found = ask(url, False)
        assert (found.status, found.end) in ((503, "stuck"), (500, "internal_error"))
        until = time.monotonic() + 60
        while not server.stuck:
            assert time.monotonic() < until
            time.sleep(0.01)


def test_clients_that_leave_free_their_places(fragile, serve, over_http, whole):
    monitor, _ = fragile
    answerer = serve(monitor, limits=Limits(slots=2, waiting=64), hold_back=0)
    body = {"messages": [{"role": "user", "content": ASKED}], "max_tokens": 100, "ignore": 1, "stream": True}
    with over_http(answerer) as (url, _), ThreadPoolExecutor(8) as threads:

        def leave(reads: bool) -> None:
            with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=60) as response:
                if reads:
                    next(response.iter_lines())

        list(threads.map(leave, [True, False] * 12))
        until = time.monotonic() + 60
        while answerer.running or answerer.waiting:
            assert time.monotonic() < until, "a place is still taken"
            time.sleep(0.01)
        goes_on(url, whole)


FAILING = {
    "is down": lambda talk: talk.status(503),
    "breaks": lambda talk: talk.status(500),
    "makes no sense": lambda talk: talk.status(200, b'{"results": "secret"}'),
    "is slow": lambda talk: talk.stub.go_on.wait(),
}


async def finds_nothing(talk):
    results = [{"flagged": False} for _ in talk.body["input"]]
    await talk.status(200, json.dumps({"results": results}).encode())


@pytest.mark.parametrize("how", FAILING)
@pytest.mark.parametrize("answers", [0, 3])
def test_a_validator_that_fails_lets_nothing_uncertain_through(
    fragile, serve, over_http, stub, whole, how, answers
):
    """Every score lies in the band: whatever goes out was cleared by the validator."""
    monitor, _ = fragile
    cleared, left = [], [10_000]
    seconds = 1.5 if how == "is slow" else 60.0

    async def script(talk):
        left[0] -= 1
        if left[0] < 0:
            await FAILING[how](talk)
            return
        cleared.append(talk.body["input"][-1])
        await finds_nothing(talk)

    with stub.in_thread(script) as server:
        validator = validator_at(server.url, kind="moderations", timeout_seconds=seconds)
        layers = open_layers(WHOLE_BAND, validator=validator, timeout_seconds=seconds)
        answerer = serve(monitor, second=layers, hold_back=0)
        with over_http(answerer) as (url, _):
            goes_on(url, whole)
            for stream in (False, True):
                cleared.clear()
                left[0] = answers
                found = ask(url, stream)
                assert (found.status, found.end) == (200, "content_filter")
                side = found.moderation["output" if answers else "input"]
                assert (side["type"], side["flagged"]) == ("error", True)
                assert stream or not found.text
                assert any(text.startswith(found.text) for text in [*cleared, ""])
                assert len(found.text) < len(whole)
                left[0] = 10_000
                goes_on(url, whole)
