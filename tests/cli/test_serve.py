"""``eudaimon serve``: what it refuses, what it says, and that it serves; who answers is pretended."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from eudaimon.core.files import sha256_file

TOKEN = "a-token-of-some-length"
CHILD = """
import json, sys
from dataclasses import asdict
sys.path.append(sys.argv.pop(1))
import eudaimon.serve.opening as opening
from pretended import Pretended

def opened(wanted):
    print(json.dumps([asdict(wanted)], default=str), file=sys.stderr)
    return Pretended(fails_open=wanted.fail_open)

opening.open_answerer = opened
from eudaimon.cli import main
main()
"""


@pytest.fixture
def served(tmp_path):
    """``served(*words)``: a process of the command line, what it printed first, what was opened."""
    started = []

    def start(*words, n_lines: int = 1, **environment):
        here = Path(__file__).parents[1] / "serve" / "http"
        log = tmp_path / f"log-{len(started)}"
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(here), "serve", *map(str, words), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=log.open("wb"),
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        )
        started.append(process)
        lines = [process.stdout.readline() for _ in range(n_lines)]
        assert lines[-1], log.read_text()
        return process, lines, [json.loads(line) for line in log.read_text().splitlines() if line[0] == "["]

    yield start
    for process in started:
        process.kill()
        process.wait(180)
        process.stdout.close()


def test_it_serves_and_says_with_what(served, monitor, tmp_path):
    file = monitor("llama")
    audit = tmp_path / "audit.sqlite"
    process, (line,), opened = served(
        "MODEL", "--monitor", file, "--json", "--audit", audit, "--audit-required", "--timeout", 5
    )
    said = json.loads(line)
    assert (
        said["model"] == "pretended"
        and said["policy"] == {"input": "block", "output": "block"}
        and said["fail_open"] is False
    )
    assert said["guard"]["hash"] == sha256_file(file)[:16] and said["guard"]["target_fpr"] == 0.1
    ((wanted,),) = opened
    assert (wanted["model"], wanted["monitor"], wanted["fail_open"]) == ("MODEL", str(file), False)
    body = {"messages": [{"role": "user", "content": "hello there"}]}
    answer = httpx.post(f"{said['url']}/chat/completions", json=body, timeout=180)
    assert answer.json()["choices"][0]["message"]["content"] == "hello there "
    assert answer.json()["moderation"]["input"]["model"] == file.name
    elsewhere = httpx.post(
        f"{said['url']}/chat/completions", json=body, headers={"Host": "evil.example"}, timeout=180
    )
    assert elsewhere.status_code == 400
    process.send_signal(signal.SIGTERM)
    assert process.wait(180) == 0
    with sqlite3.connect(audit) as database:
        assert {row[0] for row in database.execute("SELECT monitor FROM verdicts")} == {said["guard"]["hash"]}


def test_for_people_it_says_it_in_words(served, monitor):
    _, lines, _ = served(
        "MODEL", "--monitor", monitor("llama"), "--fail-open", "--policy", "score", n_lines=8
    )
    text = "".join(lines)
    assert "pretended at http://127.0.0.1:" in lines[0] and "flags from" in text and "10 % of whole" in text
    assert "no calibration was given" in text and "layers: monitor\n" in text
    assert "a hit is told beside it" in text and "a check that fails passes the text" in text
    assert "a token is needed: no" in text


def test_a_guard_in_front_of_another_server(served, monitor, tmp_path):
    file, plan = monitor("llama"), tmp_path / "layers.yaml"
    plan.write_text("band: [0.3, 0.7]\nvalidator: {url: http://v/v1, kind: moderations}\n")
    _, (line,), opened = served(
        file, "--upstream", "http://127.0.0.1:9/v1", "--upstream-model", "m", "--upstream-key-env", "KEY",
        "--json", "--slots", 3, "--layers", plan, "--host", "0.0.0.0",
        EUDAIMON_TOKENS=f"{TOKEN},{TOKEN}-2",
    )  # fmt: skip
    ((wanted,),) = opened
    assert (wanted["upstream"], wanted["model"], wanted["monitor"]) == (
        "http://127.0.0.1:9/v1",
        str(file),
        None,
    )
    assert (wanted["upstream_model"], wanted["upstream_key_env"], wanted["slots"]) == ("m", "KEY", 3)
    said = json.loads(line)
    assert said["tokens"] == 2 and said["guard"]["layers"][1:] == [
        "validator http://v/v1 of scores in [0.3, 0.7)"
    ]
    url = said["url"].replace("0.0.0.0", "127.0.0.1")
    assert httpx.get(f"{url}/models", timeout=180).status_code == 401
    given = {"Authorization": f"Bearer {TOKEN}-2"}
    assert httpx.get(f"{url}/models", headers=given, timeout=180).status_code == 200


@pytest.mark.parametrize("policy", ["", "block", "score"])
def test_a_packaged_guard_ends_no_answer_by_chance_unless_told_to(served, policy):
    words = ("--policy", policy) if policy else ()
    _, (line,), _ = served(
        "minilm-guard", "--upstream", "http://127.0.0.1:9/v1", "--upstream-model", "m", "--json", *words
    )
    said = json.loads(line)
    means = {"input": policy or "block", "output": policy or "score"}
    assert said["policy"] == means
    (model,) = httpx.get(f"{said['url']}/models", timeout=180).json()["data"]
    assert model["guard"]["policy"] == means
    measured = model["guard"]["measured"]
    assert measured["input"]["low"] > 0.5 > measured["output"]["low"] and measured["output"]["n"] == 227
    assert [one["side"] for one in said["guard"]["measured"]] == ["input", "output"]


def test_it_says_on_which_side_a_guard_may_as_well_be_chance(served):
    _, lines, _ = served(
        "minilm-guard", "--upstream", "http://127.0.0.1:9/v1", "--upstream-model", "m", n_lines=7
    )
    text = "".join(lines)
    assert "answers: never shown to be better than chance, AUROC 0.514 [0.434, 0.597], n = 227" in text
    assert "a hit on a query ends the answer, one on an answer is told beside it" in text


def test_it_refuses_what_would_not_guard(refused, monitor, tmp_path, monkeypatch):
    monkeypatch.delenv("EUDAIMON_TOKENS", raising=False)
    file = monitor("llama")
    assert "--unguarded" in refused("serve", "MODEL")
    assert "eudaimon serve minilm-guard --upstream http" in refused("serve", "minilm-guard")
    closed = refused("serve", "minilm-guard", "--upstream", "http://127.0.0.1:9/v1")
    assert "cannot be reached" in closed and "start it first" in closed
    assert "one of the two" in refused("serve", "MODEL", "--monitor", file, "--unguarded")
    assert "there is no monitor nowhere" in refused("serve", "MODEL", "--monitor", "nowhere.safetensors")
    for host in ("0.0.0.0", "::", "10.0.0.1", "example.org"):
        assert "--tokens FILE" in refused("serve", "MODEL", "--monitor", file, "--host", host)
    (tmp_path / "short").write_text("secret\n")
    assert "too short" in refused("serve", "MODEL", "--monitor", file, "--tokens", tmp_path / "short")
    (tmp_path / "empty").write_text("\n\n")
    assert "no token" in refused("serve", "MODEL", "--monitor", file, "--tokens", tmp_path / "empty")
    assert "--audit FILE" in refused("serve", "MODEL", "--monitor", file, "--audit-required")
    assert "band" in refused("serve", "MODEL", "--monitor", file, "--layers", tmp_path / "short")
    assert "--monitor FILE" in refused("serve", "MODEL", "--unguarded", "--steer", "direction.safetensors")
    (tmp_path / "no-db").write_text("this is not a database, and longer than the header of one")
    assert "audit log" in refused("serve", "MODEL", "--monitor", file, "--audit", tmp_path / "no-db")
    assert "--upstream URL" in refused("serve", "MODEL", "--monitor", file, "--side-by-side")
    assert "there is no file none.yaml" in refused(
        "serve", "MODEL", "--monitor", file, "--layers", "none.yaml"
    )
    assert "--calibration" in refused(
        "serve", file, "--upstream", "http://x/v1", "--upstream-model", "m", "--calibration", "guard.json"
    )


def test_the_town_needs_its_quickstart(refused, monitor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "eudaimon quickstart" in refused("serve", "town", "--monitor", monitor("llama"))


def test_the_town_is_the_quickstarts_first_assistant(tmp_path):
    from eudaimon.core.files import write_json
    from eudaimon.serve.town import town_assistant
    from eudaimon.study.designs.quickstart import QuickstartOptions
    from eudaimon.study.folder import RECORD
    from eudaimon.study.store import MANIFEST, StepStore

    options = QuickstartOptions(steps=7, arms=("mask", "raw"))
    write_json(tmp_path / RECORD, {"study": "quickstart", "options": options.model_dump(mode="json")})
    step, store = options.assistant("mask", 0), StepStore(tmp_path)
    with pytest.raises(ValueError, match="eudaimon quickstart"):
        town_assistant(tmp_path)
    write_json(store.path(step) / MANIFEST, {})
    found = town_assistant(tmp_path)
    assert found.model == Path(step.checkpoint(store.path(step))) and found.world == options.world


def test_without_its_packages_it_says_what_to_install(refused, monitor, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "uvicorn" else real(name, *more)
    )
    told = refused("serve", "MODEL", "--monitor", monitor("llama"))
    assert "uvicorn" in told and "eudaimon[serve]" in told


@pytest.mark.slow
def test_a_model_of_this_machine_answers_and_is_read_on_its_way(tiny, monitor):
    """The whole program: OpenAI's client, HTTP, the engine, a tiny model, its monitor."""
    import openai

    words = (
        sys.executable, "-m", "eudaimon", "serve", tiny("llama"), "--monitor", monitor("llama"),
        "--policy", "score", "--port", "0", "--json",
    )  # fmt: skip
    with subprocess.Popen(
        [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            said = json.loads(process.stdout.readline())
            with openai.OpenAI(base_url=said["url"], api_key="none", max_retries=0) as client:
                asked = [{"role": "user", "content": "Where can I buy fresh bread?"}]
                whole = client.chat.completions.create(
                    model=said["model"], messages=asked, max_tokens=8, seed=1
                )
                chunks = list(
                    client.chat.completions.create(
                        model=said["model"], messages=asked, max_tokens=8, seed=1, stream=True
                    )
                )
            assert whole.usage.completion_tokens <= 8 and whole.usage.prompt_tokens > 0
            assert (
                "".join(c.choices[0].delta.content or "" for c in chunks) == whole.choices[0].message.content
            )
            (found,) = whole.moderation.input.results
            assert 0 <= found.model_extra["score"] <= 1 and found.model_extra["n_tokens"] > 0
            assert found.model_extra["threshold"] == pytest.approx(said["guard"]["threshold"])
            assert whole.moderation.output.type == "moderation_results"
            ready = httpx.get(said["url"].replace("/v1", "/readyz"), timeout=180)
            assert ready.status_code == 200
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(180) == 0


def test_it_can_be_ended_while_it_loads(tmp_path):
    """As the first process of a container it would not be told otherwise: it has no handler by default."""
    code = """
import time
import eudaimon.serve.opening as opening

def opened(wanted):
    print("loading", flush=True)
    time.sleep(600)

opening.open_answerer = opened
from eudaimon.cli import main
main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "MODEL", "--unguarded"], stdout=subprocess.PIPE, cwd=tmp_path
    )
    try:
        assert process.stdout.readline() == b"loading\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(60)
        process.stdout.close()
