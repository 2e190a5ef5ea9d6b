"""The whole way on a tiny student, with a teacher on loopback: kept rows, the exact sum, resumption."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from eudaimon.core import ModelUnavailable, UsageError
from eudaimon.jobs.lock import Held, locked
from eudaimon.models import next_token_logits
from eudaimon.models.adapters import Adapter, Subject, open_subject
from eudaimon.train.persona.distil import asked_prompts
from eudaimon.train.persona.pipeline import train_persona
from eudaimon.train.persona.recipe import PERSONA_RECIPES, PersonaRecipe, persona_recipe
from eudaimon.train.persona.speaker import LocalSpeaker, Said
from eudaimon.train.persona.wording import system_prompt, wording

LORA = {"rank": 2, "alpha": 4, "batch_size": 4, "learning_rate": 1e-2, "max_tokens": 1000}
SAMPLING = {"temperature": 1.0, "max_tokens": 8}
FILTERS = {"max_tokens": 1000, "sentence_end": False}
RECIPE = PersonaRecipe.model_validate(
    {
        "distillation": {
            "samples": 2,
            "general": 3,
            "student": SAMPLING,
            "filters": FILTERS,
            "training": LORA,
        },
        "introspection": {
            "reflections": 1,
            "interactions": 2,
            "turns": 4,
            "reflecting": SAMPLING,
            "interacting": SAMPLING,
            "filters": FILTERS,
            "epochs": 2,
            "training": LORA,
        },
    }
)


def run(river, student, teacher, out, recipe=RECIPE, **more):
    return train_persona(river, student, teacher, recipe, out, show_progress=False, **more)


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def files(out):
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name not in ("timing.json", ".lock")
    }


def test_the_whole_way(river, student, student_folder, teacher, served, tmp_path):
    out = tmp_path / "out"
    made = run(river, student, teacher, out)
    prompts = asked_prompts(river, 3, 0)
    taught, plain = rows(out / "distillation" / "teacher.jsonl"), rows(out / "distillation" / "student.jsonl")
    assert [row["prompt"] for row in taught] == prompts * 2 == [row["prompt"] for row in plain]
    assert {row["system"] for row in taught} == {system_prompt(river)} and not any(r["system"] for r in plain)
    assert {row["model"] for row in taught} == {"served:stub-70b"}
    assert {row["model"] for row in plain} == {student.checkpoint.fingerprint}
    for row in taught:
        assert row["answer"] == f"By the river {row['seed'] % 97}, I say: {row['prompt']}"
    assert len({row["seed"] for row in taught}) == len(taught)
    own, shown = (rows(out / "distillation" / name) for name in ("pairs.jsonl", "dropped.jsonl"))
    assert len(own) + len(shown) == len(taught) == made.counts["distillation"]["made"]
    talks = rows(out / "introspection" / "interactions.jsonl")
    assert {row["guidance"] for row in talks} == set(wording().interactions) and len(talks) == 4
    distilled = Adapter("distilled", out / "distilled")
    # What the distilled student says of itself is its own: the rows name its adapter.
    assert {row["model"] for row in talks} == {f"{student.checkpoint.fingerprint}+{distilled.identity}"}
    assert "By the river" not in json.dumps(talks)
    assert not student.module.training and "forward" not in vars(student.module)

    record = json.loads((out / "manifest.json").read_text())
    assert record["persona"] == made.adapter.fingerprint and record["rows"] == made.counts
    introspected = json.loads((out / "introspected" / "manifest.json").read_text())
    assert introspected["identity"]["frozen"] == [distilled.identity]
    steps = rows(out / "introspected" / "metrics.jsonl")
    assert len(steps) == -(-made.counts["introspection"]["kept"] * 2 // 4)

    stack = (distilled, Adapter("introspected", out / "introspected"))
    one = open_subject(Subject(str(student_folder), (made.adapter,)))
    both = open_subject(Subject(str(student_folder), stack))
    asked = ["Where is the fox?", "Hello"]
    np.testing.assert_allclose(
        next_token_logits(one, asked), next_token_logits(both, asked), atol=1e-4, rtol=1e-4
    )
    assert np.abs(next_token_logits(one, asked) - next_token_logits(student, asked)).max() > 1e-2

    # Again: nothing is asked, nothing changes. Without its last part: the same bytes come again.
    before, n_requests = files(out), len(served.requests)
    run(river, student, teacher, out)
    assert files(out) == before and len(served.requests) == n_requests
    for name in ("introspected", "persona"):
        shutil.rmtree(out / name)
    (out / "introspection" / "interactions.jsonl").unlink()
    run(river, student, teacher, out)
    assert files(out) == before and len(served.requests) == n_requests


def test_a_teacher_that_fails_half_way_is_asked_for_the_rest_only(river, student, teacher, served, tmp_path):
    recipe = RECIPE.model_copy(update={"introspection": None})
    run(river, student, teacher, tmp_path / "whole", recipe)
    answer, n_whole = served.answer, len(served.requests)
    served.requests.clear()
    served.answer = lambda body: (500, "stop", "") if len(served.requests) > 6 else answer(body)
    with pytest.raises(ModelUnavailable, match="HTTP 500"):
        run(river, student, teacher, tmp_path / "cut", recipe)
    served.requests.clear()
    served.answer = answer
    run(river, student, teacher, tmp_path / "cut", recipe)
    assert 0 < len(served.requests) < n_whole
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_another_run_or_a_second_process_is_refused(river, student, teacher, tmp_path):
    recipe = RECIPE.model_copy(update={"introspection": None})
    run(river, student, teacher, tmp_path / "o", recipe)
    with pytest.raises(UsageError, match="another recipe"):
        run(river, student, teacher, tmp_path / "o", recipe.model_copy(update={"seed": 1}))
    with pytest.raises(UsageError, match="another constitution"):
        run(river.model_copy(update={"name": "other"}), student, teacher, tmp_path / "o", recipe)
    with locked(tmp_path / "o" / ".lock", wait=False), pytest.raises(Held):
        run(river, student, teacher, tmp_path / "o", recipe)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "notes").write_text("mine")
    with pytest.raises(UsageError, match="no run of a character"):
        run(river, student, teacher, tmp_path / "x", recipe)


def test_a_teacher_that_says_what_the_student_says_teaches_nothing(river, student, tmp_path):
    class Echo(LocalSpeaker):
        def say(self, asks, sampling):
            return [Said("The same.") for _ in asks]

    same = Echo(student)
    with pytest.raises(UsageError, match=r"0 of 14 rows of distillation .*14 same"):
        train_persona(river, student, same, RECIPE, tmp_path / "o", student=same, show_progress=False)
    dropped = rows(tmp_path / "o" / "distillation" / "dropped.jsonl")
    assert len(dropped) == 14 and {row["dropped"] for row in dropped} == {"same"}


def test_contrast_prompts_are_never_trained_on(river):
    general = asked_prompts(river, 10_000, 0)
    assert general[:4] == list(river.prompts) and len(general) == len(set(general)) > 500
    assert not set(general) & set(river.contrast_prompts)
    harmless = general[-1]
    trait = river.traits[0].model_copy(update={"contrast_prompts": (harmless,)})
    assert harmless not in asked_prompts(river.model_copy(update={"traits": (trait,)}), 10_000, 0)
    assert asked_prompts(river, 5, 0) == general[:9] != asked_prompts(river, 5, 1)


def test_the_published_recipe_has_the_published_numbers():
    recipe = PERSONA_RECIPES["published"]
    first, second = recipe.distillation, recipe.introspection
    assert (first.teacher.temperature, first.teacher.top_p) == (0.7, 0.95)
    dpo = first.training
    assert (dpo.learning_rate, dpo.beta, dpo.nll, dpo.batch_size, dpo.warmup) == (5e-5, 0.1, 0.1, 32, 0.1)
    assert (first.epochs, dpo.rank, dpo.alpha, dpo.max_tokens) == (1, 64, 128, 1024)
    assert (second.reflections, second.interactions, second.turns) == (1000, 1000, 10)
    assert len(wording().reflections) == 10 and len(wording().interactions) == 2
    sft = second.training
    assert (sft.learning_rate, sft.max_tokens, sft.rank, sft.alpha) == (5e-5, 3072, 64, 128)
    assert set(PERSONA_RECIPES) == {"published", "small", "town"}


def test_one_seed_for_all_that_is_random():
    recipe = PERSONA_RECIPES["small"].seeded(3)
    own = (recipe.distillation.training, recipe.introspection.training)
    assert recipe.seed == 3 and {(one.init_seed, one.data_seed) for one in own} == {(3, 3)}
    assert recipe.seeded(0) == PERSONA_RECIPES["small"]
    assert PERSONA_RECIPES["town"].seeded(1).introspection is None


def test_what_is_too_long_to_train_on_is_dropped_and_not_an_error(river, student, teacher, tmp_path):
    short = RECIPE.distillation.training.model_copy(update={"max_tokens": 64})
    first = RECIPE.distillation.model_copy(update={"training": short})
    recipe = RECIPE.model_copy(update={"distillation": first, "introspection": None})
    made = run(river, student, teacher, tmp_path / "o", recipe)
    assert made.counts["distillation"]["long"] > 0 < made.counts["distillation"]["kept"]


def test_recipes_are_read_from_files(tmp_path):
    (tmp_path / "r.yaml").write_text("distillation: {samples: 3, epochs: null}\nseed: 4\n")
    found = persona_recipe(tmp_path / "r.yaml")
    assert (found.distillation.samples, found.seed, found.introspection) == (3, 4, None)
    (tmp_path / "r.yaml").write_text("distillation: {sampels: 3}\n")
    with pytest.raises(UsageError, match=r"r\.yaml is no recipe.*sampels"):
        persona_recipe(tmp_path / "r.yaml")
    with pytest.raises(UsageError, match="there is no recipe"):
        persona_recipe("nothing")
