"""What is below a folder, and that nothing else can be named."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.dashboard import find


def test_every_kind_is_found_once(runs):
    found = find(runs.folder)
    assert Counter(one.kind for one in found.found) == {
        "study": 4, "arm": 2, "directions": 2, "audit": 1, "card": 1, "evaluation": 1, "monitor": 1,
        "scores": 1,
    }  # fmt: skip
    assert not found.cut
    for one in found.found:
        assert one.path == runs.folder.resolve() / one.name
        assert found.named(one.name, one.kind) is one


def test_models_and_adapters_are_found_and_not_looked_into(tiny, lora, tmp_path):
    (tmp_path / "base").symlink_to(tiny("llama"))
    import shutil

    shutil.copytree(tiny("llama"), tmp_path / "model")
    shutil.copytree(lora("persona", 1), tmp_path / "adapter")
    shutil.copytree(lora("persona", 1), tmp_path / "adapter" / "checkpoints" / "step-1")
    found = find(tmp_path)
    assert [(one.kind, one.name) for one in found.found] == [("adapter", "adapter"), ("model", "model")]


def test_links_are_not_followed(runs, tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "study.json").write_text('{"study": "secret"}')
    (inside / "way-out").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    (inside / "monitor.safetensors").symlink_to(runs.folder / "monitor.safetensors")
    (inside / "study.json").symlink_to(outside / "study.json")
    assert find(inside).found == ()


@pytest.mark.parametrize(
    "name", ["../outside", "..", "/etc", ".", "", "quickstart/", "./quickstart", "quickstart\0"]
)
def test_a_name_is_no_path(runs, name):
    found = find(runs.folder)
    assert found.named("quickstart", "study") is not None
    assert found.named(name, "study") is None
    assert found.named(None, "study") is None


@given(st.binary(max_size=200))
def test_any_bytes_in_a_known_name_are_passed_over(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any")
    names = ("manifest.json", "evaluation.json", "x.safetensors", "x.gguf")
    for name in names:
        (folder / name).write_bytes(content)
    found = find(folder).found
    kinds = {one.kind for one in found}
    assert ("directions" in kinds) == content.startswith(b"GGUF")
    # A file that speaks of a conclusion is shown, and reading it says what is wrong with it.
    assert ("evaluation" in kinds) == (b'"conclusion"' in content)
    assert kinds <= {"directions", "evaluation"}


def test_a_header_that_promises_a_huge_note_is_not_read(tmp_path):
    (tmp_path / "x.safetensors").write_bytes((1 << 60).to_bytes(8, "little") + b"{}")
    assert find(tmp_path).found == ()


def test_too_many_folders_are_told(tmp_path):
    for k in range(6):
        (tmp_path / f"run{k}").mkdir()
        (tmp_path / f"run{k}" / "study.json").write_text(json.dumps({"study": "x"}))
    some, every = find(tmp_path, most=4), find(tmp_path)
    assert some.cut and len(some.found) == 3
    assert not every.cut and len(every.found) == 6
    assert not find(tmp_path, most=7).cut


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_passed_over(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    assert find(tmp_path).found == ()


def test_no_folder_is_a_mistake(tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        find(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="no folder"):
        find(tmp_path / "file")


def test_hidden_folders_are_passed_over(tmp_path):
    Path(tmp_path / ".half-written").mkdir()
    (tmp_path / ".half-written" / "study.json").write_text('{"study": "x"}')
    assert find(tmp_path).found == ()
