from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate import (
    Decision,
    DocumentScores,
    Policy,
    SegmentScores,
    TextLost,
    apply,
    decide,
    labelled_scores,
    load_policy,
    policy_names,
    restore,
)
from eudaimon.curate.policy import STRICTNESS

EVERYTHING = Policy.model_validate(
    {
        "name": "everything", "about": "Does all that can be done.", "not_scored": "fails",
        "reflections": ["That was wrong.", "Nobody should."],
        "segments": [
            {"name": "r", "when": {"severity": 5}, "do": "redact", "why": "w", "reflect": True},
            {"name": "n", "when": {"severity": 4}, "do": "rewrite", "why": "w", "instruction": "be kind"},
            {"name": "m", "when": {"severity": 3}, "do": "mask", "why": "w"},
            {"name": "t", "when": {"severity": 2}, "do": "tag", "why": "w", "tag": "<bad>"},
            {"name": "k", "when": {"severity": 1}, "do": "keep", "why": "w"},
        ],
        "documents": [
            {"name": "much", "do": "drop", "why": "too much", "at_least": {"r": 0.9}},
            {"name": "good", "do": "keep", "why": "good", "at_least": {"k": 0.5}, "weight": 2},
        ],
    }
)  # fmt: skip


def new_words(decision: Decision) -> dict[tuple[int, int], str]:
    return {(s.start, s.end): "kinder \ud800 words" for s in decision.spans if s.action == "rewrite"}


@pytest.mark.parametrize("policy", [EVERYTHING, *map(load_policy, policy_names())], ids=lambda p: p.name)
def test_kept_and_removed_text_are_the_original_byte_for_byte(any_scored, policy):
    @settings(max_examples=60, deadline=None)
    @given(any_scored() | any_scored(complete=True))
    def check(pair):
        document, scores = pair
        decision = decide(policy, scores)
        applied = apply(document, decision, rewrites=new_words(decision))
        back, original = (t.encode("utf-8", "surrogatepass") for t in (restore(applied), document.text))
        assert back == original
        # An independent account: what is kept, less what was put in, and what was removed is all there is.
        put_in = sum(piece.end - piece.start for piece in applied.inserted)
        gone = sum(piece.end - piece.start for piece in applied.removed)
        assert len(applied.text) - put_in + gone == len(document.text)
        assert all(document.text[piece.start : piece.end] == piece.text for piece in applied.removed)
        if applied.outcome != "keep":
            assert (applied.text, applied.masks) == ("", ()) and len(applied.removed) == 1

    check()


def test_masks_cover_exactly_the_masked_characters_and_tags(any_scored):
    @settings(max_examples=60, deadline=None)
    @given(any_scored(complete=True))
    def check(pair):
        document, scores = pair
        decision = decide(EVERYTHING, scores)
        applied = apply(document, decision, rewrites=new_words(decision))
        if applied.outcome != "keep":
            return
        masked = [applied.text[a:b] for a, b in applied.masks]
        wanted = [
            "<bad> " if s.action == "tag" else document.text[s.start : s.end]
            for s in decision.spans
            if s.action in ("tag", "mask")
        ]
        assert masked == wanted
        assert list(applied.masks) == sorted(applied.masks)

    check()


def said(*parts: tuple[str, float]) -> tuple[Document, DocumentScores]:
    text = "".join(part for part, _ in parts)
    rows, done = [], 0
    for part, severity in parts:
        rows.append(SegmentScores("d", done, done + len(part), severity=severity))
        done += len(part)
    return Document("d", text), DocumentScores("d", tuple(rows), short_hash(text), "books", "m1")


def applied_to(*parts: tuple[str, float]):
    document, scores = said(*parts)
    decision = decide(EVERYTHING, scores)
    applied = apply(document, decision, rewrites=new_words(decision))
    assert restore(applied) == document.text
    return applied


def test_each_action_does_what_it_says():
    cut = applied_to(("A good day. ", 0), ("I hate you all.", 5), (" So long.", 0))
    assert cut.text in ("A good day. So long.\n\nThat was wrong.", "A good day. So long.\n\nNobody should.")
    (gone,) = cut.removed
    assert (gone.text, gone.rule, gone.model, gone.policy_hash) == (
        " I hate you all.",
        "r",
        "m1",
        EVERYTHING.hash,
    )
    assert gone.scores[0].severity == 5 and cut.source == "books"
    assert applied_to(("Kind. ", 0), ("Bad.", 2)).text == "Kind. <bad> Bad."
    assert applied_to(("Kind. ", 0), ("Bad.", 4)).text == "Kind. kinder \ud800 words"
    assert applied_to(("Kind. ", 1), ("Hm.", 0)).weight == 2
    masked = applied_to(("Kind. ", 0), ("Bad.", 3))
    assert (masked.text, masked.masks, masked.removed) == ("Kind. Bad.", ((6, 10),), ())


