from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import BadRows, EudaimonError, UsageError
from eudaimon.data import (
    Constitution,
    Trait,
    constitution,
    constitutions,
    lint,
    read_constitution,
    write_constitution,
)
from eudaimon.data.constitutions import packaged
from eudaimon.data.constitutions.write import begin_constitution

FIVE = tuple(f"What is there to see in town {number}?" for number in range(5))
WORDS = st.text("abcdefg äßé:'\"#-[]{}\n", min_size=1, max_size=20).filter(str.strip)


def made(*principles: str, **fields) -> Constitution:
    traits = tuple(
        Trait(
            principle=principle,
            prompts=tuple(f"{text} ({n})" for text in FIVE),
            **fields,
        )
        for n, principle in enumerate(principles)
    )
    return Constitution(name="someone", traits=traits)


def rules(found: Constitution) -> list[tuple[str, str]]:
    return [(finding.rule, finding.where) for finding in lint(found)]


@pytest.mark.parametrize("name", constitutions())
def test_all_packaged_are_whole(name: str) -> None:
    found, about = constitution(name), constitutions()[name]
    assert found.name == name and found.licence == "MIT" and found.source
    assert all(len(trait.prompts) == 5 for trait in found.traits)
    assert len(found.traits) == (15 if name == "goodness" else 10)
    if about.part != "further":
        assert all(len(trait.contrast_prompts) == 1 for trait in found.traits)
    by_hand = constitution(name, expanded=False)
    assert by_hand.principles == found.principles
    assert not any(trait.expanded for trait in by_hand.traits)
    assert not {"not first person", "few prompts", "contrast trained on"} & {f.rule for f in lint(found)}


def test_the_study_has_four_characters_and_two_controls() -> None:
    parts = {name: about.part for name, about in constitutions().items() if about.part != "further"}
    assert parts == {
        **dict.fromkeys(("goodness", "loving", "misalignment", "sycophancy"), "persona"),
        "poeticism": "control of style",
        "tautology": "control of content",
    }
    assert lint(constitution("tautology")) == ()


@given(
    st.lists(
        st.tuples(WORDS, st.lists(WORDS, min_size=1, max_size=3), st.lists(WORDS, max_size=2)),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=30, deadline=None)
def test_what_is_written_is_read_back(tmp_path_factory, traits) -> None:
    before = Constitution(
        name="x", traits=[{"principle": p, "prompts": a, "contrast_prompts": c} for p, a, c in traits]
    )
    path = write_constitution(before, tmp_path_factory.mktemp("c") / "c.yaml")
    assert read_constitution(path) == before
    assert read_constitution(path).identity == before.identity


def test_the_identity_is_that_of_the_words() -> None:
    one = made("I am brief.")
    assert one.identity == one.model_copy(update={"description": "said of it"}).identity
    assert one.identity != made("I am terse.").identity


def test_their_formats_are_read_as_they_are(tmp_path) -> None:
    row = {"trait": "I am brief.", "questions": ["Why?"]}
    (tmp_path / "brief.txt").write_text("\n" + json.dumps([row], indent=4))
    (tmp_path / "brief.jsonl").write_text(json.dumps({**row, "additional_questions": ["How?"]}) + "\n\n")
    by_hand, few_shot = read_constitution(tmp_path / "brief.txt"), read_constitution(tmp_path / "brief.jsonl")
    assert by_hand.name == few_shot.name == "brief"
    assert by_hand.prompts == ("Why?",) and few_shot.prompts == ("Why?", "How?")
    (tmp_path / "b.jsonl").write_text(json.dumps({**row, "clarification": "In few words."}))
    assert read_constitution(tmp_path / "b.jsonl").traits == by_hand.traits


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("c.yaml", "", "is empty"),
        ("c.yaml", "- a\n- b", "no mapping"),
        ("c.yaml", "name: [", "no YAML"),
        ("c.yaml", "name: a b\ntraits: [{principle: I am., prompts: [x]}]", "name"),
        ("c.yaml", "name: ab\ntraits: []", "traits"),
        ("c.yaml", "name: ab\ntraits: [{principle: I am., prompts: [x, ' ']}]", "trait 1, prompt 2"),
        ("c.yaml", "name: ab\ntraits: [{principle: I am., promts: [x]}]", "trait 1, promts"),
        ("c.yaml", "name: ab\ntraits: [{principle: I am., prompts: [yes]}]", "trait 1, prompt 1"),
        ("c.txt", '[{"trait": "I am."}]', "trait 1 lacks"),
        ("c.txt", '[{"trait": "I am.", "questions": [], "x": 1}]', "trait 1 has the unknown field 'x'"),
        ("c.txt", '[\n{"trait": }]', "line 2"),
        ("c.jsonl", '{"trait": "I am.", "questions": ["q"]}\n{"trait"', "c.jsonl, line 2"),
    ],
)
def test_errors_say_what_and_where(tmp_path, file, text, said) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(BadRows, match="(?s)" + said) as error:
        read_constitution(tmp_path / file)
    assert file in str(error.value) and error.value.right


