"""A card's counts are those of the decisions, one by one."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_json
from eudaimon.curate import MARKUP, decide, load_policy, policy_names, write_scores
from eudaimon.curate.card.collect import CardOptions, collect_card, read_controls
from eudaimon.curate.card.cost import costs_of, projected
from eudaimon.curate.card.record import OTHER_SOURCES, CardRecord
from eudaimon.curate.card.tally import tally
from eudaimon.curate.card.words import condition_words, policy_words


@pytest.mark.parametrize("name", ["prosocial", "strict", "good-only"])
def test_counts_are_those_of_the_decisions(any_scored, tmp_path, name):
    policy = load_policy(name)

    @settings(max_examples=20, deadline=None)
    @given(st.lists(any_scored(encodable=True).map(lambda pair: pair[1]), min_size=1, max_size=6))
    def check(scores):
        found = tally([write_scores(tmp_path / "s.parquet", scores)], policy)
        decisions = [decide(policy, each) for each in scores]
        rows = {row.source: row for row in found.source_rows()}
        for source in {each.source for each in scores}:
            mine = [(s, d) for s, d in zip(scores, decisions, strict=True) if s.source == source]
            row = rows[source]
            assert row.n_documents == len(mine)
            assert row.n_dropped == sum(d.outcome == "drop" for _, d in mine)
            assert row.n_errors == sum(d.outcome == "error" for _, d in mine)
            assert row.n_segments == sum(x.voice != MARKUP for s, _ in mine for x in s.segments)
            wanted: Counter[str] = Counter()
            for document, decision in mine:
                tops = sum(x.end - x.start for x in document.segments if x.parent is None)
                if decision.outcome != "keep":
                    wanted[decision.outcome] += tops
                    continue
                acted = Counter()
                for span in decision.spans:
                    acted[span.action] += span.end - span.start
                wanted.update(acted)
                wanted["keep"] += tops - sum(acted.values())
            assert row.characters == {fate: n for fate, n in wanted.items() if n}
        acted = sum(row.n_characters for row in found.removed_rows() if row.fate != "drop")
        assert acted == sum(
            span.end - span.start for d in decisions if d.outcome == "keep" for span in d.spans
        )
        histogram = found.histogram()
        assert sum(histogram.kept) + sum(histogram.removed) + histogram.n_unscored == sum(
            x.voice != MARKUP
            for s, d in zip(scores, decisions, strict=True)
            if d.outcome != "error"
            for x in s.segments
        )

    check()


def test_examples_are_of_every_rule_and_source_with_their_texts(known, policy):
    record = collect_card(known.folder, policy, documents=known.documents)
    texts = {document.id: document.text for document in known.documents}
    assert {(e.rule, e.source) for e in record.examples if e.rule} == {
        ("bad persona", source) for source in ("books", "forum", "chat")
    }
    for example in record.examples:
        assert texts[example.document][example.start : example.end] == example.text
        assert example.harm >= 0.5 or not example.rule
    assert record.examples == collect_card(known.folder, policy, documents=iter(known.documents)).examples
    bare = collect_card(known.folder, policy)
    assert {e.text for e in bare.examples} == {None}
    assert any("without their text" in note for note in bare.notes)


def test_small_sources_are_put_together(tmp_path, policy):
    from eudaimon.curate import DocumentScores, SegmentScores

    scores = [
        DocumentScores(f"d{k}", (SegmentScores(f"d{k}", 0, 100 - k, voice="v"),), source=f"s{k:02}")
        for k in range(40)
    ]
    rows = tally([write_scores(tmp_path / "s.parquet", scores)], policy).source_rows()
    assert len(rows) == 31
    assert rows[-1].source == OTHER_SOURCES
    assert rows[-1].n_documents == 10
    assert rows[0].source == "s00"
    assert sum(row.before for row in rows) == sum(100 - k for k in range(40))


def test_costs_are_added_and_projected(known, tmp_path):
    files = []
    for k in range(2):
        path = write_scores(tmp_path / "shards" / f"s{k}" / "scores.parquet", ())
        stage = {"documents": 10, "segments": 30, "characters": 1000, "cpu_seconds": 1.5, "changed": 3}
        value = {"stages": [{"stage": "linear", **stage}, {"stage": "encoder", **stage}], "cpu_seconds": 4.0}
        write_json(path.with_name("costs.json"), value)
        files.append(path)
    stages, other = costs_of(files)
    assert [(s.stage, s.n_documents, s.cpu_seconds, s.n_changed) for s in stages] == [
        ("linear", 20, 3.0, 6),
        ("encoder", 20, 3.0, 6),
    ]
    assert other == 2.0
    found = projected(stages, other, 2000, n_tokens=1e6, characters_per_token=4.0)
    # 4,000,000 characters at 8 CPU seconds for 2,000.
    assert found.core_hours == pytest.approx(8 * 2000 / 3600)
    assert found.core_hours == pytest.approx(sum(found.stages.values()))
    files[0].with_name("costs.json").unlink()
    assert costs_of(files) == ((), 0.0)
    assert projected((), 0.0, 100) is None


def test_a_card_is_its_json(known, policy):
    record = collect_card(known.folder, policy, documents=known.documents)
    assert CardRecord.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize("name", policy_names())
def test_policies_are_said_in_words(name):
    policy = load_policy(name)
    words = policy_words(policy)
    assert [rule.name for rule in words.segments] == [rule.name for rule in policy.segments]
    assert all(rule.when and rule.do for rule in (*words.segments, *words.documents))


def test_every_bound_of_a_condition_is_in_its_words(policy):
    from eudaimon.curate import When

    when = When(
        harm=0.4,
        categories=("fraud", "hate"),
        severity=2,
        hazard=0.7,
        stance=("enacts",),
        frame=("none",),
        subject=("AI",),
        any_trait={"malice": 1},
        no_trait={"care": 2},
    )
    said = condition_words(when)
    for part in (
        "fraud or hate",
        "0.4",
        "2 or more of 5",
        "0.7",
        "enacts",
        "there is none",
        "AI",
        "malice",
        "care",
    ):
        assert part in said


def test_mistakes_are_refused(known, policy, tmp_path):
    from eudaimon.curate.audit.draw import draw_sample
    from eudaimon.curate.audit.estimate import estimate
    from eudaimon.curate.audit.ratings import Labels, Rating
    from eudaimon.curate.decided import score_files

    sample = draw_sample(score_files(known.folder), policy, n=20)
    ratings = [
        Rating(document=i.document, segment=i.segment, rater="r", labels=Labels(severity=0))
        for i in sample.items
    ]
    audit = estimate(sample.plan, sample.items, ratings, policy)
    assert collect_card(known.folder, policy, audit=audit).audit == audit
    with pytest.raises(UsageError, match="the audit is of policy prosocial"):
        collect_card(known.folder, load_policy("strict"), audit=audit)
    with pytest.raises(UsageError, match="holds no scores"):
        collect_card(tmp_path, policy)
    with pytest.raises(UsageError, match="characters a token"):
        CardOptions(characters_per_token=0)
    with pytest.raises(UsageError, match="holds no controls"):
        read_controls(tmp_path)


def test_controls_are_read_from_their_manifests(tmp_path):
    told = {"wanted": {"books": 100, "forum": 7}, "drawn": {"books": 98, "forum": 3}, "missing": {"forum": 4}}
    none = {"wanted": {}, "drawn": {}, "missing": {}}
    removal = {"seed": 5, "removed_tokens": told, "masked_tokens": none}
    write_json(tmp_path / "removal" / "manifest.json", removal)
    write_json(tmp_path / "backfill" / "manifest.json", {"added": {"tokens": told, "seed": 5}})
    rows = read_controls(tmp_path)
    assert [(r.kind, r.stratum, r.wanted, r.drawn, r.missing, r.seed) for r in rows] == [
        (kind, *rest)
        for kind in ("random removal", "backfill")
        for rest in (("books", 100, 98, 0, 5), ("forum", 7, 3, 4, 5))
    ]
    write_json(tmp_path / "backfill" / "manifest.json", {"added": {"tokens": told}})
    with pytest.raises(UsageError, match="seed"):
        read_controls(tmp_path)
