"""Steps of a study by what they are: told apart, found again, and whatever their definitions hold."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.files import write_json
from eudaimon.dashboard import find, safe
from eudaimon.dashboard.labels import labels_of

RAW, OTHER = "ArmTokens-arm=raw-0123456789abcdef", "ArmTokens-arm=drop-fedcba9876543210"
MODEL, LORA = "Pretrain-steps=350-aaaaaaaaaaaa1111", "NarrowLora-long-bbbbbbbbbbbb2222"
DEFINITIONS = {
    RAW: {"fields": {"arm": "raw", "labels": "oracle", "arm_seed": 0}},
    OTHER: {"fields": {"arm": "drop", "labels": "filter:0.8", "arm_seed": 2}},
    MODEL: {"fields": {"tokens": {"$step": RAW}, "recipe": {"init_seed": 0}}},
    LORA: {"fields": {"model": {"$step": MODEL}, "answers": "harmful", "frozen": [{"$step": LORA}]}},
}


def study(folder, definitions):
    write_json(folder / "study.json", {"study": "x", "options": {}})
    write_json(folder / "definitions.json", definitions)
    for key in (RAW, OTHER):
        write_json(folder / "steps" / key / "arm.json", {})
    (folder / "steps" / LORA / "adapter").mkdir(parents=True)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (folder / "steps" / LORA / "adapter" / name).write_text("{}")
    return find(folder.parent)


def test_a_step_is_called_by_what_it_is_and_was_made_from(tmp_path):
    labels = labels_of(study(tmp_path / "run", DEFINITIONS))
    assert labels == {
        f"run/steps/{RAW}": "arm raw · ArmTokens · run · abcdef",
        f"run/steps/{OTHER}": "arm drop, labels filter:0.8, arm seed 2 · ArmTokens · run · 543210",
        f"run/steps/{LORA}/adapter": "arm raw, answers harmful · NarrowLora · run · bb2222",
    }


def test_what_is_not_defined_is_called_by_its_name(tmp_path):
    assert labels_of(study(tmp_path / "run", {})) == {}
    (tmp_path / "run" / "definitions.json").write_text("{")
    assert labels_of(find(tmp_path)) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$step", "fields", "arm", LORA]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)  # each example writes a folder
@given(st.dictionaries(st.sampled_from([RAW, LORA, MODEL]), JSON, max_size=3))
def test_any_definitions_give_labels_or_none(tmp_path_factory, definitions):
    found = study(tmp_path_factory.mktemp("any") / "run", json.loads(json.dumps(definitions)))
    assert set(labels_of(found)) <= {one.name for one in found.found}


@given(st.text(max_size=300))
def test_a_long_name_keeps_both_ends(text):
    shown = safe.place(text)
    whole = safe.place(text, 10_000)
    assert len(shown) <= 90 and shown[:40] == whole[:40] and shown[-40:] == whole[-40:]
