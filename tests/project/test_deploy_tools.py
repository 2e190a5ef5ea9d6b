"""The files that a user copies, read by the tools that they are for, where these are installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from types import SimpleNamespace

import pytest
import yaml

MOST_EXPOSED = 20
"""Tenths of `systemd-analyze security`, 0 to 100; the unit stood at 14 with systemd 252."""


@pytest.fixture(scope="module")
def deploy(root):
    """The folder of the files."""
    return root / "deploy"


def tool(name):
    """Where a tool is; skips the test where it is not installed."""
    return shutil.which(name) or pytest.skip(f"{name} is not installed")


def ran(*words, standard_input=None):
    """What a command says, which must succeed."""
    done = subprocess.run(
        [str(word) for word in words], input=standard_input, text=True, capture_output=True, timeout=120
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def test_prometheus_takes_the_configuration(deploy, tmp_path):
    promtool = tool("promtool")
    token = tmp_path / "token"
    token.write_text("a-token-of-the-guard", encoding="utf-8")
    text = (deploy / "prometheus.yml").read_text(encoding="utf-8")
    assert "/etc/prometheus/eudaimon-token" in text
    config = tmp_path / "prometheus.yml"
    config.write_text(text.replace("/etc/prometheus/eudaimon-token", str(token)), encoding="utf-8")
    shutil.copy(deploy / "alerts.yml", tmp_path)
    assert "rules found" in ran(promtool, "check", "config", config)


def test_each_alert_fires_where_it_must_and_nowhere_else(root, deploy):
    promtool = tool("promtool")
    ran(promtool, "test", "rules", root / "tests" / "project" / "prometheus" / "alerts_test.yml")


def test_each_alert_has_a_case_in_which_it_fires(root, deploy):
    rules = yaml.safe_load((deploy / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    named = {rule["alert"] for group in rules for rule in group["rules"]}
    cases = root / "tests" / "project" / "prometheus" / "alerts_test.yml"
    tests = yaml.safe_load(cases.read_text(encoding="utf-8"))["tests"]
    asked = [each for test in tests for each in test["alert_rule_test"]]
    assert {each["alertname"] for each in asked if each["exp_alerts"]} == named
    assert {each["alertname"] for each in asked if not each["exp_alerts"]} == named


def test_prometheus_finds_no_fault_with_the_metrics():
    promtool = tool("promtool")
    from eudaimon.serve.asked import Decided, Ended
    from eudaimon.serve.http.metrics import Metrics

    metrics = Metrics(SimpleNamespace(waiting=0, running=0, fails_open=False))
    decided = Decided(True, 0.9, 0.5, "monitor", "violence", {"violence": 0.9}, {"monitor": 0.01}, 4)
    metrics.decided("input", decided)
    metrics.ended(Ended("content_filter", decided, decided, n_leaked=3, flagged_at=2), released=True)
    metrics.requests.labels("/v1/models", "200").inc()
    metrics.request_seconds.labels("/v1/models").observe(0.1)
    assert ran(promtool, "check", "metrics", standard_input=metrics.page().decode()).strip() == ""


def test_systemd_takes_the_unit(deploy, tmp_path):
    analyze = tool("systemd-analyze")
    text = (deploy / "eudaimon.service").read_text(encoding="utf-8")
    assert "ExecStart=/srv/eudaimon/bin/eudaimon serve" in text
    # Verifying asks for a program that is there.
    unit = tmp_path / "eudaimon.service"
    unit.write_text(text.replace("/srv/eudaimon/bin/eudaimon", "/bin/true"), encoding="utf-8")
    assert ran(analyze, "verify", unit).strip() == ""
    ran(analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", unit)


def test_kubernetes_takes_the_manifest(deploy):
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    text = (deploy / "kubernetes.yaml").read_text(encoding="utf-8")
    values = list(yaml.safe_load_all(text))
    for value in values:
        kubernetes_validate.validate(value, kubernetes_validate.latest_version(), strict=True)
    values[0]["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(values[0], kubernetes_validate.latest_version(), strict=True)


def test_what_the_tools_skip_is_parsed_all_the_same(root):
    """Each file of the folder is read by the tests beside this one."""
    parsed = (root / "tests" / "project" / "test_deploy.py").read_text(encoding="utf-8")
    names = {path.stem for path in (root / "deploy").iterdir()}
    assert not {name for name in names if not re.search(re.escape(name), parsed)}
