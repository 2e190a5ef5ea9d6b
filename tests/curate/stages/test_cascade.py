"""Who is asked about which segment, whose word stands, and what happens when somebody fails."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.curate import Scorer, read_scores
from eudaimon.curate.cascade import Cascade
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.escalated import CHANCE, DOUBTED, ESCALATED, apply_to_rows, excerpts_of
from eudaimon.curate.stages.escalation import (
    Escalation,
    bound_for,
    lots,
    open_escalation,
    save_escalation,
    suspicions,
)


class Words:
    """A first stage: harm is what the text says it is."""

    name, hash = "words", "w1"

    def run(self, batch):
        if any("crash" in text for text in batch.spans.texts):
            raise RuntimeError("no memory")
        return batch.having({"harm_hate": np.array([_said(text, "h") for text in batch.spans.strings()])})


class Later:
    """A later stage: harm is a half where the text says so, else nothing; it fails where told."""

    def __init__(self, number, mark, letter, sure=True):
        self.name, self.hash, self.number, self.mark = f"stage{number}", f"s{number}", number, mark
        self.letter, self.sure, self.asked = letter, sure, []

    def run(self, batch):
        return apply_to_rows(
            batch, self.mark, self.number, lambda rows: self._label(excerpts_of(batch, rows))
        )

    def _label(self, excerpts):
        self.asked += [item.text for item in excerpts]
        values = np.array([_said(item.text, self.letter) for item in excerpts])
        errors = np.array(["no answer" if "fail" in item.text else "" for item in excerpts], dtype=object)
        return {
            "harm_hate": values,
            "severity": values * 4,
            "doubt": 1 - abs(2 * values - 1),
            "error": errors,
        }


def _said(text, letter):
    found = [word for word in text.split() if word.startswith(letter) and word[1:].isdigit()]
    return int(found[0][1:]) / 100 if found else 0.0


NONE = Escalation(bound=0.5, random=0.0, near_rate=0.0)


def documents(*texts):
    return [Document(f"d{k}", text, {"source": "s"}, (Segment(0, len(text), "narrator"),)) for k, text in
            enumerate(texts)]  # fmt: skip


def rows_of(table):
    return {row["document"]: row for row in table.to_pylist() if row["segment"] == 0}


def test_each_stage_is_asked_about_what_the_one_before_leaves_open(tmp_path):
    encoder, judge = Later(2, ESCALATED, "e"), Later(3, DOUBTED, "j")
    cascade = Cascade([Words()], encoder, judge, NONE)
    texts = ("h10 e90", "h60 e95", "h50 e50 j80", "h90 e5", "plain")
    table = cascade.score(documents(*texts))
    assert encoder.asked == ["h60 e95", "h50 e50 j80", "h90 e5"] and judge.asked == ["h50 e50 j80"]
    rows = rows_of(table)
    assert [rows[f"d{k}"]["stage"] for k in range(5)] == [1, 2, 3, 2, 1]
    assert [rows[f"d{k}"]["harm_hate"] for k in range(5)] == [0.1, 0.95, 0.8, 0.05, 0.0]
    assert rows["d0"]["severity"] is None and rows["d2"]["severity"] == pytest.approx(3.2)
    costs = {cost.stage: (cost.documents, cost.segments, cost.changed) for cost in cascade.costs()}
    asked = {"words": (5, 5, 5), "stage2": (3, 3, 3), "stage3": (1, 1, 1)}
    assert costs == {"voices": (5, 5, 5), **asked, "table": (5, 5, 0)}
    assert list(costs) == ["voices", *asked, "table"] and isinstance(cascade, Scorer)
    pyarrow.parquet.write_table(table, tmp_path / "s.parquet")
    assert {s.model for s in read_scores(tmp_path / "s.parquet")} == {cascade.hash}


def test_the_hash_covers_every_stage_and_every_threshold():
    encoder, judge = Later(2, ESCALATED, "e"), Later(3, DOUBTED, "j")
    made = [
        Cascade([Words()]), Cascade([Words()], encoder), Cascade([Words()], encoder, judge),
        Cascade([Words()], encoder, judge, Escalation(bound=0.4)),
        Cascade([Words()], encoder, judge, Escalation(seed=1)), Cascade([Words()], None, judge),
    ]  # fmt: skip
    assert len({cascade.hash for cascade in made}) == len(made)
    assert Cascade([Words()], encoder).hash == Cascade([Words()], Later(2, ESCALATED, "x")).hash


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(30)), st.integers(1, 30))
def test_neither_order_nor_cutting_changes_who_is_asked(order, size):
    escalation = Escalation(bound=0.5, random=0.2, near=0.5, near_rate=0.5, seed=7)
    texts = [f"text number {k} h{(7 * k) % 100} e{(13 * k) % 100}" for k in range(30)]

    def scored(chosen, size):
        encoder, judge = Later(2, ESCALATED, "e"), Later(3, DOUBTED, "j")
        cascade = Cascade([Words()], encoder, judge, escalation)
        found = {}
        given_ids = [documents(*texts)[k] for k in chosen]
        for start in range(0, len(chosen), size):
            found |= rows_of(cascade.score(given_ids[start : start + size]))
        return found

    assert scored(order, size) == scored(list(range(30)), 30)


def test_lots_are_even_and_independent_of_each_other():
    batch = Batch.of(documents(*(f"a text, number {k}" for k in range(4000))))
    first, second, other = lots(batch, 0, 0), lots(batch, 0, 1), lots(batch, 1, 0)
    for values in (first, second, other):
        assert values.min() >= 0 and values.max() < 1
        counts, _ = np.histogram(values, bins=10, range=(0, 1))
        assert abs(counts - 400).max() < 100  # 5 standard deviations
    assert abs(np.corrcoef([first, second, other]) - np.eye(3)).max() < 0.08
    repeated = Batch.of([Document("x", "abab", {}, (Segment(0, 2, "a"), Segment(2, 4, "a")))])
    assert len(set(lots(repeated, 0, 0))) == 2


def test_the_random_share_reaches_every_stage_and_the_near_share_the_encoder():
    n = 3000
    escalation = Escalation(bound=0.8, random=0.05, near=0.5, near_rate=0.3)
    encoder, judge = Later(2, ESCALATED, "e"), Later(3, DOUBTED, "j")
    texts = [f"number {k} h{45 if k % 2 else 0} e0" for k in range(n)]
    Cascade([Words()], encoder, judge, escalation).score(documents(*texts))
    near = sum("h45" in text for text in encoder.asked)
    assert 0.29 * n / 2 < near < 0.38 * n / 2
    assert 0.03 * n / 2 < len(encoder.asked) - near < 0.07 * n / 2
    assert 0.03 * n < len(judge.asked) < 0.07 * n and set(judge.asked) <= set(encoder.asked)


def test_a_judged_row_stands_for_as_many_as_it_was_drawn_from():
    escalation = Escalation(bound=0.8, random=0.05, near=0.5, near_rate=0.3)
    chances = {}

    class Judge(Later):
        def run(self, batch):
            marked = batch.columns[DOUBTED]
            strings = batch.spans.strings()
            chances.update({strings[k]: batch.columns[CHANCE][k] for k in marked.nonzero()[0]})
            return super().run(batch)

    texts = [f"{k} h{(0, 45, 90)[k % 3]} e{(0, 50)[k % 2]}" for k in range(3000)]
    Cascade([Words()], Later(2, ESCALATED, "e"), Judge(3, DOUBTED, "j"), escalation).score(documents(*texts))
    for kind in ("h0 e0", "h0 e50", "h45 e0", "h45 e50", "h90 e0", "h90 e50"):
        of_kind = [chance for text, chance in chances.items() if text.endswith(kind)]
        assert sum(1 / chance for chance in of_kind) == pytest.approx(500, rel=0.75)
        assert len(set(of_kind)) == 1
    assert chances[next(text for text in chances if text.endswith("h90 e50"))] == 1


def test_a_failing_stage_makes_the_document_an_error_and_nothing_else():
    encoder, judge = Later(2, ESCALATED, "e"), Later(3, DOUBTED, "j")
    cascade = Cascade([Words()], encoder, judge, NONE)
    table = cascade.score(documents("h60 e95", "h70 fail", "h5 fail", "crash", "h50 e50 j10"))
    table.validate(full=True)
    errors = {row["document"]: row["error"] for row in table.to_pylist() if row["segment"] == -1}
    assert errors == {
        "d0": "",
        "d1": "stage 2, segment 0: no answer",
        "d2": "",
        "d3": "words: RuntimeError: no memory",
        "d4": "",
    }
    assert rows_of(table)["d4"]["stage"] == 3 and rows_of(table)["d1"]["stage"] == 1


def test_many_documents_give_one_table_and_none_an_empty_one():
    cascade = Cascade([Words()])
    table = cascade.score(documents(*(f"h{k % 100}" for k in range(600))))
    assert table.num_rows == 1200 and cascade.score([]).num_rows == 0
    assert table["document"].to_pylist()[::2] == [f"d{k}" for k in range(600)]


def test_without_an_encoder_the_judge_gets_what_stage_1_doubts():
    judge = Later(3, DOUBTED, "j")
    Cascade([Words()], None, judge, NONE).score(documents("h60 j1", "h99 j1", "h40 j1"))
    assert judge.asked == ["h60 j1"]


def test_a_little_of_several_harms_adds_up_and_one_as_probable_as_not_is_always_asked_about():
    batch = Batch.of(documents("a", "b", "c", "d"))
    given = batch.having(
        {"harm_hate": np.array([0.3, 0.5, 0.0, np.nan]), "harm_fraud": np.array([0.4, 0.0, 0.0, np.nan])}
    )
    found = suspicions(given)
    np.testing.assert_allclose(found, [1 - 0.7 * 0.6, 1, 0, 0])
    assert Escalation(bound=1.0, random=0, near_rate=0).to_encoder(given).tolist() == [
        False,
        True,
        False,
        False,
    ]
    assert suspicions(batch).tolist() == [0, 0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from((0.0, 0.1, 0.2, 0.5, 0.9, 1.0)), min_size=1), st.floats(0, 1))
def test_a_bound_keeps_its_budget_and_no_lower_one_does(values, budget):
    values = np.array(values)
    bound = bound_for(values, budget)
    allowed = budget * len(values)
    assert (values >= bound).sum() <= allowed or (budget and bound == 1)
    lower = values[values < bound]
    assert not len(lower) or (values >= lower.max()).sum() > int(allowed)


def test_an_escalation_is_stored_and_a_wrong_one_refused(tmp_path):
    escalation = Escalation(bound=0.25, budget=0.2, seed=3)
    save_escalation(escalation, tmp_path)
    assert open_escalation(tmp_path) == escalation
    with pytest.raises(UsageError, match=r"escalation\.json"):
        open_escalation(tmp_path / "no")
    (tmp_path / "escalation.json").write_text('{"bond": 1}')
    with pytest.raises(UsageError, match="bond"):
        open_escalation(tmp_path)
    with pytest.raises(UsageError, match="share"):
        Escalation(random=2.0)
    with pytest.raises(UsageError, match="calibration"):
        bound_for(np.array([]), 0.1)


def test_a_scorer_gets_a_judge_by_a_folder_that_every_process_can_open(tmp_path):
    from eudaimon.curate.cascade_files import open_judged, save_judged, with_judge
    from eudaimon.curate.scorer import open_scorer
    from eudaimon.curate.stages.judge import JudgeOptions, JudgeStage

    options = JudgeOptions("http://127.0.0.1:9/v1", "m", records=tmp_path / "records", retries=0)
    folder = save_judged(tmp_path / "judged", "lexicon", options)
    opened = open_scorer(folder)
    assert isinstance(opened, Cascade) and opened.judge.options.records == str(tmp_path / "records")
    assert (
        opened.hash
        == with_judge(open_scorer("lexicon"), JudgeStage(options)).hash
        == open_judged(folder).hash
    )
    assert opened.hash != open_scorer("lexicon").hash
    assert opened.record["judge"]["judge"] == "m" and len(opened.record["judge"]["rubric"]) == 16
    assert [entry["name"] for entry in opened.record["stages"]][-1] == "judge"
    with pytest.raises(UsageError, match="no stages"):
        with_judge(open_scorer("labels"), JudgeStage(options))
    (folder / "scorer.json").write_text('{"kind": "judged"}')
    with pytest.raises(UsageError, match="names no scorer"):
        open_scorer(folder)
