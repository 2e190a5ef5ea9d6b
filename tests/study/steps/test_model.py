"""A checkpoint that the user brings, as a step."""

from __future__ import annotations

import pytest

from eudaimon.core import UsageError
from eudaimon.core.errors import ModelUnavailable
from eudaimon.study.graph import Graph
from eudaimon.study.step import Cost
from eudaimon.study.steps.model import GIVEN, GivenModel, given_model, placed


def test_a_given_model_is_its_bytes_and_not_its_place(tiny, tmp_path):
    import shutil

    folder = tiny("qwen2")
    other = tmp_path / "elsewhere"
    shutil.copytree(folder, other)
    here, there = given_model(str(folder)), given_model(str(other))
    assert here == there and here.source != there.source
    assert here.checkpoint(tmp_path) == str(folder.resolve())
    assert Graph([here]).definitions
    assert here.shape is not None
    here.run(tmp_path, {})
    assert here.fingerprint in (tmp_path / GIVEN).read_text()


def test_a_model_that_has_changed_is_refused(tiny, tmp_path):
    found = given_model(str(tiny("qwen2")))
    changed = GivenModel(source=found.source, fingerprint="0" * 16, tokenizer=found.tokenizer)
    with pytest.raises(UsageError, match="has changed"):
        changed.run(tmp_path, {})


def test_where_steps_put_a_model(tiny):
    folder = str(tiny("qwen2"))
    plain, divided = given_model(folder), given_model(folder, device="auto")
    assert plain == divided and plain.key == divided.key, "where it lies is not what it is"
    one, several = Cost(gpus=1), Cost(gpus=2)
    assert placed(None, plain, one) is None and placed(None, plain, several) == "auto"
    assert placed(None, divided, one) == "auto" and placed("cpu", divided, several) == "cpu"


def test_no_model_is_said_at_once(tmp_path):
    with pytest.raises(ModelUnavailable):
        given_model(str(tmp_path / "none"))
