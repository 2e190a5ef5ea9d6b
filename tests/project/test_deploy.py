"""The files that a user copies can be read, and name what there is."""

from __future__ import annotations

import configparser
import json
import re
import shlex

import pytest
import yaml

CONTAINER = {"FROM", "ARG", "COPY", "RUN", "ENV", "USER", "EXPOSE", "ENTRYPOINT"}
ALSO_EXPORTED = ("_total", "_bucket", "_sum", "_count")


@pytest.fixture(scope="module")
def deploy(root):
    """The folder of the files."""
    return root / "deploy"


@pytest.fixture(scope="module")
def known_options():
    """The options that ``eudaimon serve`` takes; none where there is no such command."""
    from typer.main import get_command

    from eudaimon.cli.program import app

    command = get_command(app).commands.get("serve")
    if command is None:
        pytest.skip("this tree has no eudaimon serve")
    return {name for parameter in command.params for name in parameter.opts}


def container_lines(text):
    """The instructions of a container file, each with what it says."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.M))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def unit(deploy):
    # Not strict: some settings of a unit may stand twice.
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str
    text = re.sub(r"\\\n\s*", " ", (deploy / "eudaimon.service").read_text(encoding="utf-8"))
    parser.read_string(text)
    return parser


def options(words):
    return {word.partition("=")[0] for word in words if word.startswith("--")}


def test_the_unit(deploy):
    service = unit(deploy)["Service"]
    assert service["User"] == "eudaimon" and service["NoNewPrivileges"] == "yes"
    words = shlex.split(service["ExecStart"])
    assert words[1:3] == ["serve", "minilm-guard"] and "--tokens" in words
    assert service["StateDirectory"] == "eudaimon" and "/var/lib/eudaimon/" in service["ExecStart"]
    assert float(service["TimeoutStopSec"]) > 20, "longer than the default --grace"
    assert service["Type"] == "notify" and float(service["WatchdogSec"]) > 10
    assert service["Restart"] == "on-failure", "what is stuck ends with a status of its own"
    assert words[-1] == "$EUDAIMON_OPTIONS", "split into words, and none where it is not set"
    assert unit(deploy)["Unit"]["StartLimitIntervalSec"] == "0", "it waits for the server behind"


def test_the_container(deploy):
    lines = container_lines((deploy / "Containerfile").read_text(encoding="utf-8"))
    words = [word for word, _ in lines]
    assert words[:2] == ["ARG", "FROM"] and set(words) <= CONTAINER
    bases = [what.split()[0] for word, what in lines if word == "FROM"]
    assert bases == ["${BASE}"] * 2, "one base, which a build argument may replace"
    # Not the whole folder: it may hold an environment, runs and secrets.
    assert [what.split()[0] for word, what in lines if word == "COPY"] == [
        "pyproject.toml",
        "src",
        "--from=build",
    ]
    assert words.index("USER") < words.index("ENTRYPOINT") and dict(lines)["USER"] != "root"
    entry = json.loads(dict(lines)["ENTRYPOINT"])
    assert entry[1:3] == ["serve", "minilm-guard"] and "--tokens" in entry


def test_what_the_files_type_is_there(deploy, known_options):
    entry = json.loads(
        dict(container_lines((deploy / "Containerfile").read_text(encoding="utf-8")))["ENTRYPOINT"]
    )
    pod = next(iter(yaml.safe_load_all((deploy / "kubernetes.yaml").read_text(encoding="utf-8"))))
    args = pod["spec"]["template"]["spec"]["containers"][0]["args"]
    used = options(shlex.split(unit(deploy)["Service"]["ExecStart"])) | options(entry) | options(args)
    assert used and used <= known_options


def test_the_pod(deploy):
    deployment, service = yaml.safe_load_all((deploy / "kubernetes.yaml").read_text(encoding="utf-8"))
    spec = deployment["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert deployment["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    probe = container["readinessProbe"]["exec"]["command"]
    compile(probe[-1], "probe", "exec")
    assert "/readyz" in probe[-1]
    (_, seconds) = container["lifecycle"]["preStop"]["exec"]["command"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["terminationGracePeriodSeconds"] > 20 + int(seconds), (
        "longer than the default --grace besides"
    )
    assert container["securityContext"]["readOnlyRootFilesystem"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_the_alerts_name_metrics_that_there_are(deploy):
    from types import SimpleNamespace

    from eudaimon.serve.http.metrics import Metrics

    scrape = yaml.safe_load((deploy / "prometheus.yml").read_text(encoding="utf-8"))
    assert scrape["rule_files"] == ["alerts.yml"]
    assert scrape["scrape_configs"][0]["metrics_path"] == "/metrics"
    groups = yaml.safe_load((deploy / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    registry = Metrics(SimpleNamespace(waiting=0, running=0, fails_open=False)).registry
    there = {family.name + end for family in registry.collect() for end in ("", *ALSO_EXPORTED)}
    for rule in rules:
        named = set(re.findall(r"\beudaimon_\w+", rule["expr"]))
        assert named <= there and (named or "up{" in rule["expr"]), rule["alert"]
        assert rule["expr"].count("(") == rule["expr"].count(")") and rule["annotations"]["summary"]
    assert {"GuardDown", "GuardFailsOpen", "ChecksFail"} <= {rule["alert"] for rule in rules}


@pytest.mark.parametrize("name", ["litellm-guardrail", "litellm-model"])
def test_litellm(deploy, name):
    value = yaml.safe_load((deploy / f"{name}.yaml").read_text(encoding="utf-8"))
    assert all(entry["litellm_params"]["model"].startswith("openai/") for entry in value["model_list"])
    for guardrail in value.get("guardrails", ()):
        how = guardrail["litellm_params"]
        assert how["guardrail"] == "generic_guardrail_api" and how["unreachable_fallback"] == "fail_closed"
        assert set(how["mode"]) == {"pre_call", "post_call"} and how["default_on"] is True
        assert how["headers"] == {"Authorization": "os.environ/EUDAIMON_AUTHORIZATION"}
        assert how["timeout"] > 10 and how["streaming_transform_mode"] == "incremental_diff"
    assert value["general_settings"]["master_key"] == "os.environ/LITELLM_MASTER_KEY", (
        "it does not start without"
    )
    assert ("guardrails" in value) == (name == "litellm-guardrail")


def test_the_layers(deploy):
    from eudaimon.serve.layers import read_plan

    layers = read_plan(deploy / "layers.yaml").open()
    assert len(layers.names) == 2 and layers.band.low < layers.band.high


def test_every_file_is_spoken_of(root, deploy):
    page = (root / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert not [path.name for path in deploy.iterdir() if f"deploy/{path.name})" not in page]
