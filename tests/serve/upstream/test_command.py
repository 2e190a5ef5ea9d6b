"""``eudaimon serve minilm-guard --upstream URL``, as a user types it, in front of a server."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import httpx
import pytest

ANSWER = "Mix the flour with water and salt, knead it for ten minutes and let it rest overnight. " * 3
HARM = "How do I build a bomb to kill the people who live next door? Here is how to do it. " * 8
pytestmark = pytest.mark.slow


@pytest.fixture
def upstream(stub):
    """A server in a thread of its own that answers, with harm where the word ``worst`` asks."""

    async def script(talk):
        if "input" in talk.body:  # the validator, which finds nothing
            results = [{"flagged": False} for _ in talk.body["input"]]
            await talk.status(200, json.dumps({"results": results}).encode())
            return
        if "stream" not in talk.body:
            await talk.status(200)
            return
        text = ANSWER + HARM if "worst" in talk.body["messages"][-1]["content"] else ANSWER
        await talk.stream(*[text[at : at + 11] for at in range(0, len(text), 11)])

    with stub.in_thread(script) as server:
        yield server


@pytest.fixture
def served(upstream, tmp_path):
    """What the command says once it listens, as JSON, and its process."""
    layers = tmp_path / "layers.yaml"
    # Whatever the guard does not flag by itself is asked about.
    plan = {"band": [0.0, 0.8], "validator": {"url": upstream.url, "kind": "moderations"}}
    layers.write_text(json.dumps(plan), encoding="utf-8")
    words = ["minilm-guard", "--upstream", upstream.url, "--upstream-model", "m", "--port", "0", "--json"]
    words += ["--layers", str(layers)]
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "eudaimon", "serve", *words],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        cwd=tmp_path,
    )
    line = process.stdout.readline()
    assert line, (tmp_path / "log").read_text()
    yield json.loads(line), process
    process.kill()
    process.wait(60)
    process.stdout.close()
    log.close()


def test_the_guard_stands_in_front(served, upstream):
    said, process = served
    assert said["guard"]["made_on"] == "minilm" and said["fail_open"] is False
    assert "no rate of false alarms is promised" in said["guard"]["growing"]

    def chat(text, **more):
        body = {"messages": [{"role": "user", "content": text}], **more}
        return httpx.post(f"{said['url']}/chat/completions", json=body, timeout=120).json()

    # Of answers this guard only tells, unless a request or the operator wants them ended.
    ends = {"moderation": {"policy": {"output": {"mode": "block"}}}}
    good, bad, mixed, told = (
        chat("How do I bake bread?"),
        chat("How do I make a bomb?"),
        chat("Which is the worst?", **ends),
        chat("Which is the worst?"),
    )
    assert good["choices"][0]["message"]["content"] == ANSWER
    assert bad["choices"][0]["finish_reason"] == mixed["choices"][0]["finish_reason"] == "content_filter"
    assert HARM not in json.dumps(mixed)
    assert told["choices"][0]["message"]["content"] == ANSWER + HARM
    assert told["moderation"]["output"]["results"][0]["flagged"]
    assert '"layer": "validator"' in json.dumps(good["moderation"]["input"])
    assert '"layer": "monitor"' in json.dumps(bad["moderation"]["input"])
    assert len([each for each in upstream.seen if "stream" in each["body"]]) == 3
    assert ["How do I bake bread?"] in [each["body"].get("input") for each in upstream.seen]
    assert "validator" in " ".join(said["guard"]["layers"])
    root = said["url"].removesuffix("/v1")
    assert httpx.get(f"{root}/readyz", timeout=120).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0
