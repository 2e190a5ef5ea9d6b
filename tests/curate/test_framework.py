"""One framework: taxonomy, hard cases, the judge's rubric, the policies and the page say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eudaimon.core.document import DISTANT, HARMFUL_STANCES
from eudaimon.curate import (
    VoiceTaxonomy,
    decide,
    hard_cases,
    load_policy,
    policy_names,
    rubric,
    rubric_hash,
    voice_taxonomy,
)
from eudaimon.curate.hard_cases import HardCase
from eudaimon.curate.taxonomy import STANCES, SUBJECTS, TRAITS
from eudaimon.data import categories

PAGE = Path(__file__).parents[2] / "docs" / "good-personas.md"
TERMS = voice_taxonomy()
BAD_FRAMES = frozenset(STANCES) - DISTANT


def tables() -> list[list[tuple[str, ...]]]:
    """The tables of the page, each with its heading row first, without the ruler."""
    found: list[list[tuple[str, ...]]] = [[]]
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("| "):
            found.append([])
        elif not line.startswith("| --- |"):
            found[-1].append(tuple(cell.strip() for cell in line.strip("| ").split(" | ")))
    return [rows for rows in found if rows]


def table(*heading: str) -> list[tuple[str, ...]]:
    (rows,) = (rows[1:] for rows in tables() if rows[0] == heading)
    return rows


def labels(case: HardCase) -> str:
    of = case.labels
    frame = [] if of.frame == "none" else [f"{of.frame} frame"]
    traits = [f"{name} {value:g}" for name, value in of.traits.items()]
    hazard = [f"hazard {of.hazard:g}"] if of.hazard else []
    return ", ".join([of.stance, *frame, of.subject, f"{of.category} {of.severity:g}", *traits, *hazard])


def test_the_page_is_the_taxonomy():
    assert table("term", "is") == list(TERMS.definitions.items())
    assert table("of", "rule") == list(TERMS.rules.items())
    levels = [(str(k), level.name, level.means) for k, level in enumerate(TERMS.severity)]
    assert table("level", "severity", "means") == levels
    assert table("stance", "means", "test") == [(n, e.means, e.test) for n, e in TERMS.stances.items()]
    assert table("frame", "means") == list(TERMS.frames.items())
    assert table("vice", "is") == list(TERMS.traits.vices.items())
    assert table("virtue", "is") == list(TERMS.traits.virtues.items())
    assert table("subject", "is") == list(TERMS.subjects.items())
    assert all(f"\n- {step}\n" in PAGE.read_text(encoding="utf-8") for step in TERMS.traits.scale)


def test_the_page_shows_the_shipped_policies():
    assert table("policy", "what it does") == [(f"`{n}`", load_policy(n).about) for n in policy_names()]


def test_the_page_is_the_hard_cases():
    shown = [
        (
            case.id,
            case.text,
            labels(case),
            "; ".join([f"**{case.ruling}**", *(f"{name}: {r}" for name, r in case.rulings.items())]),
            case.reason,
        )
        for case in hard_cases()
    ]
    assert table("case", "what is said", "labels", "ruling", "reason") == shown
    assert len({case.id for case in hard_cases()}) == len(shown) >= 15


def test_the_rubric_says_all_of_the_taxonomy_and_nothing_is_left_to_fill_in():
    text = rubric()
    entries = [*TERMS.definitions.items(), *TERMS.frames.items(), *TERMS.subjects.items()]
    entries += [*TERMS.traits.vices.items(), *TERMS.traits.virtues.items(), *categories().items()]
    assert all(f"\n- {name}: {means}\n" in text for name, means in entries)
    assert all(f"- {name}: {e.means} ({e.test})\n" in text for name, e in TERMS.stances.items())
    assert all(f"\n{k} {level.name}: {level.means}\n" in text for k, level in enumerate(TERMS.severity))
    assert all(rule in text for rule in TERMS.rules.values())
    assert all(step in text for step in TERMS.traits.scale)
    assert all(case.text in text and case.reason in text for case in hard_cases())
    assert not re.search(r"\{[a-z_]+\}", text)
    assert re.fullmatch(r"[0-9a-f]{16}", rubric_hash())


@pytest.mark.parametrize("case", hard_cases(), ids=lambda case: case.id)
def test_policies_rule_on_hard_cases_as_written(case):
    assert case.labels.category in categories()
    for name, ruling in {**case.rulings, "prosocial": case.ruling}.items():
        decision = decide(load_policy(name), case.scores())
        done = [span.action for span in decision.spans] if decision.outcome == "keep" else [decision.outcome]
        assert (done or ["keep"]) == [ruling], name


def test_the_cases_show_both_sides_of_every_distinction():
    rulings = {case.ruling for case in hard_cases()}
    assert rulings == {"keep", "mask"}
    assert {case.labels.stance for case in hard_cases()} == set(STANCES)
    assert {case.labels.subject for case in hard_cases()} == set(SUBJECTS)
    assert {name for case in hard_cases() for name in case.rulings} >= {
        "strict",
        "good-only",
        "fiction-friendly",
    }


@pytest.mark.parametrize("name", ["prosocial", "no-advocacy", "good-only", "fiction-friendly"])
def test_a_bad_persona_is_what_the_code_says_it_is(name):
    for rule in load_policy(name).segments:
        if rule.do != "keep":
            assert set(rule.when.stance) <= HARMFUL_STANCES
            assert set(rule.when.frame) == BAD_FRAMES


def test_a_good_persona_is_what_the_definition_says():
    (good,) = (rule for rule in load_policy("good-only").segments if rule.name == "good persona")
    assert good.when.any_trait == dict.fromkeys(TERMS.traits.virtues, 1)
    assert good.when.no_trait == dict.fromkeys(TERMS.traits.vices, 1)


@pytest.mark.parametrize("part", ["stances", "frames", "subjects", "traits"])
def test_a_taxonomy_that_the_code_does_not_know_is_refused(part):
    raw = TERMS.model_dump()
    of = raw["traits"]["vices"] if part == "traits" else raw[part]
    of.pop(next(iter(of)))
    with pytest.raises(ValueError, match="the code knows"):
        VoiceTaxonomy.model_validate(raw)


def test_traits_have_one_side_each():
    assert (*TERMS.traits.vices, *TERMS.traits.virtues) == TRAITS
