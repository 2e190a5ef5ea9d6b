from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from eudaimon.core.errors import UsageError
from eudaimon.curate import DocumentScores, Policy, SegmentScores, When, decide, load_policy, policy_names
from eudaimon.curate.policy import STRICTNESS

BAD = {"harm": {"hate": 0.9}, "severity": 3.0, "stance": "enacts", "frame": "none", "subject": "human"}
FINE = {"harm": {"hate": 0.01}}


def scores(*segments: tuple[int, int, int | None, dict]) -> DocumentScores:
    return DocumentScores("d", tuple(SegmentScores("d", a, b, parent=p, **s) for a, b, p, s in segments))


def actions(policy: Policy, found: DocumentScores) -> list[tuple[int, int, str]]:
    return [(s.start, s.end, s.action) for s in decide(policy, found).spans]


def graded(**more: object) -> Policy:
    """Severity 1 to 5 from the mildest action to the strictest."""
    words = {"tag": {"tag": "<bad>"}, "rewrite": {"instruction": "x"}}
    rules = [
        {"name": do, "when": {"severity": k + 1}, "do": do, "why": do, **words.get(do, {})}
        for k, do in enumerate(STRICTNESS)
    ]
    return Policy.model_validate({"name": "g", "about": "a", "segments": rules[::-1], **more})


def test_each_voice_is_judged_on_its_own():
    policy = load_policy()
    quoted = scores((0, 20, None, FINE), (5, 10, 0, BAD))
    assert actions(policy, quoted) == [(5, 10, "mask")]
    quoting = scores((0, 20, None, BAD), (5, 10, 0, FINE))
    assert actions(policy, quoting) == [(0, 5, "mask"), (10, 20, "mask")]
    excused = scores((0, 20, None, FINE), (5, 10, 0, BAD | {"frame": "condemns"}))
    assert actions(policy, excused) == []


def test_where_nobody_quotes_the_other_the_strictest_counts():
    found = scores(
        (0, 10, None, {"severity": 2.0}), (5, 15, None, {"severity": 5.0}), (8, 9, None, {"severity": 0.0})
    )
    assert actions(graded(), found) == [(0, 5, "tag"), (5, 15, "redact")]


@pytest.mark.parametrize("policy", [graded(), *map(load_policy, policy_names())], ids=lambda p: p.name)
def test_decisions_are_what_a_character_by_character_account_says(any_scored, policy):
    """Reference: for each character the innermost voices, by walking up parents; the strictest counts."""

    def above(found, k):
        parent = found.segments[k].parent
        return set() if parent is None else {parent} | above(found, parent)

    def first_rule(segment):
        return next((rule for rule in policy.segments if rule.when.holds(segment)), None)

    @settings(max_examples=60, deadline=None)
    @given(any_scored(complete=True))
    def check(pair):
        document, found = pair
        decision = decide(policy, found)
        assert decision.outcome != "error"
        rules = [first_rule(s) for s in found.segments]
        wanted, voiced, by_rule = [], 0, dict.fromkeys((rule.name for rule in policy.segments), 0)
        for place in range(len(document.text)):
            here = {k for k, s in enumerate(found.segments) if s.start <= place < s.end}
            inner = here - {a for k in here for a in above(found, k)}
            speaking = [rule for rule in policy.segments if rule in [rules[k] for k in inner]]
            rule = max(speaking, key=lambda rule: STRICTNESS.index(rule.do), default=None)
            wanted.append(rule.do if rule else "keep")
            voiced += bool(inner)
            if rule:
                by_rule[rule.name] += 1
        got = ["keep"] * len(document.text)
        for span in decision.spans:
            assert span.start < span.end and span.scores
            got[span.start : span.end] = [span.action] * (span.end - span.start)
        assert got == wanted
        edges = [edge for span in decision.spans for edge in (span.start, span.end)]
        assert edges == sorted(edges)
        assert {n: k / voiced for n, k in by_rule.items() if k} == pytest.approx(dict(decision.shares))

    check()


