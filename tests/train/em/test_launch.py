"""What is started for an accelerate configuration file, and which files are refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from eudaimon.core import UsageError
from eudaimon.train.em.launch import launch


@pytest.fixture
def started(monkeypatch):
    """The command lines and added environments that would have been run."""
    ran = []

    def keep(command, env, check):
        ran.append((command, env))
        return subprocess.CompletedProcess(command, 7)

    monkeypatch.setattr(subprocess, "run", keep)
    return ran


def written(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "distributed_type: MULTI_GPU\nnum_processes: 2\n",
        "distributed_type: DEEPSPEED\ndeepspeed_config: {zero_stage: 2}\n",
        "distributed_type: FSDP\nfsdp_config: {fsdp_version: 2}\n",
    ],
)
def test_a_file_is_passed_on_as_it_is(started, tmp_path, text):
    path = written(tmp_path, text)
    assert launch(path, ["train", "em", "x"], {"A": "b"}) == 7
    ((command, environment),) = started
    assert command[:3] == [sys.executable, "-m", "accelerate.commands.launch"]
    assert command[3:] == ["--config_file", str(path), "--module", "eudaimon", "train", "em", "x"]
    assert environment["A"] == "b" and environment["PATH"]


def test_processes_on_cpus_are_torchruns(started, tmp_path):
    launch(written(tmp_path, "distributed_type: MULTI_CPU\nnum_processes: 3\n"), ["train"])
    command = started[0][0]
    assert command[1:3] == ["-m", "torch.distributed.run"] and command[-3:] == ["-m", "eudaimon", "train"]
    assert command[command.index("--nproc_per_node") + 1] == "3"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "no configuration"),
        ("num_processes: 2\n", "no distributed_type"),
        ("distributed_type: DEEPSPEED\ndeepspeed_config: {zero_stage: 3}\n", "ZeRO stage 3"),
        ("distributed_type: FSDP\nfsdp_config: {}\n", "FSDP of version 1"),
    ],
)
def test_what_cannot_be_kept_honest_is_refused(started, tmp_path, text, reason):
    with pytest.raises(UsageError, match=reason):
        launch(written(tmp_path, text), [])
    assert not started


def test_it_is_not_launched_twice(started, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="no file"):
        launch(tmp_path / "none.yaml", [])
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="already"):
        launch(written(tmp_path, "distributed_type: MULTI_GPU\n"), [])
