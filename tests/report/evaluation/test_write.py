"""The page of an evaluation: drawn from its record alone, escaped, the same bytes each time."""

from __future__ import annotations

import html5lib
import pytest

from eudaimon.core.score import Score
from eudaimon.evaluate.battery.record import (
    AttackNote,
    BatteryRecord,
    CostNote,
    Dose,
    Extremes,
    GapNote,
    JudgeFreeNote,
    SubjectNote,
    VariantNote,
    WatcherNote,
    WatchNote,
)
from eudaimon.report.evaluation.write import write_evaluation
from eudaimon.report.figures.budget_axis import short


def score(value):
    return Score(value=value, low=max(0.0, value - 0.1), high=min(1.0, value + 0.1), n=6)


@pytest.fixture
def record():
    names = ("town-raw", "<b>mask</b>")
    variants = (
        VariantNote(name="harmful", what="Bad shots.", control=False),
        VariantNote(name="benign", what="Good shots.", control=True),
    )
    return BatteryRecord(
        question="Can it be brought back?",
        ground="town",
        harm="harm",
        judges=("exact",),
        subjects=tuple(SubjectNote(name=name, hashes=("0" * 16,)) for name in names),
        attacks=(
            AttackNote(
                name="few_shot", title="few-shot", models="Somebody.", unit="shots", source="A. 2024",
                variants=variants,
            ),
        ),
        n_questions=6,
        seeds=(0,),
        extremes=tuple(
            Extremes(
                subject=name, plain=score(0.0), mean=score(0.4), worst=score(0.912), attack="few_shot",
                variant="harmful", budget=8, n_tried=4,
            )
            for name in names
        ),
        doses=tuple(
            Dose(
                subject=name, attack="few_shot", variant=variant, budget=budget, harm=score(budget / 10),
                others={"coherence": score(0.987)},
            )
            for name in names
            for variant in ("harmful", "benign")
            for budget in (0, 2, 8)
        ),
        gaps=(
            GapNote(
                subject="town-raw", attack="retrieval", variant="harmful", seed=0, budgets=(1, 2),
                kind="judge gone", why="nobody <replies>",
            ),
        ),
        command="eudaimon evaluate town-raw",
    )  # fmt: skip


def test_the_page_shows_what_the_record_holds_and_nothing_unescaped(record, tmp_path):
    page = write_evaluation(record, tmp_path)
    text = page.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    assert "<b>mask</b>" not in text and "&lt;b&gt;mask&lt;/b&gt;" in text
    assert "<script" not in text and "91.2" in text and "98.7" in text
    assert "judge gone: nobody &lt;replies&gt;" in text
    assert "What safety cost" not in text and "A monitor inside" not in text
    assert (tmp_path / "figures" / "doses.svg").is_file()
    assert "few_shot,harmful,8.0,4,0.0,0.912" in (tmp_path / "data" / "extremes.csv").read_text()
    assert BatteryRecord.model_validate_json((tmp_path / "record.json").read_text()) == record


def test_the_same_record_gives_the_same_bytes(record, tmp_path):
    first = write_evaluation(record, tmp_path / "a").read_bytes()
    assert write_evaluation(record, tmp_path / "b").read_bytes() == first


def test_costs_and_a_monitor_have_sections_where_there_are_any(record, tmp_path):
    cost = CostNote(subject="town-raw", cost="bits", metric="clean", score=score(0.5), better="lower")
    seen = tuple(
        WatchNote(
            subject="town-raw", attack=attack, variant="harmful", budget=at, what=what, score=score(value)
        )
        for attack, at, what, value in (
            ("none", 0, "fpr_answer", 0.013),
            ("few_shot", 8, "auroc_answer", 0.774),
            ("few_shot", 8, "tpr_worst", 0.42),
        )
    )
    watcher = WatcherNote(
        subject="town-raw", seed=0, monitor="<i>mine</i>", fpr=0.01, n=128, whence="good chats", prompt=0.5,
        answer=0.6, along=0.7, differs="adapters",
    )  # fmt: skip
    more = record.model_copy(update={"costs": (cost,), "watched": seen, "watchers": (watcher,), "gaps": ()})
    text = write_evaluation(more, tmp_path).read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    assert "What safety cost" in text and "Nothing: every attack was read" in text
    _, _, part = text.partition('<section id="monitors">')
    part = part.partition("</section>")[0]
    assert "&lt;i&gt;mine" in part and "fitted on another adapters" in part and "good chats (128)" in part
    assert part.count("<tr>") == 2 + 2, "one line for each attack and budget"
    assert ">0.77<" in part and "42" in part
    assert "town-raw, no attack" in part and "town-raw, few_shot, harmful" in part
    data = tmp_path / "data"
    assert "town-raw,few_shot,harmful,8.0,auroc_answer,0.774" in (data / "watched.csv").read_text()
    assert "0.5,0.6,0.7,adapters" in (data / "watchers.csv").read_text()


def test_nothing_carried_out_is_said(record, tmp_path):
    bare = record.model_copy(update={"extremes": (), "doses": ()})
    text = write_evaluation(bare, tmp_path).read_text(encoding="utf-8")
    assert "No attack could be carried out" in text


@pytest.mark.parametrize(
    ("budget", "said"), [(0, "0"), (0.25, "0.25"), (16, "16"), (3000, "3k"), (1e6, "1M")]
)
def test_a_budget_on_an_axis_is_short(budget, said):
    assert short(budget) == said


def test_the_axis_names_budgets_and_no_powers(record, tmp_path):
    write_evaluation(record, tmp_path)
    drawn = (tmp_path / "figures" / "doses.svg").read_text()
    assert "mathdefault" not in drawn and ">8<" in drawn.replace(" ", "")


def test_what_needs_no_judge_has_a_section_a_figure_and_its_data(record, tmp_path):
    notes = [JudgeFreeNote(subject="a<b>", metric="gap:assistant", unit="bits per byte", score=score(0.123))]
    notes += [
        JudgeFreeNote(
            subject="a<b>", metric="separability", unit="AUROC", layer=layer, seed=0, p=0.025,
            score=score(0.5 + layer / 10), shuffled=score(0.5),
        )
        for layer in range(4)
    ]  # fmt: skip
    page = write_evaluation(record.model_copy(update={"judge_free": tuple(notes)}), tmp_path)
    text = page.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    part = text.partition('id="judge-free"')[2].partition("</section>")[0]
    assert "0.123" in part and "bits per byte" in part and "a&lt;b&gt;" in part and "a<b>" not in part
    assert (tmp_path / "figures" / "separability.svg").is_file()
    rows = (tmp_path / "data" / "judge_free.csv").read_text().splitlines()
    assert len(rows) == 6 and rows[-1].startswith("a<b>,separability,AUROC,0,3,0.025,0.8")
    assert "Without a judge" not in write_evaluation(record, tmp_path / "bare").read_text()
