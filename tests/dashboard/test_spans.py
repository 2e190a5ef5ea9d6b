"""Spans with their reasons, page by page: all of them, once, and those that deciding alone gives."""

from __future__ import annotations

import json

import pytest
import zstandard

from eudaimon.core import UsageError
from eudaimon.core.files import write_json
from eudaimon.curate import apply_corpus, decide_corpus, load_policy, read_scores
from eudaimon.curate import decide as decide_one
from eudaimon.curate.decided import score_files
from eudaimon.dashboard import find, spans
from eudaimon.dashboard.decisions import decide, decided, policies
from eudaimon.dashboard.spans import Wanted


def expected(files, policy):
    """Spans by deciding document by document; two texts of one id and hash are one."""
    seen = set()
    for file in files:
        for document in read_scores(file):
            made = decide_one(policy, document)
            place = (document.id, document.text_hash, document.source)
            if made.outcome == "keep":
                seen |= {(*place, s.rule, s.start, s.end, s.why) for s in made.spans}
            elif made.outcome == "drop":
                seen.add((*place, made.rule, 0, None, made.reason))
    return seen


@pytest.fixture(
    params=[("runs", "prosocial"), ("runs", "strict"), ("scored", "strict"), ("scored", "good-only")]
)
def case(request):
    which, name = request.param
    made = request.getfixturevalue(which)
    (found,) = find(getattr(made, "folder", made)).of("scores")
    policy = load_policy(name)
    return decide(found, policy), expected(score_files(found.path), policy)


def pages(made, wanted, most=7):
    rows, first = [], 0
    while page := spans.page(made, wanted, first, most):
        rows += page
        first += most
    return rows


def keyed(rows):
    names = ("document", "text_hash", "source", "rule", "start", "end", "reason")
    return [tuple(row[name] for name in names) for row in rows]


def test_pages_hold_every_span_once_with_its_reason(case):
    made, truth = case
    rows = pages(made, Wanted())
    assert truth and set(keyed(rows)) == truth
    assert spans.count(made, Wanted()) == len(rows)
    assert keyed(rows) == keyed(
        sorted(rows, key=lambda r: (r["document"], r["text_hash"], r["start"], r["rule"]))
    )


def test_filters_part_the_spans(case):
    made, truth = case
    found = []
    for source in spans.sources(made):
        rows = pages(made, Wanted(source=source))
        assert {row["source"] for row in rows} == {source}
        found += keyed(rows)
    assert set(found) == truth
    for row in spans.by_rule(made):
        own = pages(made, Wanted(rule=row["rule"]))
        assert {one["rule"] for one in own} == {row["rule"]}
        assert row["spans"] == sum(one["end"] is not None for one in own)
        assert row["characters"] == sum(one["end"] - one["start"] for one in own if one["end"] is not None)
        assert row["documents"] == len({(one["document"], one["text_hash"]) for one in own})
        assert row["why"] and row["does"]


@pytest.mark.parametrize("word", ["'; drop table x; --", "%", "no such source"])
def test_a_filter_is_a_value_and_no_sql(case, word):
    made, _ = case
    assert spans.page(made, Wanted(source=word), 0) == []
    assert spans.count(made, Wanted(rule=word)) == 0


def test_the_text_of_a_span_is_that_of_the_corpus(scored):
    (found,) = find(scored).of("scores")
    made = decide(found, load_policy("strict"))
    for row in spans.page(made, Wanted(), 0, 6):
        shown = spans.text_of(found, row)
        assert any(word in shown.text for word in ("rob", "cheat"))
        if row["end"] is not None:
            assert len(shown.text) == row["end"] - row["start"]
    with pytest.raises(UsageError, match="no document"):
        spans.text_of(found, row | {"document": "../etc/passwd"})
    with pytest.raises(UsageError, match="not there as it was scored"):
        spans.text_of(found, row | {"text_hash": "another"})


@pytest.fixture
def applied(scored, tmp_path):
    (found,) = find(scored).of("scores")
    decide_corpus(found.path, "strict", tmp_path / "decisions", show_progress=False)
    apply_corpus(tmp_path / "decisions", tmp_path / "curated", show_progress=False)
    return find(tmp_path)


def test_what_was_removed_is_listed_with_its_text(applied):
    (found,) = applied.of("applied")
    files = spans.removed_files(found)
    rows = []
    for path in files:
        content = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
        rows += [json.loads(line) for line in content.splitlines()]
    assert rows and sum(row["pieces"] for row in spans.removed_by_reason(files)) == len(rows)
    listed = spans.removed_page(files, None, 0, 1000)
    assert sorted((r["id"], r["start"], r["text"]) for r in listed) == sorted(
        (r["id"], r["start"], r["text"]) for r in rows
    )
    some = [*spans.removed_page(files, None, 0, 3), *spans.removed_page(files, None, 3, 1000)]
    assert some == listed


def test_a_line_that_nobody_can_read_is_counted_and_the_others_are_shown(applied):
    (found,) = applied.of("applied")
    path = spans.removed_files(found)[0]
    good = {"id": "x", "start": 0, "end": 3, "text": "abc", "kind": "redact", "rule": "r", "why": "w"}
    lines = [json.dumps(good), json.dumps(good | {"text": "half \ud800"}), json.dumps(good | {"start": 9})]
    path.write_bytes(zstandard.ZstdCompressor().compress("\n".join(lines).encode()))
    reasons = {row["kind"]: row["pieces"] for row in spans.removed_by_reason([path])}
    assert reasons == {"redact": 2, "unreadable": 1}
    assert [row["start"] for row in spans.removed_page([path], None, 0)] == [0, 9]


def test_decisions_that_are_there_are_read_with_their_policy(applied, scored):
    (found,) = applied.of("decisions")
    made = decided(found)
    (scores,) = find(scored).of("scores")
    assert made.policy.hash == load_policy("strict").hash
    assert keyed(pages(made, Wanted())) == keyed(pages(decide(scores, made.policy), Wanted()))
    assert set(policies(applied)) == set(policies(find(scored)))


def test_a_manifest_cannot_lead_out_of_its_folder(applied, tmp_path):
    (found,) = applied.of("decisions")
    manifest = json.loads((found.path / "manifest.json").read_text())
    manifest["shards"] = [{"id": "../../../secret"}]
    write_json(found.path / "manifest.json", manifest)
    assert decided(found).files == ()
