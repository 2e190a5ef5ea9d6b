"""Findings of an audit: the corpus's own rates come out, weighted, by group, with raters compared."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from eudaimon.core.errors import UsageError
from eudaimon.curate import load_policy
from eudaimon.curate.audit.draw import draw_sample
from eudaimon.curate.audit.estimate import estimate
from eudaimon.curate.audit.markers import markers
from eudaimon.curate.audit.ratings import Labels, Rating
from eudaimon.curate.audit.texts import with_texts
from eudaimon.curate.decided import score_files

BAD = Labels(severity=3, category="fraud", stance="advocates", frame="none", subject="human")
GOOD = Labels(severity=0)


def rate(known, items, rater="ann", wrong=0.0, seed=0):
    rng = np.random.default_rng(seed)
    for item in items:
        bad = (item.key in known.bad) != (rng.random() < wrong)
        yield Rating(
            document=item.document, segment=item.segment, rater=rater, rubric="r", labels=BAD if bad else GOOD
        )


@pytest.fixture(scope="module")
def sample(known, policy):
    drawn = draw_sample(score_files(known.folder), policy, n=400)
    return drawn.plan, with_texts(drawn.items, known.documents)


@pytest.fixture(scope="module")
def record(known, policy, sample):
    plan, items = sample
    return estimate(plan, items, rate(known, items), policy)


def truths(known):
    good = set(known.keys) - known.bad
    return {
        "precision": len(known.bad & known.removed) / len(known.removed),
        "recall": len(known.bad & known.removed) / len(known.bad),
        "prevalence": len(known.bad) / len(known.keys),
        "over_removal": len(good & known.removed) / len(good),
    }


def covers(score, truth):
    # Where all that was removed is in the sample, both ends are the truth itself.
    return score.low - 1e-9 <= truth <= score.high + 1e-9


def test_rates_of_the_corpus_come_out(known, record, sample):
    for name, truth in truths(known).items():
        found = getattr(record, name)
        assert covers(found, truth), name
        assert found.high - found.low < (0.35 if name == "recall" else 0.15), name
    in_sample = np.mean([item.key in known.bad for item in sample[1]])
    assert in_sample > 2 * record.prevalence.value  # half of the sample was removed, so weights matter
    assert record.n_rated == record.n_items == 400
    assert record.raters == ("ann",)
    assert record.agreement == ()


def test_intervals_cover_over_many_audits(known, policy):
    covered: Counter[str] = Counter()
    files = score_files(known.folder)
    rounds = 14
    for seed in range(rounds):
        drawn = draw_sample(files, policy, n=120, seed=seed)
        found = estimate(drawn.plan, drawn.items, rate(known, drawn.items), policy)
        for name, truth in truths(known).items():
            score = getattr(found, name)
            covered[name] += covers(score, truth)
    # With 14 audits at 95 % fewer than 11 hits come about once in a thousand.
    assert min(covered[name] for name in truths(known)) >= 11


def test_by_source_and_by_dialect(known, record):
    groups = {(g.kind, g.name): g for g in record.groups}
    assert {name for kind, name in groups if kind == "source"} == {"books", "forum", "chat"}
    for source in ("books", "forum"):
        good = [k for k in known.keys if known.sources[k] == source and k not in known.bad]
        truth = np.mean([k in known.removed for k in good])
        found = groups["source", source].over_removal
        assert covers(found, truth)
    texts = {(d.id, k): d.text for d in known.documents for k in range(7)}
    assert any("dinnae" in text for text in texts.values())
    scots = groups["dialect", "Scots and Scottish English"]
    assert scots.n_rated > 20
    assert scots.over_removal is not None
    assert 0 < scots.over_removal.high < 0.2
    assert not any(kind == "identity" for kind, _ in groups)


def test_raters_are_compared(known, policy, sample):
    plan, items = sample
    ratings = [*rate(known, items), *rate(known, items[:120], "ben", wrong=0.1)]
    found = estimate(plan, items, ratings, policy)
    alphas = {a.question: a for a in found.agreement}
    assert set(alphas) == {"verdict", "severity", "stance"}
    assert alphas["verdict"].alpha.n == 120
    assert 0.5 < alphas["verdict"].alpha.value < 0.95
    assert found.raters == ("ann", "ben")
    same = estimate(plan, items, [*rate(known, items[:9]), *rate(known, items[:9], "cy")], policy)
    assert {a.alpha.value if a.alpha else a.why_not for a in same.agreement} & {
        1.0,
        "all ratings are 0: alpha is undefined",
    }


def test_skipped_and_unclear_items_are_left_to_their_stratum(known, policy, sample):
    plan, items = sample
    ratings = list(rate(known, items))
    ratings[0] = ratings[0].model_copy(update={"labels": Labels(), "skipped": True})
    ratings[1] = ratings[1].model_copy(update={"labels": Labels(severity=4, stance="advocates")})
    found = estimate(plan, items, ratings, policy)
    assert (found.n_rated, found.n_skipped, found.n_unclear) == (398, 1, 1)
    none_of_kept = [r for r, i in zip(ratings, items, strict=True) if i.key in known.removed]
    few = estimate(plan, items, none_of_kept, policy)
    assert few.precision is not None
    assert few.recall is None
    assert "strata" in few.notes[0]


def test_what_cannot_be_estimated_is_refused(policy, sample):
    plan, items = sample
    with pytest.raises(UsageError, match="no item of the sample has a rating"):
        estimate(plan, items, (), policy)
    with pytest.raises(UsageError, match="was drawn under policy prosocial"):
        estimate(plan, items, (), load_policy("strict"))


@pytest.mark.parametrize(
    ("kind", "text", "groups"),
    [
        ("dialect", "Ye dinnae say", {"Scots and Scottish English"}),
        ("dialect", "Y’ALL come in", {"Southern American English"}),
        ("dialect", "wheel, week, gone, lahore", set()),
        (
            "identity",
            "A gay  Black woman\nspoke",
            {"women", "gay, lesbian and bisexual people", "Black people"},
        ),
        ("identity", "Two african\namericans", {"Black people"}),
        ("identity", "black ink on a white page, and menace", set()),
    ],
)
def test_markers_are_whole_words(kind, text, groups):
    assert markers(kind).found(text) == groups


@pytest.mark.parametrize("kind", ["dialect", "identity"])
def test_markers_say_where_they_come_from_and_what_they_cannot_say(kind):
    found = markers(kind)
    assert len(found.source.split()) > 20
    assert len(found.limits.split()) > 20
    for name, terms in found.groups.items():
        assert len(set(terms)) == len(terms), name
        for term in terms:
            assert term == term.lower()
            assert name in found.found(f"x {term}. y"), term
