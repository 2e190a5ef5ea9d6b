"""Text goes out once, in order, in whole characters, and never beyond what passed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eudaimon.monitor.band import Band
from eudaimon.serve.asked import Decided
from eudaimon.serve.local.readout import Read
from eudaimon.serve.local.release import Release
from eudaimon.serve.local.watched import Watched


class Bytes:
    """A tokenizer whose tokens are bytes: most characters take several."""

    def decode(self, tokens, skip_special_tokens=False):
        return bytes(tokens).decode("utf-8", "replace")


texts = st.text(alphabet="abé🦊\u00a0ß.", max_size=24)


@given(
    texts,
    st.lists(st.integers(0, 60), max_size=40),
    st.integers(0, 3),
    st.lists(st.sampled_from("abé."), max_size=2),
)
def test_pieces_are_the_text_and_never_more_than_passed(text, passes, hold, stop):
    release, told, passed = Release(Bytes(), stop), "", 0
    cut = min((at for one in stop if (at := text.find(one)) >= 0), default=len(text))
    for n, token in enumerate(text.encode(), start=1):
        if release.stopped:
            break
        release.add(token)
        passed = max(passed, min(passes[n % len(passes)] if passes else n, n))
        piece = release.piece(max(passed - hold, 0))
        told += piece.text if piece else ""
        allowed = bytes(release.tokens[: max(passed - hold, 0)]).decode("utf-8", "ignore")
        assert allowed.startswith(told) and "\ufffd" not in told
        assert text[:cut].startswith(told)
    assert release.stopped is (cut < len(text))
    piece = release.piece(len(release), ended=True)
    told += piece.text if piece else ""
    assert told == text[:cut] == release.said
    assert release.piece(len(release), ended=True) is None


@given(texts, st.integers(0, 40))
def test_after_a_rewind_it_goes_on_where_it_was(text, passed):
    release, told = Release(Bytes()), ""
    for token in text.encode():
        release.add(token)
    piece = release.piece(passed)
    told += piece.text if piece else ""
    kept = release.sent
    release.rewind()
    assert len(release) == kept and release.sent == kept
    assert bytes(release.tokens).decode("utf-8", "ignore").startswith(told)
    for token in b" and on":
        release.add(token)
    last = release.piece(len(release), ended=True)
    assert (told + (last.text if last else "")) == told + " and on"


looks = st.lists(
    st.tuples(st.sampled_from((0.1, 0.3, 0.45, 0.6, 0.9, float("nan"))), st.booleans()), max_size=12
)


@given(looks, st.booleans(), st.lists(st.booleans(), max_size=12))
def test_what_passed_was_read_and_cleared(looks, fail_open, verdicts):
    """Nothing at or behind a flagged look passes, and in the band only what the second opinion cleared."""
    guard = SimpleNamespace(output=0.8, fail_open=fail_open, band=Band(0.4, 0.7), second=None)
    watched, asked, bad = Watched(guard), None, None
    answers = iter(verdicts)
    cleared, uncertain = 0, []
    for n, (score, answer_now) in enumerate(looks, start=1):
        watched.look(n, Read(score))
        if bad is None and (score >= 0.8 or (np.isnan(score) and not fail_open)):
            bad = n
        if bad is None and 0.4 <= score < 0.7:
            uncertain.append(n)
        if watched.wants is not None and asked is None:
            asked = watched.wants
            assert watched.asked().layer == "monitor"
        if answer_now and asked is not None:
            flagged = next(answers, False)
            if flagged and bad is None:
                bad = asked
            elif not flagged:
                cleared = max(cleared, asked) if bad is None else cleared
            watched.answered(asked, Decided(flagged, 0.5, 0.5, layer="critique"))
            asked = None
        assert (watched.hit is not None) is (bad is not None)
        assert watched.passed <= n
        if bad is None:
            open_looks = [one for one in uncertain if one > cleared]
            assert not open_looks or watched.passed < max(open_looks)
            assert open_looks or watched.passed == n