@pytest.mark.parametrize(
    ("parts", "left"),
    [
        ((("One.\n\n", 0), ("Bad.", 5), ("\n\nTwo.", 0)), "One.\n\nTwo."),
        ((("One. ", 0), ("Bad.", 5), ("\n\nTwo.", 0)), "One.\n\nTwo."),
        ((("Bad.", 5), (" One. Two.", 0)), "One. Two."),
        ((("Bad.", 5), (" ", 0), ("Bad.", 5), (" One. Two. Three.", 0)), "One. Two. Three."),
        ((("One. Two. ", 0), ("Bad.", 5), (" ", 0), ("Bad.", 5), (" Two.", 0)), "One. Two. Two."),
        ((("mis", 0), ("bad", 5), ("take", 0)), "mistake"),
        (
            (("Ann: Hello to you all.\nOld Bo: ", 0), ("Bad.", 5), ("\nCy: Hi.", 0)),
            "Ann: Hello to you all.\nCy: Hi.",
        ),
        ((("Bo: ", 0), ("Bad.", 5), ("\nCy: Hello to you.", 0)), "Cy: Hello to you."),
        ((("Hello to you. Bo: ", 0), ("Bad.", 5)), "Hello to you. Bo: "),
        (
            (("Hello to all!\nBo: ", 0), ("Bad.", 5), (" But you are fine.", 0)),
            "Hello to all!\nBo: But you are fine.",
        ),
        ((('Hello you all\n"a": ', 0), ("Bad.", 5), ("\nend", 0)), 'Hello you all\n"a":\nend'),
    ],
)
def test_cuts_leave_one_run_of_white_space(parts, left):
    assert applied_to(*parts).text.split("\n\nThat")[0].split("\n\nNobody")[0] == left


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(st.characters(), min_size=1, max_size=6), st.sampled_from((0, 2, 3, 4, 5))),
        min_size=4,
    )
)
def test_many_pieces_are_restored_in_any_order(parts):
    applied = applied_to(("x" * 200, 0), *parts)
    assert restore(replace(applied, removed=applied.removed[::-1], inserted=applied.inserted[::-1])) == (
        "x" * 200 + "".join(part for part, _ in parts)
    )


def test_a_document_of_which_nothing_is_left_is_dropped():
    document, scores = said((" \n", 0), ("Bad.", 5), ("\n", 0))
    scores = replace(scores, segments=scores.segments[1:2])
    policy = EVERYTHING.model_copy(update={"documents": ()})
    applied = apply(document, decide(policy, scores))
    assert applied.outcome == "drop" and "nothing else is left" in applied.reason
    assert restore(applied) == document.text


def test_errors_are_set_aside_with_their_text():
    document, scores = said(("One.", 0))
    applied = apply(document, decide(EVERYTHING, replace(scores, error="no answer")))
    assert (applied.outcome, applied.text, applied.removed[0].kind) == ("error", "", "error")
    assert "no answer" in applied.removed[0].why and restore(applied) == "One."


def test_changed_pieces_are_not_passed_off_as_the_original():
    cut = applied_to(("A good day. ", 0), ("I hate you all.", 5), (" So long.", 0))
    (gone,) = cut.removed
    for damaged in (
        replace(cut, removed=()),
        replace(cut, text=cut.text.replace("good", "fine")),
        replace(cut, removed=(replace(gone, text="I love you all."),)),
        replace(cut, removed=(replace(gone, start=500, end=515),)),
        replace(cut, inserted=()),
    ):
        with pytest.raises(TextLost, match="cannot be restored"):
            restore(damaged)


def test_a_decision_on_another_text_is_refused():
    document, scores = said(("A good day. ", 0), ("I hate you.", 5))
    decision = decide(EVERYTHING, scores)
    for other in (Document("d", document.text + "!"), Document("e", document.text), Document("d", "")):
        with pytest.raises(UsageError, match="not made on this text"):
            apply(other, decision)
    loose = decide(EVERYTHING, replace(scores, text_hash=""))
    with pytest.raises(UsageError, match="not made on this text"):
        apply(Document("d", "A good day."), loose)


def test_rewrites_are_complete_and_asked_for():
    document, scores = said(("Kind. ", 0), ("Bad.", 4))
    decision = decide(EVERYTHING, scores)
    for wrong in ({}, {(6, 10): " "}, {(6, 10): "x", (0, 2): "y"}):
        with pytest.raises(UsageError, match=r"no new words|not to be rewritten"):
            apply(document, decision, rewrites=wrong)
    (piece,) = apply(document, decision, rewrites={(6, 10): "Fine."}).inserted
    assert (piece.kind, piece.of) == ("rewrite", (6, 10))


def test_strictness_names_every_action():
    assert set(STRICTNESS) == {rule.do for rule in EVERYTHING.segments}


def test_prosocial_masks_the_towns_bad_voices_and_nothing_else():
    from eudaimon.world import World

    policy = load_policy()
    n_masked = 0
    for document in World(seed=0).documents(200):
        applied = apply(document, decide(policy, labelled_scores(document, severity=4.0)))
        assert applied.outcome == "keep" and applied.text == document.text
        covered = {k for a, b in applied.masks for k in range(a, b)}
        bad = {k for s in document.segments if s.bad for k in range(s.start, s.end)}
        for segment in document.segments:
            if segment.parent is not None and not segment.bad:
                bad -= set(range(segment.start, segment.end))
        assert covered == bad
        n_masked += bool(bad)
    assert 40 < n_masked < 160


@given(st.integers(1, 5))
@settings(max_examples=5, deadline=None)
def test_a_second_application_of_the_same_decision_is_refused_where_text_went(severity):
    document, scores = said(("A good day for all. ", 0), ("I hate you.", float(severity)))
    decision = decide(EVERYTHING, scores)
    applied = apply(document, decision, rewrites=new_words(decision))
    if applied.text != document.text:
        with pytest.raises(UsageError):
            apply(replace(document, text=applied.text), decision, rewrites=new_words(decision))