def test_failed_scoring_is_an_error_under_every_policy(any_scored):
    @settings(max_examples=30, deadline=None)
    @given(any_scored(complete=True))
    def check(pair):
        _, found = pair
        broken = [replace(found, error="no answer")]
        if found.segments:
            last = replace(found.segments[-1], error="too long")
            broken.append(replace(found, segments=(*found.segments[:-1], last)))
        for scored in broken:
            for name in policy_names():
                decision = decide(load_policy(name), scored)
                assert (decision.outcome, decision.spans) == ("error", ())
                assert scored.failure in decision.reason

    check()


def test_what_was_not_scored_is_an_error_where_it_matters():
    policy = load_policy()
    for axis in ("severity", "stance", "frame", "subject"):
        missing = scores((0, 5, None, {k: v for k, v in BAD.items() if k != axis}))
        decision = decide(policy, missing)
        assert decision.outcome == "error" and f"{axis} not scored" in decision.reason
        assert decide(policy.model_copy(update={"not_scored": "holds"}), missing).spans
        failing = decide(policy.model_copy(update={"not_scored": "fails"}), missing)
        assert (failing.outcome, failing.spans) == ("keep", ())
    assert decide(policy, scores((0, 5, None, {}))).outcome == "error"
    # A first stage that clears a segment settles it: nothing else needs to be known.
    assert decide(policy, scores((0, 5, None, FINE))).outcome == "keep"
    assert (
        decide(policy, scores((0, 5, None, {"harm": {"hate": 0.9}, "stance": "condemns"}))).outcome == "keep"
    )


def test_categories_narrow_the_harm():
    when = When(harm=0.5, categories=("fraud", "theft"))
    assert when.holds(SegmentScores("d", 0, 1, harm={"fraud": 0.1, "theft": 0.5})) is True
    assert when.holds(SegmentScores("d", 0, 1, harm={"fraud": 0.1, "theft": 0.4, "hate": 1.0})) is False
    assert when.holds(SegmentScores("d", 0, 1, harm={"hate": 1.0})) is None
    assert when.holds(SegmentScores("d", 0, 1, harm={"fraud": 0.1})) is None


def test_traits_any_and_none():
    when = When(any_trait={"care": 1, "honesty": 1}, no_trait={"malice": 1, "deceit": 1})

    def holds(**traits: float) -> bool | None:
        return when.holds(SegmentScores("d", 0, 1, traits=traits))

    assert holds(care=1, malice=0, deceit=0) is True
    assert holds(care=0, honesty=0, malice=0, deceit=0) is False
    assert holds(care=2, malice=1) is False
    assert holds(care=2, malice=0) is None
    assert holds(care=0, malice=0, deceit=0) is None


def test_document_rules_read_shares_of_what_is_said():
    policy = graded(
        documents=[
            {"name": "much", "do": "drop", "why": "half", "at_least": {"redact": 0.5}},
            {"name": "some", "do": "keep", "why": "some", "at_least": {"redact": 0}, "weight": 2},
            {"name": "none", "do": "keep", "why": "none", "at_most": {"redact": 0}, "weight": 3},
        ]
    )
    quiet = {"severity": 0.0}

    def decided(cut: int) -> tuple[str, str, int]:
        decision = decide(policy, scores((0, cut, None, {"severity": 5.0}), (cut, 10, None, quiet)))
        return decision.outcome, decision.rule, decision.weight

    assert decided(5) == ("drop", "much", 1)
    assert decided(4) == ("keep", "some", 2)
    assert decided(0) == ("keep", "none", 3)
    assert decide(policy, scores()).rule == "none"


def test_reflections_follow_from_the_document_alone():
    texts = [f"reflection {k}" for k in range(5)]
    policy = graded(reflections=texts)
    rules = [rule.model_dump() | {"reflect": rule.do == "mask"} for rule in policy.segments]
    policy = policy.model_copy(update={"segments": rules})

    def reflection(name: str, severity: float) -> str:
        return decide(
            policy, DocumentScores(name, (SegmentScores(name, 0, 1, severity=severity),))
        ).reflection

    chosen = [reflection(str(k), 3.0) for k in range(50)]
    assert set(chosen) == set(texts) and chosen == [reflection(str(k), 3.0) for k in range(50)]
    assert reflection("1", 5.0) == reflection("1", 0.0) == ""


