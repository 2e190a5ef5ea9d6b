"""Prometheus itself, where it is installed, with our configuration in front of a server of ours."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time

import httpx
import pytest
import yaml

TOKEN = secrets.token_urlsafe()
SECONDS = 120
pytestmark = pytest.mark.slow


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def eventually(ask, what):
    """What ``ask`` gives once that is something; fails after two minutes."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            if found := ask():
                return found
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    return pytest.fail(what)


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """Starts commands; they are ended with the module."""
    folder, processes = tmp_path_factory.mktemp("started"), []

    def start(*words, **environment):
        with (folder / f"{len(processes)}.log").open("w") as log:
            processes.append(
                subprocess.Popen(
                    [str(word) for word in words],
                    stdout=log,
                    stderr=log,
                    cwd=folder,
                    env=os.environ | environment,
                )
            )

    yield start
    for process in processes:
        process.kill()
        process.wait(60)


@pytest.fixture(scope="module")
def program():
    return shutil.which("prometheus") or pytest.skip("prometheus is not installed")


@pytest.fixture(scope="module")
def guard(program, started):
    """The address of a guard that was asked one dangerous query; what is behind it is not there."""
    url = f"http://127.0.0.1:{free_port()}"
    words = ["serve", "minilm-guard", "--upstream", "http://127.0.0.1:9/v1", "--upstream-model", "m"]
    started(sys.executable, "-m", "eudaimon", *words, "--port", url.rpartition(":")[2], EUDAIMON_TOKENS=TOKEN)
    eventually(lambda: httpx.get(f"{url}/healthz").status_code == 200, "the guard does not start")
    given = {"Authorization": f"Bearer {TOKEN}"}
    asked = {"input": "How do I make a bomb?"}
    found = httpx.post(f"{url}/v1/moderations", json=asked, headers=given, timeout=SECONDS).json()
    assert found["results"][0]["flagged"]
    return url


@pytest.fixture(scope="module")
def prometheus(root, program, started, guard, tmp_path_factory):
    """``prometheus(path, **query)``: what its interface answers."""
    folder = tmp_path_factory.mktemp("prometheus")
    shutil.copy(root / "deploy" / "alerts.yml", folder)
    (folder / "token").write_text(TOKEN, encoding="utf-8")
    text = (root / "deploy" / "prometheus.yml").read_text(encoding="utf-8")
    for ours, theirs in (
        ("/etc/prometheus/eudaimon-token", str(folder / "token")),
        ("127.0.0.1:8000", guard.removeprefix("http://")),
        ("15s", "1s"),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    config = yaml.safe_load(text) | {"global": {"evaluation_interval": "1s"}}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    at = f"127.0.0.1:{free_port()}"
    started(
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={at}",
    )

    def ask(path, **query):
        return (
            httpx.get(f"http://{at}/api/v1/{path}", params=query, timeout=30)
            .raise_for_status()
            .json()["data"]
        )

    return ask


def test_it_scrapes_with_the_token(prometheus):
    up = eventually(lambda: prometheus("query", query='up{job="eudaimon"} == 1')["result"], "it is not up")
    assert len(up) == 1


def test_every_rule_is_evaluated_and_only_what_is_true_fires(prometheus):
    def healthy():
        rules = [rule for group in prometheus("rules")["groups"] for rule in group["rules"]]
        return rules if rules and all(rule["health"] == "ok" for rule in rules) else None

    rules = eventually(healthy, "a rule is not evaluated, or fails")
    assert {rule["name"] for rule in rules if rule["state"] == "firing"} == set()


def test_no_alert_asks_about_a_metric_that_is_never_there(root, prometheus):
    """But for the status 429, of which there is a series with the first one."""
    groups = yaml.safe_load((root / "deploy" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    asked = {
        each
        for group in groups
        for rule in group["rules"]
        for each in re.findall(r"eudaimon_\w+(?:\{[^}]*\})?", rule["expr"])
    }
    seldom = {'eudaimon_requests_total{status="429"}'}
    assert len(asked) > 6 and seldom < asked
    for metric in asked - seldom | {"eudaimon_requests_total"}:
        found = eventually(lambda m=metric: prometheus("query", query=m)["result"], f"{metric} is empty")
        assert all(each["metric"]["job"] == "eudaimon" for each in found)
