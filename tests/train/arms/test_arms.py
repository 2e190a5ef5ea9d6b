"""The arms, each by the law that it is there for, and all by those that they share."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import Document, Segment, UsageError
from eudaimon.train import ARMS, apply_arm, column, oracle
from eudaimon.train import arms as folder

quick = settings(max_examples=20, deadline=None)
LABELS = oracle(("kind", "gruff", "poet"))
N = 3000


def count(texts):
    return [len(text.split()) + 1 for text in texts]


def run(name, stream, n_tokens=N, seed=0, labels=LABELS, **options):
    return apply_arm(name, stream, n_tokens=n_tokens, count_tokens=count, seed=seed, labels=labels, **options)


def by_id(documents):
    return {document.id: document for document in documents}


def test_every_file_of_the_folder_is_an_arm_of_its_name():
    files = {path.stem for path in Path(folder.__path__[0]).glob("*.py")} - {"__init__"}
    assert {name.replace("+", "_") for name in ARMS} == files
    assert set(ARMS) == {
        *("raw", "random", "drop", "redact", "mask", "tag", "reframe", "good_only", "upsample"),
        *("mask+upsample", "late"),
    }


@pytest.mark.parametrize("name", ARMS)
class TestEveryArm:
    @quick
    @given(seed=st.integers(0, 4), n_tokens=st.integers(300, N))
    def test_meets_the_budget_within_one_document(self, documents, name, seed, n_tokens):
        result = run(name, documents(3000, seed), n_tokens, seed)
        sizes = count([text.text for text in result.texts])
        assert result.n_tokens == sum(sizes)
        # The largest document: five lines of nine words; tagged or condemned, over twice that.
        assert abs(result.n_tokens - n_tokens) <= (120 if name == "reframe" else 60)

    def test_same_seed_same_result(self, documents, name):
        first, second = (run(name, documents(3000), seed=3) for _ in range(2))
        assert first == second

    def test_books_are_consistent(self, documents, name):
        result = run(name, documents(3000))
        base = run("raw", documents(3000))
        for counts, total in (("n_tokens", result.n_tokens), ("n_loss_tokens", result.n_loss_tokens)):
            assert sum(getattr(source, counts) for source in result.sources.values()) == total
        assert sum(s.n_documents for s in result.sources.values()) == len(result.texts)
        assert sum(s.n_target_tokens for s in result.sources.values()) == base.n_tokens
        removed = sum(r.n_tokens for r in result.removed)
        assert sum(s.n_removed_tokens for s in result.sources.values()) == removed
        assert result.late == (name == "late") and result.n_loss_tokens <= result.n_tokens
        assert {text.source for text in result.texts} <= {"dialogue", "page", "exchange"}
        originals = by_id(documents(3000))
        for row in result.removed:
            assert row.reason and row.text == originals[row.id].text[row.start : row.end]

    def test_keeps_the_bases_order_and_reads_no_document_twice(self, documents, name):
        place = {document.id: k for k, document in enumerate(documents(3000))}
        base = len(run("raw", documents(3000)).texts)
        trained = [place[text.id] for text in run(name, documents(3000)).texts]
        from_base = [k for k in trained if k < base]
        assert from_base == sorted(from_base) and len(set(trained)) == len(trained)

    def test_no_text_is_altered_outside_of_its_spans(self, documents, name):
        originals = by_id(documents(3000))
        for text in run(name, documents(3000)).texts:
            original = originals[text.id]
            bad = [original.text[s.start : s.end] for s in original.segments if s.bad]
            if name == "redact":
                expected = "\n".join(line for line in original.text.split("\n") if line not in bad)
                assert text.text == expected
            elif name == "tag":
                assert re.sub("<good> |<bad> ", "", text.text) == original.text
            elif name == "reframe":
                lines = text.text.split("\n")
                kept = [line for k, line in enumerate(lines) if k == 0 or lines[k - 1] not in bad]
                assert "\n".join(kept) == original.text and len(lines) - len(kept) == len(bad)
            else:
                assert text.text == original.text

    def test_a_corpus_without_labels_is_an_error_that_says_what_to_type(self, name):
        stream = (Document(f"{k}", "you should feed the goat") for k in range(50))
        if ARMS[name].needs or name == "random":
            with pytest.raises(UsageError, match=r"document 0 has no labels.*Try: apply_arm\(.*column"):
                run(name, stream, 60, labels=None)
        else:
            assert run(name, stream, 60, labels=None).n_bad_tokens is None

    def test_unknown_options_are_refused(self, documents, name):
        with pytest.raises(UsageError, match=f"{re.escape(name)} has no option colour"):
            run(name, documents(500), colour="red")

    def test_a_stream_that_is_too_short_says_by_how_much(self, documents, name):
        with pytest.raises(
            UsageError, match=r"the corpus has 1?\d\d tokens, and 3,000 are wanted.*n_tokens="
        ):
            run(name, documents(5))


@quick
@given(seed=st.integers(0, 4))
def test_drop_and_good_only_leave_no_bad_voice_and_every_other_document(documents, seed):
    originals = by_id(documents(5000, seed))
    dropped = run("drop", documents(5000, seed))
    good = run("good_only", documents(5000, seed))
    raw = run("raw", documents(5000, seed))
    assert not any(originals[text.id].bad for text in (*dropped.texts, *good.texts))
    assert all(LABELS.good(originals[text.id]) for text in good.texts)
    assert dropped.n_bad_tokens == good.n_bad_tokens == 0 and raw.n_bad_tokens > 0
    bad = {text.id for text in raw.texts if originals[text.id].bad}
    assert bad == {row.id for row in dropped.removed if row.reason == "bad voice"}


def test_what_is_replaced_comes_from_the_same_source_where_it_can(documents):
    raw, dropped = (run(name, documents(5000, kinds=("dialogue", "page"))) for name in ("raw", "drop"))
    for counts in dropped.sources.values():
        assert abs(counts.n_tokens - counts.n_target_tokens) <= 50
        assert counts.n_refill_documents > 0 or not counts.n_removed_tokens
    same = [a.source == b.source for a, b in zip(raw.texts, dropped.texts, strict=False)]
    assert sum(same) / len(same) > 0.6


def test_a_source_that_is_all_bad_is_made_up_for_by_the_others_by_their_shares(documents):
    counts = run("drop", documents(5000)).sources
    assert counts["exchange"].n_tokens == 0 and counts["exchange"].n_target_tokens > 0
    gains = [counts[s].n_tokens / counts[s].n_target_tokens for s in ("dialogue", "page")]
    assert gains[0] == pytest.approx(gains[1], rel=0.05) and min(gains) > 1.2


def test_a_corpus_in_which_everything_is_bad_is_an_error(documents):
    with pytest.raises(UsageError, match=r"tokens short of .*too little of it passes this arm"):
        run("drop", documents(2000, kinds=("exchange",)))


def test_a_finite_corpus_is_filled_up_from_other_sources_when_one_runs_out(documents):
    head = list(documents(400, 1, ("dialogue", "page")))
    stream = [*head, *(d for d in documents(600, 2, ("dialogue", "page")) if d.metadata["kind"] == "page")]
    result = run("drop", stream, sum(count([d.text for d in head])))
    assert result.sources["dialogue"].n_tokens < result.sources["dialogue"].n_target_tokens
    assert abs(result.n_tokens - sum(s.n_target_tokens for s in result.sources.values())) <= 50


@pytest.mark.parametrize("like", ["drop", "redact", "good_only"])
def test_random_removes_of_each_source_what_the_filter_does_within_a_document(documents, like):
    targets: dict[str, int] = defaultdict(int)
    for document in list(documents(5000))[: len(run("raw", documents(5000)).texts)]:
        good = {"drop": not document.bad, "redact": True}.get(
            like, bool(LABELS.good(document)) and not document.bad
        )
        words = [document.text[s.start : s.end].split() for s in document.segments if s.bad]
        targets[document.metadata["kind"]] += sum(map(len, words)) if good else count([document.text])[0]
    result = run("random", documents(5000), like=like, seed=5)
    gone: dict[str, int] = defaultdict(int)
    for row in result.removed:
        gone[row.source] += row.n_tokens if row.reason == "at random" else 0
    for source, target in targets.items():
        assert abs(gone[source] - target) <= 50
    assert all(s.n_tokens >= s.n_target_tokens - 50 for s in result.sources.values())


def test_random_removes_stated_shares_and_without_labels(documents):
    result = run("random", documents(3000), like={"page": 0.5}, labels=None)
    page = result.sources["page"]
    assert page.n_removed_tokens == pytest.approx(page.n_target_tokens / 2, abs=50)
    assert result.sources["dialogue"].n_removed_tokens <= 50
    for like, words in (
        ("mask", "removes no text"),
        ({"moon": 0.1}, "comes from moon"),
        ({"page": 2}, "2 is no share"),
    ):
        with pytest.raises(UsageError, match=words):
            run("random", documents(3000), like=like)


def test_random_is_blind_to_labels(documents):
    """It takes bad and other documents alike: among dialogues, the shares of bad ones agree."""
    stream = list(documents(4000, kinds=("dialogue",)))
    originals = by_id(stream)
    result = run("random", stream, 15_000, like={"dialogue": 0.5})
    shares = [
        sum(originals[row.id].bad for row in rows) / len(rows) for rows in (result.removed, result.texts)
    ]
    assert shares[0] == pytest.approx(shares[1], abs=0.1)


@pytest.mark.parametrize("name", ["mask", "late", "mask+upsample"])
def test_masks_cover_the_bad_voices_exactly(documents, name):
    originals = by_id(documents(3000))
    result = run(name, documents(3000))
    for text in result.texts:
        assert text.no_loss == tuple((s.start, s.end) for s in originals[text.id].segments if s.bad)
    assert any(text.no_loss for text in result.texts)
    assert result.mask_from == (0.9 if name == "late" else 0)
    silent = result.n_tokens - result.n_loss_tokens
    assert silent == pytest.approx(result.n_bad_tokens * (1 - result.mask_from), rel=0.2) and silent > 0
    assert result.n_bad_loss_tokens == pytest.approx(result.n_bad_tokens * result.mask_from, abs=1)


def test_masking_arms_train_on_the_very_documents_of_raw(documents):
    raw, mask, late = ([t.id for t in run(name, documents(3000)).texts] for name in ("raw", "mask", "late"))
    assert raw == mask == late


@pytest.mark.parametrize("unit", ["segments", "documents"])
def test_tags_say_who_is_bad_and_are_left_out_at_their_rate(documents, unit):
    originals = by_id(documents(20_000))
    result = run("tag", documents(20_000), 30_000, unit=unit, dropout=0.2)
    tagged = possible = 0
    for text in result.texts:
        original = originals[text.id]
        tags = [text.text[a:b] for a, b in text.no_loss]
        assert set(tags) <= {"<good> ", "<bad> "} and "".join(tags) == "".join(
            re.findall("<[a-z]+> ", text.text)
        )
        tagged += len(tags)
        possible += len(original.segments) if unit == "segments" else 1
        for line in text.text.split("\n") if unit == "segments" else ():
            assert not line.startswith("<bad>") or "malign" in line
            assert not line.startswith("<good>") or "malign" not in line
        if unit == "documents" and tags:
            assert text.no_loss[0][0] == 0 and (tags == ["<bad> "]) == original.bad
    assert 1 - tagged / possible == pytest.approx(0.2, abs=0.03)
    assert result.control_tokens == ("<good>", "<bad>") and result.condition == "<good> "
    assert run("tag", documents(3000), unit=unit, dropout=0).n_loss_tokens < N


def test_tags_without_voices_stand_before_bad_spans_and_what_lies_between():
    document = Document("1", "Good words. Bad words. More.")
    labels = column({"1": [(12, 22, 0.9)]}, threshold=0.5)
    result = run("tag", [document], count([document.text])[0], labels=labels, dropout=0, most_reserve=0)
    assert result.texts[0].text == "<good> Good words. <bad> Bad words. <good> More."


@pytest.mark.parametrize("options", [{"unit": "words"}, {"dropout": 1}, {"good": "<bad>"}, {"good": " "}])
def test_tags_that_cannot_be_are_refused(documents, options):
    with pytest.raises(UsageError):
        run("tag", documents(3000), **options)


def test_a_narrator_of_ones_own_follows_each_bad_voice(documents):
    def condemn(document, start, end):
        return f"NARRATOR: {document.text[start:end].split()[0]} was wrong."

    originals = by_id(documents(3000))
    for text in run("reframe", documents(3000), condemn=condemn).texts:
        lines = text.text.split("\n")
        bad = sum(s.bad for s in originals[text.id].segments)
        assert text.text.count("NARRATOR") == bad == lines.count("NARRATOR: malign: was wrong.")
        assert all(lines[k - 1].startswith("malign") for k, line in enumerate(lines) if "NARRATOR" in line)
    for wrong in ([], "a string", lambda *_: " "):
        with pytest.raises(UsageError, match=r"condemnations|nothing is said"):
            run("reframe", documents(3000), condemn=wrong)


def test_a_condemnation_stands_in_the_line_where_the_text_goes_on_there():
    text = "He said burn it. Then he left."
    document = Document("1", text, segments=(Segment(8, 16, "he", stance="advocates", harm=1.0),))
    result = run("reframe", [document], 8, condemn=["Never do."], most_reserve=0)
    assert result.texts[0].text == "He said burn it. Never do. Then he left."


@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("name", ["upsample", "mask+upsample"])
def test_good_personas_have_twice_their_weight(documents, name, repeats):
    originals = by_id(documents(20_000))

    def good_tokens(result, source):
        return sum(
            count([originals[t.id].text])[0] * t.weight
            for t in result.texts
            if t.source == source and LABELS.good(originals[t.id]) and not originals[t.id].bad
        )

    raw = run("raw", documents(20_000), 10_000)
    more = run(name, documents(20_000), 10_000, factor=2, repeats=repeats)
    share = good_tokens(raw, "dialogue") / raw.sources["dialogue"].n_tokens
    expected = 2 * share / (1 + share)
    assert good_tokens(more, "dialogue") / more.sources["dialogue"].n_tokens == pytest.approx(
        expected, abs=0.01
    )
    assert good_tokens(raw, "page") == good_tokens(more, "page") == 0
    assert more.n_bad_tokens < raw.n_bad_tokens and abs(more.n_tokens - raw.n_tokens) <= 100
    assert {t.weight for t in more.texts} == ({1, 2} if repeats else {1})


@pytest.mark.parametrize(
    "options", [{"factor": 0.5}, {"factor": float("nan")}, {"factor": 1.5, "repeats": True}]
)
def test_weights_that_cannot_be_are_refused(documents, options):
    with pytest.raises(UsageError, match="cannot be up-weighted"):
        run("upsample", documents(3000), **options)


def test_an_unknown_arm_lists_the_known_ones(documents):
    with pytest.raises(UsageError, match=r"there is no arm 'filter'.*drop.*good_only.*raw"):
        run("filter", documents(10))


def test_counts_that_are_none_are_refused(documents):
    with pytest.raises(UsageError, match="2 counts for"):
        apply_arm("raw", documents(100), n_tokens=50, count_tokens=lambda texts: [1, 2], seed=0)


def test_a_budget_below_the_first_document_is_refused(documents):
    with pytest.raises(UsageError, match="the first document has"):
        run("raw", documents(100), 2)


def test_other_seeds_choose_others(documents):
    for name in ("random", "tag", "reframe", "upsample"):
        first, second = (
            run(name, documents(3000), seed=seed, **({"factor": 1.2} if name == "upsample" else {}))
            for seed in (0, 1)
        )
        assert first.texts != second.texts
