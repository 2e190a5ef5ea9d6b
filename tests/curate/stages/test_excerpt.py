"""What stands around a segment, and whose words they are."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.escalated import excerpts_of, voices
from eudaimon.curate.stages.excerpt import AFTER, BEFORE, Excerpt, excerpt, framed


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60), st.lists(st.integers(0, 60), min_size=4, max_size=4))
def test_the_parts_in_reading_order_are_the_document(text, places):
    low, start, end, high = sorted(min(place, len(text)) for place in places)
    found = excerpt(text, start, end, frame=(low, high))
    joined = found.before + found.frame_before + found.text + found.frame_after + found.after
    assert joined == text
    assert (found.frame_before, found.frame_after) == (text[low:start], text[end:high])


def test_the_nearest_context_is_kept():
    text = "b" * 1000 + "X" + "a" * 1000
    alone, within = excerpt(text, 1000, 1001), excerpt(text, 1000, 1001, frame=(0, len(text)))
    assert (alone.before, alone.after, alone.quoted) == ("b" * BEFORE, "a" * AFTER, False)
    assert (within.frame_before, within.frame_after, within.quoted) == ("b" * BEFORE, "a" * AFTER, True)


def test_a_quotation_is_read_in_its_frame_and_markup_is_no_voice():
    text = 'Human: She wrote "get out" and I disagree.\n\nAssistant: So do I.'
    batch = Batch.of([Document("d", text)])
    said = voices(batch).nonzero()[0]
    found = excerpts_of(batch, said)
    (quoted,) = [item for item in found if item.quoted]
    assert quoted.text == "get out" and quoted.frame_before.endswith('She wrote "')
    assert quoted.frame_after.startswith('" and I disagree.') and "So do I" in quoted.after
    assert all("Human:" not in item.text for item in found)


def test_a_labelled_quotation_is_found_in_its_frame():
    found = framed("get out", frame='He said "get out" again.', before="b", after="a")
    assert (found.frame_before, found.frame_after) == ('He said "', '" again.')
    elsewhere = framed("get out", frame="He was rude.")
    assert (elsewhere.frame_before, elsewhere.frame_after) == ("He was rude.", "")
    assert not framed("get out").quoted


@settings(max_examples=40, deadline=None)
@given(st.text("ab ", max_size=24), st.lists(st.integers(0, 24), min_size=4, max_size=4), st.integers(0, 24))
def test_surroundings_that_hold_the_frame_give_the_excerpt_of_the_document(text, places, cut):
    low, start, end, high = sorted(min(place, len(text)) for place in places)
    wanted = excerpt(text, start, end, frame=(low, high))
    near = text[max(0, start - cut) : start]
    found = framed(text[start:end], before=near, after=text[end:], frame=text[low:high])
    said = text[start:end]
    once = said and text.find(said, text.find(said) + 1) < 0
    if once:
        joined = found.before + found.frame_before + found.text + found.frame_after + found.after
        assert text.endswith(joined) and len(joined) >= len(near) + len(text) - start
    if once and cut >= start:
        assert found == wanted


def test_of_several_places_that_which_agrees_is_taken():
    found = framed("no", before="He says no and ", after=" twice", frame="no and no twice")
    assert (found.before, found.frame_before, found.frame_after) == ("He says ", "no and ", " twice")


def test_equal_excerpts_have_equal_hashes_and_others_do_not():
    assert Excerpt("ab", "c").hash == Excerpt("ab", "c").hash
    others = [Excerpt("a", "bc"), Excerpt("ab", after="c"), Excerpt("ab", frame_before="c"), Excerpt("abc")]
    assert len({item.hash for item in [*others, Excerpt("ab", "c"), Excerpt("\udc80")]}) == len(others) + 2
