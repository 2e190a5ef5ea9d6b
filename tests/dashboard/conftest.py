"""A folder of runs that nobody ran: records, a scored corpus, an audit, a monitor; some of it hostile."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from eudaimon.core import Binding, Site
from eudaimon.core.document import Document
from eudaimon.core.files import write_json

TESTS = Path(__file__).parents[1]
BAD = "<script>window.pwned=1</script>"
NAME = "a [1]* '%"
"""A folder's name that means something else to a shell, to SQL and to a pattern of file names."""


def borrowed(name: str, place: str) -> ModuleType:
    """Another room's module of fixtures: their makers are functions that need no pytest."""
    sys.path.append(str((TESTS / place).parent))  # some of them import their neighbours
    spec = importlib.util.spec_from_file_location(name, TESTS / place)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def makers() -> ModuleType:
    """The functions of this file, for stores of a test's own."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def studies_made() -> ModuleType:
    return borrowed("dashboard_studies", "report/study/conftest.py")


@pytest.fixture(scope="session")
def evaluations_made() -> ModuleType:
    return borrowed("dashboard_evaluations", "report/synthetic_record.py")


@pytest.fixture(scope="session")
def cards_made() -> ModuleType:
    return borrowed("dashboard_cards", "report/card/conftest.py")


@pytest.fixture(scope="session")
def corpora_made() -> ModuleType:
    return borrowed("dashboard_corpora", "curate/audit/conftest.py")


@dataclass(frozen=True)
class Runs:
    """The folder and what is in it that tests ask for by name."""

    folder: Path
    documents: tuple[Document, ...]


def write_study(folder: Path, records, *, n_steps: int = 4, n_done: int = 4) -> Path:
    """A study's folder as `study run` and `study report` leave it, without the files of its steps."""
    write_json(folder / "study.json", {"study": "somebody's-own", "options": {}})
    write_json(folder / "definitions.json", {f"Step-{k}": {} for k in range(n_steps)})
    for k in range(n_done):
        write_json(folder / "steps" / f"Step-{k}" / "step.json", {"key": f"Step-{k}"})
    if records:
        write_json(
            folder / "summary.json",
            {
                "studies": {record.study: record.model_dump(mode="json") for record in records},
                "queries": None,
            },
        )
    return folder


def write_direction(path: Path, seed: int, *, width: int = 16, classes=("safe", "harmful")) -> Path:
    from eudaimon.vectors import Direction, DirectionSet

    rng = np.random.default_rng(seed)
    binding = Binding(checkpoint="c" * 16, tokenizer="t" * 16, name="nobody")

    def one(layer: int) -> Direction:
        vector = rng.normal(size=width)
        unit = (vector / np.linalg.norm(vector)).astype(np.float32)
        return Direction(unit, Site(layer), "mean", "random", binding, classes=classes)

    return DirectionSet((one(1), one(2))).save(path)


def write_monitor(path: Path, texts: list[str]) -> Path:
    """A monitor's file with training examples, as `save_monitor` writes it, for a model that is nowhere."""
    from eudaimon.measure.conformal import Threshold
    from eudaimon.monitor.monitor import Examples, Monitor
    from eudaimon.monitor.probe import Probe

    rng = np.random.default_rng(0)
    harmful = tuple(bool(k % 2) for k in range(len(texts)))
    features = rng.normal(size=(len(texts), 8)) + 3 * np.array(harmful)[:, None]
    probe = Probe(Site(2), "mean", "logistic", np.ones((1, 8), np.float32), 0.0)
    zeros = np.zeros(8, np.float32)
    examples = Examples(tuple(texts), harmful, ("made",) * len(texts), features, zeros, zeros + 1)
    binding = Binding(checkpoint="c" * 16, tokenizer="t" * 16, name="nobody")

    monitor = Monitor(
        None, (probe,), "stack", np.ones(1), 0.0, Threshold(0.5, 0.01, 120, 0.03), examples=examples,
        record={"binding": binding.model_dump()},
    )  # fmt: skip
    return monitor.save(path)


def write_arm(folder: Path, arm: str, n: int) -> Path:
    books = {"arm": arm, "labels": "oracle", "seed": 0, "n_tokens": n, "n_texts": 10, "n_removed": 3}
    write_json(folder / "arm.json", books)
    sources = {"dialogue": {"documents": 10, "tokens": n, "loss_tokens": n - 5}}
    write_json(folder / "tokens" / "manifest.json", {"sources": sources})
    return folder


def write_scored(folder: Path, corpora: ModuleType, **how) -> tuple[Document, ...]:
    """A finished folder of scores with the corpus that was scored, so that texts can be found again."""
    known = corpora._known(folder, **how)
    files = sorted(folder.glob("shards/*/scores.parquet"))
    write_json(
        folder / "manifest.json",
        {"scorer": "made", "shards": [path.parent.name for path in files], "quarantine": {}, "files": []},
    )
    return known.documents


