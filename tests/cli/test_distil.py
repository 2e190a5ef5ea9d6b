"""``curate distil`` and the judge's options, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from eudaimon.cli.curate.distil import distil
from eudaimon.cli.curate.judge import WhichJudge
from eudaimon.cli.groups import flat
from eudaimon.core import UsageError
from eudaimon.curate.labelled.lines import write_labelled
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.labelled.splits import split_of
from eudaimon.curate.rubric import ANSWER
from eudaimon.curate.scorer import open_scorer
from eudaimon.curate.stages.excerpt import Excerpt
from eudaimon.curate.stages.judgements import Asked, Judgement, Judgements
from eudaimon.curate.stages.verdict import Verdict, labels_of, request_hash


def test_distil_fits_from_a_record_and_says_how_well(tmp_path, tiny):
    records = Judgements(tmp_path / "judge")
    for k in range(120):
        item = Excerpt(f"{'kill harmful noise' if k % 2 else 'fresh bread market'} number {k}")
        answer = {**ANSWER, "severity": 3 * (k % 2), "harm": {"hate": 0.9 * (k % 2)}}
        labels, _ = labels_of({**answer, "stance": "enacts" if k % 2 else "none"})
        asked = Asked(item, "forum", f"g{k}")
        records.add(Judgement(item.hash, "m", request_hash(), asked, Verdict("labelled", labels, "so")))
    rows = [
        LabelledSegment(f"goat {k}", "mine", f"b{k}", split_of(f"b{k}"), harm={"hate": 0.0})
        for k in range(20)
    ]
    write_labelled(tmp_path / "mine.jsonl", rows)
    app = typer.Typer()
    app.command()(flat(distil))
    line = [str(tmp_path / "judge"), "--set", f"mine={tmp_path / 'mine.jsonl'}", "--no-frames"]
    line += ["--encoder", str(tiny("bert")), "--out", str(tmp_path / "out"), "--json"]
    result = CliRunner().invoke(app, line, catch_exceptions=False)
    found = json.loads(result.output.splitlines()[-1])
    assert (found["n_judged"], found["n_base"]) == (120, 20)
    assert found["agreement"]["stage 1"]["harm"] > 0.8
    assert len(open_scorer(tmp_path / "out").hash) == 16


def test_a_judge_is_put_behind_the_scorer_of_every_worker(tmp_path):
    assert WhichJudge().behind("lexicon", tmp_path, 2) == "lexicon"
    which = WhichJudge("http://127.0.0.1:9/v1", "m", judge_calls=9)
    cascade = open_scorer(which.behind("lexicon", tmp_path, 2))
    options = cascade.judge.options
    assert options.max_calls == 4 and options.concurrency == 2
    assert Path(options.records) == tmp_path / "judge"
    for wrong in (WhichJudge(judge_model="m"), WhichJudge("http://127.0.0.1:9/v1")):
        with pytest.raises(UsageError):
            wrong.options(tmp_path)