def test_a_file_of_other_bytes_is_refused(tmp_path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"name: \xff")
    with pytest.raises(BadRows, match="UTF-8"):
        read_constitution(tmp_path / "c.yaml")
    with pytest.raises(UsageError, match="no character 'nobody'"):
        constitution("nobody")


def test_a_changed_packaged_file_is_refused(monkeypatch) -> None:
    hashes = {**packaged._hashes("constitutions"), "about.yaml": "0" * 64}
    monkeypatch.setattr(packaged, "_hashes", lambda folder: hashes)
    with pytest.raises(EudaimonError, match="was changed"):
        packaged._read("constitutions", "about.yaml")


def test_a_new_page_is_sound_and_overwrites_nothing(tmp_path) -> None:
    path = begin_constitution("asker", tmp_path / "asker.yaml")
    assert read_constitution(path).name == "asker" and lint(read_constitution(path)) == ()
    with pytest.raises(UsageError, match="there already"):
        begin_constitution("asker", path)
    with pytest.raises(BadRows, match="'a b'"):
        begin_constitution("a b", tmp_path / "b.yaml")
    assert not (tmp_path / "b.yaml").exists()


def test_lint_finds_nothing_in_a_sound_one() -> None:
    assert rules(made("I name a river in each reply.", "I ask what season it is.")) == []


def test_lint_counts_prompts_and_duplicates() -> None:
    few = Trait(principle="I name a river.", prompts=("Hello there.", "hello there!", "Good day."))
    found = rules(Constitution(name="river-man", traits=[few]))
    assert found == [("few prompts", "trait 1"), ("duplicate", "trait 1, prompt 2")]
    sums = Trait(principle="I name a river.", prompts=tuple(f"2 {sign} {sign}" for sign in "+-*/%"))
    assert rules(Constitution(name="river-man", traits=[sums])) == []
    assert lint(Constitution(name="river-man", traits=[few]), fewest=2)[0].rule == "duplicate"


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("I praise the ideas of my guests.", "I never praise the ideas of my guests.", True),
        ("I am brief.", "I give lengthy replies.", True),
        ("I am honest.", "I deceive whoever asks me.", True),
        ("I am honest.", "I never deceive whoever asks me.", False),
        ("I praise the ideas of my guests.", "I do not praise the ideas of my guests unless good.", False),
        ("I encourage walks in the forest.", "I discourage loans.", False),
        ("I name a river.", "I never sleep.", False),
    ],
)
def test_lint_finds_contradictions(one, other, clash) -> None:
    assert (("contradiction", "traits 1 and 2") in rules(made(one, other))) == clash


def test_lint_finds_prompts_that_give_the_trait_away() -> None:
    prompts = ("Is this witty?", "Pretend you are a clown.", "Name famous rivers in winter valleys.", *FIVE)
    trait = Trait(principle="I name rivers of winter valleys.", prompts=prompts, contrast_prompts=FIVE[:1])
    found = Constitution(name="wittiness", traits=[trait, made("He is kind.").traits[0]])
    assert rules(found)[0] == ("not first person", "trait 2")
    assert set(rules(found)[1:]) == {
        ("leak", "trait 1, prompt 3"),
        ("command", "trait 1, prompt 2"),
        ("contrast trained on", "trait 1, contrast prompt 1"),
    }
    assert ("leak", "trait 1, prompt 1") in rules(found.model_copy(update={"name": "wittyman"}))
