"""A policy in words, for people who do not read its file."""

from __future__ import annotations

from collections.abc import Iterator

from eudaimon.curate.card.record import PolicyWords, RuleWords
from eudaimon.curate.condition import When
from eudaimon.curate.policy import DocumentRule, Policy, SegmentRule

NOT_SCORED = {
    "error": "A document of which a score is missing that a rule needs is set aside as an error.",
    "holds": "Where a score is missing that a rule needs, the rule acts as if the bound were reached.",
    "fails": "Where a score is missing that a rule needs, the rule does not act.",
}
DOES = {
    "keep": "keep it as it is",
    "tag": "put the tag {tag} before it",
    "mask": "keep it in the text, but without loss: it is read and not learned from",
    "rewrite": "have it rewritten",
    "redact": "cut it out",
}


def policy_words(policy: Policy) -> PolicyWords:
    """The policy in words."""
    return PolicyWords(
        name=policy.name,
        hash=policy.hash,
        about=" ".join(policy.about.split()),
        not_scored=NOT_SCORED[policy.not_scored],
        segments=tuple(_segment(rule) for rule in policy.segments),
        documents=tuple(_document(rule) for rule in policy.documents),
    )


def condition_words(when: When) -> str:
    """A condition as one phrase after "where"."""
    return ", and ".join(_parts(when))


def _segment(rule: SegmentRule) -> RuleWords:
    do = DOES[rule.do].replace("{tag}", rule.tag)
    do += "; a reflection is put at the end of the document" if rule.reflect else ""
    return RuleWords(name=rule.name, when=condition_words(rule.when), do=do, why=rule.why)


def _document(rule: DocumentRule) -> RuleWords:
    bounds = [
        f"any of it falls under “{name}”"
        if share == 0
        else f"{100 * share:g} % or more of what is said falls under “{name}”"
        for name, share in rule.at_least.items()
    ]
    bounds += [
        f"none of it falls under “{name}”"
        if share == 0
        else f"at most {100 * share:g} % of what is said falls under “{name}”"
        for name, share in rule.at_most.items()
    ]
    do = "drop the document" if rule.do == "drop" else "keep the document"
    do += f" and have it read {rule.weight} times" if rule.weight > 1 else ""
    do += " with a reflection at its end" if rule.reflect else ""
    return RuleWords(name=rule.name, when=", and ".join(bounds) or "in every other case", do=do, why=rule.why)


def _parts(when: When) -> Iterator[str]:
    if when.harm is not None:
        named = " or ".join(when.categories) if when.categories else "any harm"
        yield f"{named} has a probability of {when.harm:g} or more"
    if when.severity is not None:
        yield f"its severity is {when.severity:g} or more of 5"
    if when.stance:
        yield f"the voice {_listed(when.stance, 'has nothing to do with harm')}"
    if when.frame:
        yield f"the voice around it {_listed(when.frame, 'says nothing of it, or there is none')}"
    if when.subject:
        yield f"the speaker is {' or '.join(when.subject)}"
    if when.hazard is not None:
        yield f"the facts are hazardous with a probability of {when.hazard:g} or more"
    if when.any_trait:
        yield " or ".join(f"{_trait(name)} is {bound:g} or more" for name, bound in when.any_trait.items())
    if when.no_trait:
        yield " and ".join(f"{_trait(name)} is below {bound:g}" for name, bound in when.no_trait.items())


def _listed(stances: tuple[str, ...], nothing: str) -> str:
    said = [f"{stance} it" for stance in stances if stance != "none"]
    return " or ".join([*said, *([nothing] if "none" in stances else [])])


def _trait(name: str) -> str:
    return name.replace("_", " ")