@pytest.fixture(scope="session")
def runs(tmp_path_factory, studies_made, evaluations_made, cards_made, corpora_made) -> Runs:
    from eudaimon.curate.audit.draw import Sample, draw_sample
    from eudaimon.curate.audit.folder import write_sample
    from eudaimon.curate.audit.texts import with_texts
    from eudaimon.curate.decided import score_files
    from eudaimon.curate.policy import load_policy
    from eudaimon.report.card.write import write_card

    folder = tmp_path_factory.mktemp("runs") / NAME
    write_study(
        folder / "quickstart", (studies_made.make_good_personas(), studies_made.make_em_susceptibility())
    )
    other = studies_made.make_good_personas({"raw": 0.9, "random": 0.98, "drop": 0.2})
    write_study(folder / "again", (other,), n_steps=6, n_done=5)
    write_study(folder / "unfinished", (), n_steps=9, n_done=2)
    write_study(folder / "hostile", (hostile_study(studies_made),))
    (folder / f"evaluation {BAD[1:8]}").mkdir(parents=True)
    record = evaluations_made.build(evaluations_made.HOSTILE)
    write_json(folder / f"evaluation {BAD[1:8]}" / "evaluation.json", record.model_dump(mode="json"))
    write_card(cards_made.build(), folder / "card")
    write_arm(folder / "quickstart" / "steps" / "ArmTokens-raw", "raw", 900)
    write_arm(folder / "quickstart" / "steps" / "ArmTokens-drop", "drop", 800)
    write_direction(folder / "vectors" / "one.safetensors", 1)
    write_direction(folder / "vectors" / "two.safetensors", 2, classes=("kind", BAD))
    write_monitor(folder / "monitor.safetensors", [f"{BAD} text {k}" for k in range(60)])
    documents = write_scored(folder / "scores", corpora_made, n_documents=240)
    policy = load_policy("prosocial")
    drawn = draw_sample(score_files(folder / "scores"), policy, n=24, seed=0)
    hostile = [
        item.model_copy(update={"text": f"{BAD} {item.text}"}) for item in with_texts(drawn.items, documents)
    ]
    write_sample(folder / "audit", Sample(drawn.plan, tuple(hostile)))
    return Runs(folder, documents)


@pytest.fixture(scope="session")
def scored(tmp_path_factory) -> Path:
    """A store with a small corpus that was really scored, some ids twice, in ``scores``."""
    from eudaimon.curate import score_corpus

    borrowed("dashboard_scored", "curate/run/conftest.py")
    words = borrowed("dashboard_scorers", "curate/run/tiny_scorers.py").words()
    folder = tmp_path_factory.mktemp("scored") / NAME
    corpus = folder.parent / "corpus"
    corpus.mkdir()
    lines = sys.modules["dashboard_scored"].lines
    (corpus / "a.jsonl").write_text("\n".join([*lines(0, 60), *lines(3, 2)]), encoding="utf-8")
    hostile = {"id": BAD, "text": f'Mallory said "rob {BAD}" loudly.', "source": BAD}
    (corpus / "b.jsonl").write_text("\n".join([*lines(60, 30), json.dumps(hostile)]), encoding="utf-8")
    score_corpus(corpus, folder / "scores", words, shard_bytes=1500, show_progress=False)
    return folder


@pytest.fixture(scope="session")
def tiny_monitor(tiny, tmp_path_factory) -> Path:
    """The file of a monitor that was fitted on tiny llama without adapters."""
    from eudaimon.models.adapters import Subject, open_subject
    from eudaimon.monitor import FitOptions, fit

    made = borrowed("dashboard_chat", "chat/conftest.py")
    from eudaimon.data import Query

    def rows(source: str, n: int) -> list[Query]:
        return [
            Query(
                id=str(k),
                text=f"How do I {made.VERBS[k % 2]} the {made.THINGS[k % 8]} {source} {k}?",
                label="harmful" if k % 2 else "safe",
                source=source,
                category="theft" if k % 2 else None,
                licence="MIT",
            )
            for k in range(n)
        ]

    options = FitOptions(target_fpr=0.1, strengths=(0.1,), kernel_strengths=(1.0,), n_layers=1, augment=False)
    fitted = fit(open_subject(Subject(str(tiny("llama")))), rows("north", 48), rows("south", 80), options)
    return fitted.save(tmp_path_factory.mktemp("tiny-monitor") / "monitor.safetensors")


def hostile_study(made: ModuleType):
    record = made.make_good_personas(
        {"raw": 1.0, "random": 0.9, BAD: 0.1}, text='"><img src=x onerror=alert(2)>'
    )
    return record.model_copy(
        update={
            "transfers": made.make_transfers((BAD, "random")),
            "headline": f"{BAD} ![x](http://evil.example/x.png)",
        }
    )


@pytest.fixture
def app(monkeypatch) -> Callable[..., object]:
    """``app("studies", folder)``: a page of the dashboard over a folder, run once without a browser."""
    from streamlit.testing.v1 import AppTest

    def opened(page: str, folder: Path, timeout: float = 120):
        import streamlit as st

        from eudaimon.dashboard.launch import FOLDER

        monkeypatch.setenv(FOLDER, str(folder))
        st.cache_resource.clear()
        st.cache_data.clear()
        script = f"from eudaimon.dashboard.pages import {page}\n{page}.show()"
        return AppTest.from_string(script, default_timeout=timeout).run()

    return opened
