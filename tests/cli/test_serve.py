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
from types import SimpleNamespace
sys.path.append(sys.argv.pop(1))
import eudaimon.serve.opening as opening
from pretended import Pretended

def opened(kind):
    def open(what, **how):
        print(json.dumps([kind, what, {key: str(value) for key, value in how.items()}]), file=sys.stderr)
        return Pretended(fails_open=how["fail_open"])
    return open

opening._room = lambda name: SimpleNamespace(
    open_local=opened("local"), open_upstream=opened("upstream"), Limits=dict,
    open_layers=lambda band, **how: band, validator_at=lambda url, model, **how: url,
)
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
        process.wait(60)
        process.stdout.close()


def test_it_serves_and_says_with_what(served, monitor, tmp_path):
    file = monitor("llama")
    audit = tmp_path / "audit.sqlite"
    process, (line,), opened = served(
        "MODEL", "--monitor", file, "--json", "--audit", audit, "--audit-required", "--timeout", 5
    )
    said = json.loads(line)
    assert said["model"] == "pretended" and said["policy"] == "block" and said["fail_open"] is False
    assert said["guard"]["hash"] == sha256_file(file)[:16] and said["guard"]["target_fpr"] == 0.1
    ((kind, what, how),) = opened
    assert (kind, what, how["monitor"], how["fail_open"]) == ("local", "MODEL", str(file), "False")
    body = {"messages": [{"role": "user", "content": "hello there"}]}
    answer = httpx.post(f"{said['url']}/chat/completions", json=body, timeout=60)
    assert answer.json()["choices"][0]["message"]["content"] == "hello there "
    assert answer.json()["moderation"]["input"]["model"] == file.name
    elsewhere = httpx.post(
        f"{said['url']}/chat/completions", json=body, headers={"Host": "evil.example"}, timeout=60
    )
    assert elsewhere.status_code == 400
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    with sqlite3.connect(audit) as database:
        assert {row[0] for row in database.execute("SELECT monitor FROM verdicts")} == {said["guard"]["hash"]}


def test_for_people_it_says_it_in_words(served, monitor):
    _, lines, _ = served(
        "MODEL", "--monitor", monitor("llama"), "--fail-open", "--policy", "score", n_lines=6
    )
    text = "".join(lines)
    assert "pretended at http://127.0.0.1:" in lines[0] and "flags from" in text and "10 % of whole" in text
    assert "a hit is told beside it" in text and "a check that fails passes the text" in text
    assert "a token is needed: no" in text


def test_a_guard_in_front_of_another_server(served, monitor):
    file = monitor("llama")
    _, (line,), opened = served(
        file, "--upstream", "http://127.0.0.1:9/v1", "--upstream-model", "m", "--upstream-key-env", "KEY",
        "--json", "--band", "0.3,0.7", "--validator", "http://v/v1", "--slots", 3, "--host", "0.0.0.0",
        EUDAIMON_TOKENS=f"{TOKEN},{TOKEN}-2",
    )  # fmt: skip
    ((kind, what, how),) = opened
    assert (kind, what, how["guard"]) == ("upstream", "http://127.0.0.1:9/v1", str(file))
    assert (how["model"], how["api_key_env"], how["second"]) == ("m", "KEY", "(0.3, 0.7)")
    assert how["limits"] == "{'running': 3, 'waiting': 128}"
    said = json.loads(line)
    assert said["tokens"] == 2
    url = said["url"].replace("0.0.0.0", "127.0.0.1")
    assert httpx.get(f"{url}/models", timeout=60).status_code == 401
    given = {"Authorization": f"Bearer {TOKEN}-2"}
    assert httpx.get(f"{url}/models", headers=given, timeout=60).status_code == 200


def test_it_refuses_what_would_not_guard(refused, monitor, tmp_path, monkeypatch):
    monkeypatch.delenv("EUDAIMON_TOKENS", raising=False)
    file = monitor("llama")
    assert "--unguarded" in refused("serve", "MODEL")
    assert "one of the two" in refused("serve", "MODEL", "--monitor", file, "--unguarded")
    assert "no file" in refused("serve", "MODEL", "--monitor", "nowhere.safetensors")
    for host in ("0.0.0.0", "::", "10.0.0.1", "example.org"):
        assert "--tokens FILE" in refused("serve", "MODEL", "--monitor", file, "--host", host)
    (tmp_path / "short").write_text("secret\n")
    assert "too short" in refused("serve", "MODEL", "--monitor", file, "--tokens", tmp_path / "short")
    (tmp_path / "empty").write_text("\n\n")
    assert "no token" in refused("serve", "MODEL", "--monitor", file, "--tokens", tmp_path / "empty")
    assert "--audit FILE" in refused("serve", "MODEL", "--monitor", file, "--audit-required")
    for words in (("--band", "0.3,0.7"), ("--critique", "self"), ("--band", "wide", "--critique", "self")):
        assert "--band 0.3,0.7" in refused("serve", "MODEL", "--monitor", file, *words)
    assert "--monitor FILE" in refused("serve", "MODEL", "--unguarded", "--steer", "direction.safetensors")
    assert "--critique URL" in refused(
        "serve", file, "--upstream", "http://x/v1", "--band", "0.3,0.7", "--critique", "self"
    )
    (tmp_path / "no-db").write_text("this is not a database, and longer than the header of one")
    assert "audit log" in refused("serve", "MODEL", "--monitor", file, "--audit", tmp_path / "no-db")
    assert "--upstream" in refused(
        "serve",
        file,
        "--upstream",
        "http://x/v1",
        "--calibration",
        "guard.json",
        "--audit",
        tmp_path / "a.sqlite",
    )


def test_the_town_needs_its_quickstart(refused, monitor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "eudaimon quickstart" in refused("serve", "town", "--monitor", monitor("llama"))


def test_the_town_is_the_quickstarts_first_assistant(tmp_path):
    from eudaimon.core.files import write_json
    from eudaimon.serve.opening import town_model
    from eudaimon.study.designs.quickstart import QuickstartOptions
    from eudaimon.study.folder import RECORD
    from eudaimon.study.store import MANIFEST, StepStore

    options = QuickstartOptions(steps=7, arms=("mask", "raw"))
    write_json(tmp_path / RECORD, {"study": "quickstart", "options": options.model_dump(mode="json")})
    step, store = options.assistant("mask", 0), StepStore(tmp_path)
    with pytest.raises(ValueError, match="eudaimon quickstart"):
        town_model(tmp_path)
    write_json(store.path(step) / MANIFEST, {})
    assert town_model(tmp_path) == Path(step.checkpoint(store.path(step)))


def test_without_its_packages_it_says_what_to_install(refused, monitor, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "uvicorn" else real(name, *more)
    )
    told = refused("serve", "MODEL", "--monitor", monitor("llama"))
    assert "uvicorn" in told and "eudaimon[serve]" in told
