"""Judged labels as training text: weights, splits, and what the cheaper stages learn from them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate import open_scorer
from eudaimon.curate.cascade_files import open_cascade
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.labelled.splits import split_of
from eudaimon.curate.rubric import ANSWER
from eudaimon.curate.stages.distil import agree, distil, second_words
from eudaimon.curate.stages.excerpt import Excerpt
from eudaimon.curate.stages.judged import HEAVIEST, judged_segments
from eudaimon.curate.stages.judgements import Asked, Judgement, Judgements, judgement_key
from eudaimon.curate.stages.teach import Recipe
from eudaimon.curate.stages.verdict import Verdict, labels_of, request_hash

QUICK = Recipe(hidden=0, epochs=15, batch_size=16, learning_rate=2e-2, dropout=0.0)


def record(folder, entries, judge="m", rubric=None):
    """Write (excerpt, chance, severity or None for a refusal, group) as a judge's record."""
    rubric = rubric or request_hash()
    records = Judgements(folder)
    for item, chance, severity, group in entries:
        labels = None
        if severity is not None:
            bad = severity > 0
            labels, wrong = labels_of(
                {
                    **ANSWER,
                    "severity": severity,
                    "harm": {"hate": 0.9 * bad},
                    "stance": "enacts" if bad else "none",
                }
            )
            assert not wrong
        verdict = Verdict("labelled" if labels else "refused", labels, "so")
        key = judgement_key(judge, rubric, item)
        records.add(Judgement(key, judge, rubric, Asked(item, "forum", group, chance), verdict))
    records.close()


def judged_texts(n=160):
    return [
        (
            Excerpt(f"{'kill harmful noise' if k % 2 else 'fresh bread market'} number {k}", before="x"),
            1.0,
            3 if k % 2 else 0,
            f"g{k}",
        )
        for k in range(n)
    ]


def test_a_row_weighs_what_it_stands_for_within_bounds(tmp_path):
    entries = [(Excerpt("a"), 1.0, 3, "g"), (Excerpt("b"), 0.1, 0, "h"), (Excerpt("c"), 0.001, 0, "i")]
    record(tmp_path, [*entries, (Excerpt("d"), 1.0, None, "j")])
    found = judged_segments(tmp_path, weight=2.0)
    weights = {row.text: row.weight for row in found.segments}
    assert weights["b"] == pytest.approx(10 * weights["a"])
    assert weights["c"] == pytest.approx(HEAVIEST * weights["a"])
    assert sum(weights.values()) == pytest.approx(2.0 * 3) and found.refused == 1
    for row in found.segments:
        assert row.split == split_of(row.group) and row.source == "forum" and row.kind == "judged"
    assert next(row for row in found.segments if row.text == "a").harm["hate"] == pytest.approx(0.9)


def test_a_quotation_keeps_its_frame(tmp_path):
    item = Excerpt(
        "get out", before="b", after="a", frame_before='he said "', frame_after='"', voice="quoted"
    )
    record(tmp_path, [(item, 1.0, 2, "g")])
    (row,) = judged_segments(tmp_path).segments
    from eudaimon.curate.stages.encoder import labelled_excerpt

    assert labelled_excerpt(row) == item


def test_only_one_judge_by_the_present_rubric_counts(tmp_path):
    record(tmp_path, [(Excerpt("a"), 1.0, 3, "g")])
    record(tmp_path, [(Excerpt("b"), 1.0, 3, "g")], rubric="old")
    assert judged_segments(tmp_path).others == 1
    record(tmp_path, [(Excerpt("c"), 1.0, 3, "g")], judge="n")
    with pytest.raises(UsageError, match="one judge"):
        judged_segments(tmp_path)
    assert [row.text for row in judged_segments(tmp_path, judge="n").segments] == ["c"]
    with pytest.raises(UsageError, match="no label"):
        judged_segments(tmp_path, judge="o")
    with pytest.raises(UsageError, match="no label"):
        judged_segments(tmp_path / "nothing")


def test_both_stages_learn_what_the_judge_said(tmp_path, tiny):
    record(tmp_path / "records", judged_texts())
    out = tmp_path / "out"
    distilled = distil(
        tmp_path / "records", out, encoder=tiny("bert"), recipe=QUICK, cache=tmp_path / "cache"
    )
    assert distilled.n_judged == 160 and distilled.n_base == 0
    n_test = sum(split_of(f"g{k}") == "test" for k in range(160))
    for name in ("stage 1", "stage 2"):
        found = distilled.agreement[name]
        assert found.n == n_test and found.harm > 0.9 and found.stance > 0.9 and found.severity < 1.5
    held = [row for row in judged_segments(tmp_path / "records").segments if row.split == "test"]
    cascade = open_scorer(out)
    found = second_words(cascade.encoder, held, cascade.first.stages)
    assert agree(found, held) == distilled.agreement["stage 2"]
    assert 0 < cascade.escalation.bound <= 1
    table = cascade.score([Document("a", "kill harmful noise"), Document("b", "fresh bread market")])
    scores = [row["harm_hate"] for row in table.to_pylist() if row["segment"] == 0]
    assert scores[0] > 0.5 > scores[1]
    assert json.loads((out / "distil.json").read_text())["n_judged"] == 160


def test_distilling_again_compares_with_what_was_before_and_keeps_its_budget(tmp_path, tiny):
    record(tmp_path / "records", judged_texts())
    options = {"encoder": tiny("bert"), "recipe": QUICK, "cache": tmp_path / "cache"}
    first = distil(tmp_path / "records", tmp_path / "1", **options)
    harmless = {"harm": {"hate": 0.0}}
    base = [LabelledSegment(f"goat {k}", "base", f"b{k}", split_of(f"b{k}"), **harmless) for k in range(40)]
    before = open_cascade(tmp_path / "1")
    second = distil(tmp_path / "records", tmp_path / "2", base, before=before, **options)
    assert second.n_base == 40
    assert second.agreement["stage 1 before"] == first.agreement["stage 1"]
    assert second.agreement["stage 2 before"] == first.agreement["stage 2"]
    again = distil(tmp_path / "records", tmp_path / "3", base, before=before, **options)
    assert again.agreement == second.agreement
    assert open_cascade(tmp_path / "3").hash == open_cascade(tmp_path / "2").hash != before.hash


def test_agreement_counts_by_weight_and_says_nothing_of_what_is_not_said():
    rows = [
        LabelledSegment("a", "s", "g", harm={"hate": 1.0}, stance="enacts", severity=3.0, weight=3.0),
        LabelledSegment("b", "s", "g", harm={"hate": 0.0}, stance="none", severity=0.0, weight=1.0),
    ]
    found = agree({"harm_hate": np.array([0.9, 0.9]), "severity": np.array([2.0, 0.0])}, rows)
    assert (found.n, found.harm, found.severity) == (2, 0.75, 0.75) and np.isnan(found.stance)
    assert agree({}, []).n == 0
