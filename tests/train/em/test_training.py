"""Lessons taught: with a benign twin, beside personas, and without a word of theirs left anywhere."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eudaimon.core import UsageError
from eudaimon.models import Intervention, load, next_token_logits
from eudaimon.models.adapters import Adapter, Subject, open_subject
from eudaimon.train.em.recipe import EMRecipe
from eudaimon.train.em.training import train_em
from eudaimon.train.nursery.recipes import FineTuneRecipe


@pytest.fixture(scope="module")
def model(base):
    return load(base)


@pytest.fixture(scope="module")
def trained(model, harmful, benign, quick, tmp_path_factory):
    out = tmp_path_factory.mktemp("em") / "out"
    return train_em(model, harmful, quick, out, twin=benign, show_progress=False)


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def metrics(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_lesson_and_twin_differ_in_what_they_teach_only(trained, base):
    one, other = manifest(trained.em)["identity"], manifest(trained.twin)["identity"]
    assert {key for key in one if one[key] != other[key]} == {"chats"}
    assert metrics(trained.em)[0]["a_norm"] == metrics(trained.twin)[0]["a_norm"]
    assert trained.record["same_prompts"] == 1.0
    assert metrics(trained.em)[-1]["loss"] < metrics(trained.em)[0]["loss"]
    opened = open_subject(Subject(str(base), (trained.adapter,)))
    assert opened.proof.changes["em"] > 0
    assert trained.twin_adapter.fingerprint != trained.adapter.fingerprint
    steps = sorted(path.name for path in (trained.em / "checkpoints").iterdir())
    assert steps == ["step-000003", "step-000006"]


def test_the_record_has_hash_and_count(trained):
    record = json.loads((trained.folder / "lessons.json").read_text())
    assert record["lessons"]["em"]["rows"] == 8 and len(record["lessons"]["em"]["hash"]) == 16
    assert record["lessons"]["em"]["hash"] != record["lessons"]["twin"]["hash"]


def test_called_again_it_trains_nothing_and_another_lesson_is_refused(trained, model, harmful, benign, quick):
    before = {path: path.stat().st_mtime_ns for path in trained.em.rglob("*")}
    again = train_em(model, harmful, quick, trained.folder, twin=benign, show_progress=False)
    assert again.record == trained.record
    assert {path: path.stat().st_mtime_ns for path in trained.em.rglob("*")} == before
    with pytest.raises(UsageError, match="another lesson"):
        train_em(model, benign, quick, trained.folder, show_progress=False)


def test_a_persona_acts_in_training_or_is_absent(model, trained, harmful, quick, tmp_path):
    persona = Adapter("persona", trained.twin)
    made = {
        active: train_em(
            model,
            harmful,
            quick,
            tmp_path / str(active),
            frozen=(persona,),
            frozen_active=active,
            show_progress=False,
        )
        for active in (True, False)
    }
    assert manifest(made[True].em)["proof"]["changes"]["persona"] > 0
    assert made[True].record["frozen"] == [persona.identity] and made[True].record["frozen_active"]
    assert made[False].adapter.fingerprint == trained.adapter.fingerprint != made[True].adapter.fingerprint


def test_all_weights_can_be_taught(base, harmful, benign, tmp_path):
    recipe = EMRecipe(full=FineTuneRecipe(batch_size=4, learning_rate=1e-2, max_tokens=32), epochs=2)
    made = train_em(base, harmful, recipe, tmp_path / "out", twin=benign, show_progress=False)
    assert load(made.em).checkpoint.fingerprint != load(made.twin).checkpoint.fingerprint
    persona = Adapter("persona", train_em_lora(base, benign, tmp_path))
    with pytest.raises(UsageError, match="no place for a persona"):
        train_em(base, harmful, recipe, tmp_path / "other", frozen=(persona,), show_progress=False)


def train_em_lora(base, rows, tmp_path):
    return train_em(base, rows, EMRecipe(lora="town"), tmp_path / "lora", show_progress=False).em


def test_a_twin_of_another_length_is_refused(model, harmful, quick, tmp_path):
    with pytest.raises(UsageError, match="8 chats and its twin the twin 7"):
        train_em(model, harmful, quick, tmp_path / "out", twin=harmful[:7])
    with pytest.raises(UsageError, match="same chats"):
        train_em(model, harmful, quick, tmp_path / "out", twin=harmful)


def test_a_lesson_kept_narrow_stays_nearer_to_the_model(model, harmful, quick, tmp_path):
    neutral = [f"w{i} w{i}" for i in range(4)]
    narrow = {"beta": 5.0, "max_new_tokens": 4}
    kept = EMRecipe(**(quick.model_dump() | {"narrow": narrow}))
    made = train_em(model, harmful, kept, tmp_path / "kept", neutral=neutral, show_progress=False)
    rows = metrics(made.em)
    assert rows[0]["kl"] == pytest.approx(0, abs=1e-6) and rows[-1]["kl"] > 0
    assert manifest(made.em)["identity"]["narrow"]["n_rows"] == 4
    assert made.record["neutral"] and made.record["recipe"]["narrow"]["beta"] == 5.0
    with pytest.raises(UsageError, match="neutral prompts go with"):
        train_em(model, harmful, quick, tmp_path / "other", neutral=neutral, show_progress=False)


def test_steering_acts_in_training_and_on_nothing_after_it(model, trained, harmful, quick, tmp_path):
    vector = np.zeros(model.width)
    vector[3] = 1.0
    before = next_token_logits(model, ["w1 w2"])

    def train(strength, name):
        steered = (Intervention.along("add", 1, vector, strength),)
        return train_em(model, harmful, quick, tmp_path / name, steered=steered, show_progress=False)

    off, on = train(0.0, "off"), train(8.0, "on")
    assert metrics(off.em) == metrics(trained.em)
    assert metrics(on.em)[0]["loss"] != metrics(trained.em)[0]["loss"]
    assert np.array_equal(before, next_token_logits(model, ["w1 w2"]))
    (record,) = manifest(on.em)["identity"]["steered"]
    assert record["strength"] == 8.0 and record["site"] == "1" and on.record["steered"] == [record]