def test_decisions_carry_where_they_come_from():
    found = replace(scores((0, 5, None, BAD)), model="m1", source="forum", text_hash="t")
    decision = decide(load_policy(), found)
    assert (decision.model, decision.source, decision.text_hash) == ("m1", "forum", "t")
    assert (decision.policy, decision.policy_hash) == ("prosocial", load_policy().hash)
    assert decision.spans[0].scores == found.segments


def test_shipped_policies_are_named_as_their_files_and_differ():
    assert set(policy_names()) == {"prosocial", "no-advocacy", "strict", "good-only", "fiction-friendly"}
    assert all(load_policy(name).name == name for name in policy_names())
    assert len({load_policy(name).hash for name in policy_names()}) == len(policy_names())


def test_the_hash_is_of_what_a_policy_does():
    policy = load_policy()
    assert policy.model_copy(update={"about": "x", "name": "y"}).hash == policy.hash
    assert graded().hash == graded().hash
    assert graded(not_scored="holds").hash != graded().hash
    changed = policy.model_copy(update={"not_scored": "holds"})
    assert changed.hash != policy.hash and changed.segments == policy.segments
    with pytest.raises(ValueError, match="not_scored"):
        policy.model_copy(update={"not_scored": "perhaps"})


def test_a_policy_of_ones_own_is_read_from_a_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nabout: keeps all\n")
    assert decide(load_policy(path), scores((0, 5, None, BAD))).spans == ()
    for text, what in (("segments: [", "not YAML"), ("name: mine", "about"), ("[]", "policy")):
        path.write_text(text)
        with pytest.raises(UsageError, match=what):
            load_policy(path)
    with pytest.raises(UsageError, match=r"no policy 'nowhere'.*prosocial"):
        load_policy("nowhere")


RULE = {"name": "a", "when": {"severity": 1}, "do": "mask", "why": "w"}


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"segments": [RULE, RULE]}, "same name"),
        ({"segments": [{**RULE, "when": {}}]}, "hold for everything"),
        ({"segments": [{**RULE, "when": {"severity": 6}}]}, "less than or equal to 5"),
        ({"segments": [{**RULE, "when": {"categories": ["hate"]}}]}, "says nothing"),
        ({"segments": [{**RULE, "when": {"severity": 1, "categories": ["hate"]}}]}, "without a bound"),
        ({"segments": [{**RULE, "when": {"harm": 0.5, "categories": ["rain"]}}]}, "rain is no harm category"),
        ({"segments": [{**RULE, "when": {"stance": ["shouts"]}}]}, "stance"),
        ({"segments": [{**RULE, "do": "tag"}]}, "a tag is stated"),
        ({"segments": [{**RULE, "instruction": "x"}]}, "an instruction is stated"),
        ({"segments": [{**RULE, "reflect": True}]}, "no reflections"),
        ({"reflections": [" "]}, "reflection is empty"),
        ({"documents": [{"name": "d", "do": "drop", "why": "w", "at_least": {"b": 0.5}}]}, "no segment rule"),
        ({"documents": [{"name": "d", "do": "drop", "why": "w", "weight": 2}]}, "cannot weigh"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_unsound_policies_are_refused(wrong, what):
    with pytest.raises(ValueError, match=what):
        Policy.model_validate({"name": "p", "about": "a", **wrong})


def test_markup_is_no_voice():
    from eudaimon.curate import MARKUP

    policy = graded(documents=[{"name": "all", "do": "drop", "why": "all", "at_least": {"redact": 1}}])
    label = SegmentScores("d", 0, 90, voice=MARKUP)
    speech = SegmentScores("d", 90, 100, voice="user", severity=5.0)
    assert decide(policy, DocumentScores("d", (label, speech))).outcome == "drop"
    assert decide(load_policy(), DocumentScores("d", (label,))).outcome == "keep"
