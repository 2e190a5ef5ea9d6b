"""Subjects are values: equal by what acts, whatever it is called and wherever it lies."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import Site, UsageError
from eudaimon.models import Intervention, load
from eudaimon.models.adapters import Adapter, Subject, read_origin


def unit(width=32, seed=0):
    vector = np.random.default_rng(seed).normal(size=width)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def test_the_door_is_light():
    code = "import sys, eudaimon.models.adapters as a; dir(a); print({'torch', 'peft'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_hash_is_of_what_acts_and_not_of_paths(tiny, persona, em, tmp_path):
    here = Subject(tiny("llama"), (persona, em))
    for folder, source in (("base", tiny("llama")), ("a", persona.folder), ("b", em.folder)):
        shutil.copytree(source, tmp_path / folder)
    there = Subject(str(tmp_path / "base"), (Adapter("x", tmp_path / "a"), Adapter("y", tmp_path / "b")))
    assert (here, hash(here), here.hash) == (there, hash(there), there.hash)
    u = unit()
    others = [
        Subject(tiny("llama")),
        Subject(tiny("qwen2"), (persona, em)),
        Subject(tiny("llama"), (persona,)),
        Subject(tiny("llama"), (em, persona)),
        Subject(tiny("llama"), (persona.weighted(2.0), em)),
        Subject(tiny("llama"), (persona, em), (Intervention("add", Site(1), u, 1.0),)),
        Subject(tiny("llama"), (persona, em), (Intervention("add", Site(1), u, 2.0),)),
        Subject(tiny("llama"), (persona, em), (Intervention("add", Site(1), unit(seed=1), 1.0),)),
        Subject(tiny("llama"), (persona, em), (Intervention("ablate", Site(1), u),)),
        Subject(tiny("llama"), (persona, em), (Intervention("add", Site(1), u, 1.0, "last"),)),
    ]
    assert len({here, *others}) == len(others) + 1


@settings(max_examples=20, deadline=None)
@given(weight=st.floats(0, 10), strength=st.floats(-9, 9), seed=st.integers(0, 99), last=st.booleans())
def test_round_trip_through_json(tiny, persona, weight, strength, seed, last):
    change = Intervention("add", Site(2, "mlp"), unit(seed=seed), strength, "last" if last else "all")
    subject = Subject(tiny("llama"), (persona.weighted(weight),), (change,))
    back = Subject.from_json(json.loads(json.dumps(subject.to_json())))
    assert back == subject and back.adapters == subject.adapters
    np.testing.assert_array_equal(back.interventions[0].vector, change.vector)


def test_a_record_that_was_edited_is_refused(tiny, persona):
    record = Subject(tiny("llama"), (persona,)).to_json()
    record["adapters"][0]["weight"] = 2.0
    with pytest.raises(UsageError, match="is not the one that was written"):
        Subject.from_json(record)


def test_a_subject_reads_files_only_where_it_must(tiny, persona):
    record = Subject(tiny("llama"), (persona,)).to_json()
    record["checkpoint"], record["adapters"][0]["folder"] = "/nowhere", "/nowhere/either"
    assert Subject.from_json(record) == Subject(tiny("llama"), (persona,))


def test_another_chat_template_is_another_subject(tiny, tmp_path):
    shutil.copytree(tiny("llama"), tmp_path / "base")
    template = tmp_path / "base" / "chat_template.jinja"
    template.write_text("{% for message in messages %}{{ message['content'] }}{% endfor %}")
    assert Subject(tmp_path / "base") != Subject(tiny("llama"))


def test_an_adapter_and_its_copy_are_one(persona, tmp_path):
    shutil.copytree(persona.folder, tmp_path / "copy")
    config = json.loads((tmp_path / "copy" / "adapter_config.json").read_text())
    assert config["target_modules"] == sorted(config["target_modules"])
    config["target_modules"].reverse()
    (tmp_path / "copy" / "adapter_config.json").write_text(
        json.dumps(config | {"base_model_name_or_path": "elsewhere", "peft_version": "0.99", "new": None})
    )
    assert Adapter("persona", tmp_path / "copy") == persona
    (tmp_path / "copy" / "adapter_config.json").write_text(json.dumps(config | {"lora_alpha": 9}))
    assert Adapter("persona", tmp_path / "copy") != persona


def test_one_changed_bit_is_another_adapter(persona, tmp_path):
    shutil.copytree(persona.folder, tmp_path / "copy")
    path = tmp_path / "copy" / "adapter_model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert Adapter("persona", tmp_path / "copy") != persona


def test_origin_names_base_seed_and_stack(tiny, persona, em):
    origin = read_origin(em.folder)
    assert origin is not None
    assert origin.base == load(tiny("llama")).checkpoint.fingerprint
    assert (origin.stack, origin.init_seed) == ((persona.fingerprint,), 2)


def test_identity_has_the_weight_where_it_is_not_one(persona):
    assert persona.identity == persona.fingerprint
    assert persona.weighted(0.1).identity == f"{persona.fingerprint}*0.1"


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_weights_are_finite_and_not_negative(persona, weight):
    with pytest.raises(UsageError, match="has weight"):
        persona.weighted(weight)


def test_bad_names_and_folders(persona, tmp_path):
    with pytest.raises(UsageError, match="no name"):
        Adapter("a.b", persona.folder)
    with pytest.raises(UsageError, match="has no adapter_config"):
        Adapter("a", tmp_path)
    with pytest.raises(UsageError, match="twice"):
        Subject("nowhere", (persona, persona))
    with pytest.raises(UsageError, match=r"weight=2\.0"):
        Subject("nowhere", (persona, Adapter("again", persona.folder)))


@pytest.mark.parametrize(
    "odd",
    [
        {"use_dora": True},
        {"bias": "all"},
        {"modules_to_save": ["lm_head"]},
        {"init_lora_weights": "pissa"},
        {"peft_type": "IA3"},
        {"trainable_token_indices": [1]},
    ],
)
def test_what_is_no_plain_lora_cannot_be_stacked(persona, tmp_path, odd):
    shutil.copytree(persona.folder, tmp_path / "odd")
    path = tmp_path / "odd" / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | odd))
    with pytest.raises(UsageError, match="not a plain LoRA"):
        Adapter("odd", tmp_path / "odd")


def test_broken_files_are_told_by_name(persona, tmp_path):
    shutil.copytree(persona.folder, tmp_path / "broken")
    (tmp_path / "broken" / "adapter_model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0not json at all!")
    with pytest.raises(UsageError, match="not a whole safetensors file"):
        Adapter("broken", tmp_path / "broken")
    (tmp_path / "broken" / "adapter_config.json").write_text("{")
    with pytest.raises(UsageError, match=r"adapter_config\.json is no JSON object"):
        Adapter("broken", tmp_path / "broken")
