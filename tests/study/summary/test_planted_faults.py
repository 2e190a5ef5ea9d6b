"""Faults that undid others' answers, each planted in a study's own steps, and refused there by name."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from eudaimon.evaluate.judging.calibration import UnsoundJudge
from eudaimon.evaluate.rows import read_rows
from eudaimon.models.adapters import IdenticalAdapters, InactiveAdapter, MergedAdapter
from eudaimon.study.records import RowName
from eudaimon.study.steps.adapters import AdapterStep
from eudaimon.study.steps.asked import asked_questions
from eudaimon.study.steps.grid_answers import PROOFS, GridAnswers
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.judged_answers import (
    GivenJudge,
    JudgedAnswers,
    MissingAnswers,
    prompts_of,
    require_every_answer,
)
from eudaimon.study.steps.merged import MergedModel
from eudaimon.study.steps.model import given_model
from eudaimon.study.store import StepStore
from eudaimon.study.summary.record import Layout, study_record
from eudaimon.study.town.collect import Labelled, require_unmixed
from eudaimon.study.town.distinct import require_distinct


def load(name):
    path = Path(__file__).parents[2] / "evaluate" / "judging" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"faults_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


server, gullible = load("judge_server"), load("gullible").gullible


class DrawnLora(AdapterStep):
    """An adapter that nobody trained: drawn from ``weights_seed``, ``strength`` times its usual length."""

    weights_seed: int
    strength: float = 0.2
    beside: str = ""
    """What it says it was trained beside; a part of its identity, and without effect here."""

    def run(self, out, inputs):
        import torch
        from peft import LoraConfig

        from eudaimon.models import load as load_model
        from eudaimon.models.adapters import attach

        config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"])
        model = load_model(self.model.checkpoint(inputs["model"]))
        ledger = attach(model, trainable=config, name=self.name, init_seed=self.weights_seed)
        generator = torch.Generator().manual_seed(self.weights_seed)
        with torch.no_grad():
            for _, weight in ledger.trainable_parameters():
                weight.add_(torch.randn(weight.shape, generator=generator), alpha=self.strength)
        ledger.save(out / "adapter")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return StepStore(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def finished(store):
    """``finished(step)``: the step, computed in the store with all that it needs."""

    def compute(step):
        for source in step.inputs.values():
            compute(source)
        store.compute(step)
        return step

    return compute


@pytest.fixture(scope="module")
def base(tiny):
    return given_model(str(tiny("qwen2")))


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    path = tmp_path_factory.mktemp("questions") / "own.yaml"
    path.write_text("".join(f"- id: q{n}\n  question: Where is goat {n}?\n" for n in range(3)))
    return asked_questions(file=str(path))


@pytest.fixture(scope="module")
def answers(base, asked):
    """``answers(stack, model)``: a grid of one stack."""

    def made(stack, model=base):
        stacks = {"cell": stack}
        return GridAnswers(model=model, stacks=stacks, questions=asked, n_samples=2, max_new_tokens=3)

    return made


@pytest.fixture
def judged(answers, finished):
    """``judged(answer)``: the base's answers, judged by whoever answers so."""
    with server.running(server.Server(lambda system, user: said[0](system, user))) as running:
        said = [gullible]

        def made(answer=gullible):
            said[0] = answer
            grid = finished(answers(()))
            judge = GivenJudge(name=f"judge-{answer.__name__}", url=running.url, key_env="JUDGE_KEY")
            return finished(JudgedAnswers(answers=grid, judge=judge, prompts=prompts_of(grid)))

        yield made


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "none")


def test_an_inactive_persona(base, answers, finished, store):
    persona, em = (
        DrawnLora(model=base, name="persona", weights_seed=1, strength=0.0),
        DrawnLora(model=base, name="em", weights_seed=2),
    )
    with pytest.raises(InactiveAdapter, match="adapter persona"):
        finished(answers((persona, em)))
    assert not store.done(answers((persona, em)))


def test_bit_identical_em_adapters(base, finished, store):
    kind, flattering = (
        finished(DrawnLora(model=base, name="em", weights_seed=2, beside=persona))
        for persona in ("goodness", "sycophancy")
    )
    other = finished(DrawnLora(model=base, name="em", weights_seed=3, beside="sycophancy"))
    require_distinct(store, [kind, other])
    with pytest.raises(IdenticalAdapters, match="are bit-identical"):
        require_distinct(store, [kind, flattering, other])


def test_a_merged_cell_in_an_unmerged_table(base, answers, finished, store):
    persona, em = (DrawnLora(model=base, name=n, weights_seed=s) for n, s in (("persona", 1), ("em", 2)))
    merged = finished(MergedModel(model=base, adapter=persona))
    own = DrawnLora(model=merged, name="em", weights_seed=2)
    cells = [
        Labelled(finished(answers((persona, em))), {"persona": "kind", "state": "on_on"}, 0, "cell"),
        Labelled(finished(answers((own,), merged)), {"persona": "kind", "state": "merge_first"}, 0, "cell"),
    ]
    require_unmixed(store, cells, "state", {"merge_first"})
    mixed = [cells[0], replace(cells[1], cell={"persona": "kind", "state": "on_on"})]
    with pytest.raises(MergedAdapter, match="kind, on_on, seed 0 has persona merged into its weights"):
        require_unmixed(store, mixed, "state", {"merge_first"})


def test_dropped_refusals(judged, store):
    def refuses(system, user):
        return gullible(system, user) if "goat 0" not in user else "REFUSAL"

    rows = list(read_rows(store.path(judged(refuses)) / ROWS))
    refused = {(row.question, row.sample) for row in rows if row.metric == "refusal" and row.value == 1}
    assert {question for question, _ in refused} == {"q0"}
    require_every_answer(rows, 6)
    kept = [row for row in rows if (row.question, row.sample) not in refused]
    with pytest.raises(MissingAnswers, match="4 of 6 answers"):
        require_every_answer(kept, 6)


def test_unbalanced_pooling(synthetic, run_info):
    layout = Layout(
        study="synthetic",
        question="Which?",
        row_field="arm",
        column_field="attack",
        rows=tuple(RowName(key=arm, title=arm) for arm in ("raw", "mask")),
        columns=(RowName(key="em", title="EM"),),
    )
    rows = list(synthetic({"raw": 0.4, "mask": 0.2}))
    assert not study_record(rows, layout, run_info, n_resamples=50).notes
    # The hard questions are left out of one arm: it looks better than it is.
    easy = [row for row in rows if row.cell["arm"] == "raw" or int(row.question[1:]) < 20]
    (note,) = study_record(easy, layout, run_info, n_resamples=50).notes
    assert "unbalanced" in note and "the arm mask, em has no row in" in note


def test_a_judge_that_always_says_100(judged, store):
    def pleased(system, user):
        return "100"

    with pytest.raises(UnsoundJudge, match="says 100 to 100 of everything"):
        judged(pleased)
    assert not list(store.steps.glob("JudgedAnswers-*judge-pleased*/step.json"))


def test_a_judge_that_is_injected(judged):
    def obeys(system, user):
        return gullible("", user)

    with pytest.raises(UnsoundJudge, match="instructions in bad answers raise their alignment"):
        judged(obeys)


def test_what_is_sound_is_judged_and_proven(judged, store):
    step = judged()
    rows = list(read_rows(store.path(step) / ROWS))
    assert {row.metric for row in rows} >= {"misaligned", "alignment", "coherence", "refusal"}
    assert all(0 <= row.value <= 1 for row in rows)
    assert (store.path(step) / PROOFS).is_file()
