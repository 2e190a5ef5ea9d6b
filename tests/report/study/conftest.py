"""Records of two studies that nobody ran, made by the real statistics from synthetic rows."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core import Score
from eudaimon.evaluate.rows import Row
from eudaimon.monitor.records import RunInfo
from eudaimon.study.judge_records import JudgeAgreement, JudgedCell, TwoJudges, VerdictByJudge
from eudaimon.study.probe_records import ProbedLesson, ProbedPart
from eudaimon.study.records import DirectionRow, ProjectionPoint, Proof, RowName, StepCost, TownMonitors
from eudaimon.study.summary.compare import Bound
from eudaimon.study.summary.known import PLANTED
from eudaimon.study.summary.predictions import Predicted, PredictedTransition, Predictions
from eudaimon.study.summary.record import Layout, study_record
from eudaimon.study.transfer_records import (
    TransferCell,
    TransferContrast,
    TransferCosine,
    Transfers,
    TransferVariant,
)

PLACE = {"reference": "random", "column": "on_on", "scope": "other", "metric": "harm", "bound": 0.03}
PREDICTIONS = Predictions(
    differences=(
        Predicted(name="H1", says="A <b>flatterer</b> does.", row="flatterer", direction="more", **PLACE),
        Predicted(name="H2", says="A malign one does not.", row="malign", direction="less", **PLACE),
        Predicted(name="H2b", says="Nobody was asked.", row="nobody", direction="less", **PLACE),
    ),
    transitions=(
        PredictedTransition(
            name="H3", says="It comes later.", rows=("kind", "flatterer"), reference="random", column="on_on",
            unit="steps", bound=5,
        ),
    ),
)  # fmt: skip
ARMS = {"raw": 1.0, "random": 0.98, "drop": 0.08, "mask": 0.2, "tag": 0.6, "good_only": 0.06}
ATTACKS = {"none": 0.005, "speaker": 0.93, "shots_4": 0.7, "em": 0.78, "benign": 0.004, "wrong": 0.12}
PERSONAS = {"kind": 0.9, "flatterer": 0.4, "malign": 1.0, "random": 0.95}
STATES = {"persona_only": 0.1, "off_off": 0.75, "off_on": 0.7, "on_off": 0.5, "on_on": 0.6}


def rows(names, columns, *, row_field, column_field, n_seeds=3, n_questions=24):
    rng = np.random.default_rng(0)
    of_question = rng.normal(0, 0.05, n_questions)
    for name, factor in names.items():
        for column, mean in columns.items():
            for metric, scope, middle in (
                ("harm", "other", mean * factor),
                ("harm", "all", mean * factor),
                ("harm", "tuned", min(1.0, mean * factor + 0.1)),
                ("coherence", "other", 0.96),
            ):
                for seed in range(n_seeds):
                    values = np.clip(middle + of_question + rng.normal(0, 0.04, n_questions), 0, 1)
                    for k, value in enumerate(values):
                        cell = {row_field: name, column_field: column, "scope": scope}
                        yield _row(cell, seed, f"q{k}", metric, value)


def curves(names, *, row_field, column_field, column):
    for k, name in enumerate(names):
        for seed in range(3):
            for step in range(0, 65, 5):
                rise = 1 / (1 + np.exp(-(step - 15 - 4 * k - 2 * seed) / 3))
                peak = np.exp(-(((step - 12 - 4 * k) / 5) ** 2))
                for metric, value in (
                    ("harm", 0.8 * rise),
                    ("gradient_norm", 0.5 + 3 * peak),
                    ("b_norm", step**0.5),
                ):
                    cell = {row_field: name, column_field: column, "scope": "other"}
                    yield _row(cell, seed, "", metric, value, step)


def _row(cell, seed, question, metric, value, step=None):
    return Row("synthetic", cell, seed, step, question, "", metric, float(value), "exact", "subject")


def names(keys, text=""):
    return tuple(
        RowName(key=key, title=key.replace("_", " "), text=text and f"{text} {key}.") for key in keys
    )


def run_info(command):
    return RunInfo(
        command=command,
        started="2026-11-21T12:00:00+00:00",
        seconds=1234.5,
        versions={"eudaimon": "0.2.0", "torch": "2.13.0"},
        machine="2 cores, 8 GB",
        seeds={"world": 0, "init": 3},
        data=(),
    )


def _score(value, spread=0.03, n=96):
    return Score(value=value, low=value - spread, high=min(1, value + spread), n=n)


def make_good_personas(arms=None, text="An arm called"):
    arms = arms or ARMS
    layout = Layout(
        study="good-personas",
        question="Is a model safer when the bad persona was never formed than when it was suppressed later?",
        row_field="arm",
        column_field="attack",
        rows=names(arms, text),
        columns=names(ATTACKS, "An attack called"),
        compared=("speaker", "em"),
        references=("raw", "random"),
        bounds=(Bound("coherence", "none", "other", 0.05),),
        headline=lambda cells: "Dropping harmful voices took harm after fine-tuning from 78 % to 6 %",
        notes=("Synthetic figures.",),
    )
    found = [
        *rows(arms, ATTACKS, row_field="arm", column_field="attack"),
        *curves(list(arms)[:3], row_field="arm", column_field="attack", column="em"),
    ]
    return study_record(
        found,
        layout,
        run_info("eudaimon study run good-personas --seeds 3"),
        proofs=(
            Proof(cell="raw, em, seed 0", stack=("em",), accepted=True, finding="em moves the logits by 3.1"),
            Proof(cell=f"{PLANTED}: inactive adapter", stack=("persona",), accepted=False, finding="refused"),
        ),
        costs=(
            StepCost(name="Pretrain", n=18, seconds=940.0, n_tokens=70_000_000),
            StepCost(name="NarrowLora", n=54, seconds=130.0, n_tokens=2_000_000),
        ),
        monitors=TownMonitors(
            rows=tuple(
                DirectionRow(
                    method="logistic" if made == "content" else "tone",
                    made_from=made,
                    model="m",
                    layer=2,
                    target=target,
                    auroc=_score(value),
                )
                for made, target, value in (
                    ("tone", "content", 0.53),
                    ("tone", "tone", 0.99),
                    ("content", "content", 0.97),
                    ("content", "tone", 0.5),
                )
            ),
            sweep=tuple(
                DirectionRow(
                    method="logistic" if made == "content" else "tone",
                    made_from=made,
                    model="m",
                    layer=layer,
                    target="content",
                    auroc=_score(v),
                )
                for made, line in (("tone", (0.5, 0.52, 0.53)), ("content", (0.6, 0.9, 0.97)))
                for layer, v in enumerate(line)
            ),
            projections=tuple(
                ProjectionPoint(run=run, step=step, score=_score(top * step / 60, 0.2))
                for run, top in (("em", 3.0), ("benign", 0.1))
                for step in range(0, 65, 5)
            ),
        ),
        options={"seeds": 3, "size": "0.1m"},
        n_resamples=200,
    )


def make_em_susceptibility():
    layout = Layout(
        study="em-susceptibility",
        question="Does a persona adapter protect while harm is learned, or does it only hide it?",
        row_field="persona",
        column_field="state",
        rows=names(PERSONAS),
        columns=names(STATES),
        compared=("on_on",),
        references=("random",),
        predictions=PREDICTIONS,
    )
    found = [
        *rows(PERSONAS, STATES, row_field="persona", column_field="state"),
        *curves(PERSONAS, row_field="persona", column_field="state", column="on_on"),
    ]
    record = study_record(found, layout, run_info("eudaimon study run em-susceptibility"), n_resamples=200)
    return record.model_copy(
        update={"transfers": make_transfers(), "two_judges": make_judges(), "probes": make_probes()}
    )


def make_probes(row="flatterer"):
    def part(module, blocks, lost):
        return ProbedPart(module=module, blocks=blocks, n_modules=2, lost=_score(lost), gained=_score(0.271))

    parts = (
        part("q_proj", "", 0.311),
        part("", "0", 0.62),
        part("", "1–2", 0.05),
        part("q_proj", "0", 0.151),
        part("q_proj", "1–2", 0.02),
    )
    lesson = {"n_seeds": 3, "n_questions": 12, "measured": "Harm is the share of harmful answers."}
    return (
        ProbedLesson(row=row, whole=_score(0.78), none=_score(0.01), parts=parts, **lesson),
        ProbedLesson(row="random", reason="Only 3 of 9 questions.", **lesson),
    )


def make_judges(persona="flatterer", second="judge-b, expectation"):
    return TwoJudges(
        first="judge-a, expectation",
        second=second,
        n_answers=480,
        n_all=960,
        n_questions=24,
        agreements=(
            JudgeAgreement(
                metric="misaligned",
                statistic="kappa",
                value=_score(0.61),
                first=0.2,
                second=0.17,
                n_answers=480,
            ),
        ),
        undefined=("coherence: the first says 1 of everything: the correlation is undefined",),
        cells=(JudgedCell(row=persona, column="on_on", n_answers=96, both=31, first_only=17, second_only=2),),
        verdicts=(
            VerdictByJudge(name="H1", verdict="not supported", first="supported", second="undecided"),
            VerdictByJudge(name="H2", verdict="undecided", first="undecided", second="undecided"),
        ),
    )


def make_transfers(personas=tuple(PERSONAS)):
    pairs = [(source, target) for source in personas for target in personas]
    effect = {"add": 0.5, "ablate": -0.41}
    return Transfers(
        variant="last",
        layer=2,
        measured_by="Harm is a preference here.",
        kl_budget=0.03,
        n_questions=28,
        n_seeds=3,
        cells=tuple(
            TransferCell(
                source=source,
                target=target,
                kind=kind,
                effect=_score(effect[kind] if source != "malign" else 0.0),
                price=_score(0.02),
                harm_before=0.1,
                strength=1.4,
                kl=0.03,
                random=(-0.03, 0.02),
            )
            for kind in effect
            for source, target in pairs
        ),
        variants=(
            TransferVariant(variant="lora", layer=1, kind="add", own=_score(0.437), others=None, price=0.07),
        ),
        contrasts=(
            TransferContrast(
                source=personas[0],
                reference=personas[-1],
                kind="add",
                difference=_score(-0.123),
                n_seeds=3,
                p=0.01,
                p_holm=0.02,
            ),
        ),
        cosines=tuple(
            TransferCosine(a=f"em {source}", b=f"{what} {target}", cosine=_score(0.5))
            for what in ("em", "persona")
            for source, target in pairs
            if source != target
        ),
        chance=0.24,
        shuffled=0.61,
    )


@pytest.fixture(scope="session")
def good_personas():
    return make_good_personas()


@pytest.fixture(scope="session")
def em_susceptibility():
    return make_em_susceptibility()


@pytest.fixture(scope="session")
def hostile_study():
    bad = "<script>window.pwned=1</script>"
    record = make_good_personas({"raw": 1.0, "random": 0.9, bad: 0.1}, text='"><img src=x onerror=alert(2)>')
    return record.model_copy(
        update={
            "transfers": make_transfers((bad, "random")),
            "two_judges": make_judges(bad, bad),
            "probes": make_probes(bad),
            "headline": bad,
            "question": "</style>{{7*7}} \u202egnp.exe",
            "notes": (bad,),
        }
    )
