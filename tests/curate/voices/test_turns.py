"""Chats, scripts and threads: whose turn it is."""

from __future__ import annotations

import json

import pytest

from eudaimon.curate import MARKUP, detect_form, segments
from eudaimon.curate.voices.roles import chat_forms, role_names
from eudaimon.curate.voices.words import words
from eudaimon.world import World

HI = [("user", "Hi.\n\nHow are you?"), ("assistant", "Well, thanks."), ("user", "Bye.")]


@pytest.mark.parametrize(
    "text",
    [
        "Human: Hi.\n\nHow are you?\n\nAssistant: Well, thanks.\n\nHuman: Bye.",
        "\n\nHuman: Hi.\n\nHow are you?\n\nAssistant: Well, thanks.\n\nHuman: Bye.\n\nAssistant:",
        "User: Hi.\n\nHow are you?\nAI: Well, thanks.\nUser: Bye.\n",
        "**User:** Hi.\n\nHow are you?\n\n**ChatGPT:** Well, thanks.\n\n**User:** Bye.",
        "### Human: Hi.\n\nHow are you?\n### Assistant: Well, thanks.\n### Human: Bye.",
        "USER: Hi.\n\nHow are you? ASSISTANT: Well, thanks.</s>USER: Bye. ASSISTANT:",
    ],
)
def test_chats_with_roles(turns, text):
    assert detect_form(text) == "chat"
    assert turns(text) == HI


def test_roles_have_a_subject_and_no_persona():
    found = segments("System: Be kind.\n\nHuman: Hi.\n\nAssistant: Hello.")
    spoken = [(s.voice, s.subject, s.persona) for s in found if s.voice != MARKUP]
    assert spoken == [("system", "", ""), ("user", "human", ""), ("assistant", "AI", "")]


def test_a_label_within_what_is_said_is_no_turn(turns):
    text = "Human: Write a chat.\n\nAssistant: Sure.\nUser: hello\nBot: hi\nNote: done\n\nHuman: Thanks."
    assert [voice for voice, _ in turns(text)] == ["user", "assistant", "user"]


def test_text_before_a_chat_is_the_narrators(turns):
    text = "A transcript.\n\nHuman: Hi.\n\nAssistant: Hello."
    assert turns(text)[0] == ("narrator", "A transcript.")


def test_windows_line_ends(turns):
    text = "Human: Hi.\r\n\r\nHow are you?\r\n\r\nAssistant: Well, thanks.\r\n\r\nHuman: Bye.\r\n"
    assert [(v, w.replace("\r", "")) for v, w in turns(text)] == HI


def test_a_long_turn_is_cut_into_pieces_of_its_voice(turns):
    said = "One thing. " * 300
    found = turns(f"Human: Hi.\n\nAssistant: {said}")
    assert {voice for voice, _ in found[1:]} == {"assistant"}
    assert max(len(words) for _, words in found) <= 1000
    assert "".join(words for _, words in found[1:]) == said.strip()


MESSAGES = [
    {"role": "system", "content": 'Be\n"kind".'},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Yo"},
]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(MESSAGES),
        json.dumps({"id": "a", "messages": MESSAGES, "model": "m"}, indent=2),
        json.dumps([{"content": m["content"], "role": m["role"]} for m in MESSAGES]),
        json.dumps([{**m, "content": [{"type": "text", "text": m["content"]}]} for m in MESSAGES]),
        json.dumps([{"content": [{"text": m["content"]}], "role": m["role"]} for m in MESSAGES]),
        json.dumps({"conversations": [{"from": m["role"], "value": m["content"]} for m in MESSAGES]}),
        json.dumps(MESSAGES)[:-3],
    ],
)
def test_chat_json(turns, text):
    assert detect_form(text) == "json"
    assert turns(text) == [("system", r"Be\n\"kind\"."), ("user", "Hi"), ("assistant", "Yo")]


def test_json_with_names_and_json_that_is_no_chat(turns):
    assert turns('[{"from": "Ada", "value": "Go."}]') == [("Ada", "Go.")]
    assert turns('{"role": "cook", "wage": 3}') == [("narrator", '{"role": "cook", "wage": 3}')]


@pytest.mark.parametrize(
    "template", [t for t in chat_forms().templates if t.role is None], ids=lambda t: t.name
)
@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool"])
def test_every_template_opens_and_closes_the_turns_of_every_role(turns, template, role):
    name = chat_forms().roles[role].called[0]
    for called in (name, name.upper()):
        for close in template.close:
            first, second = template.open.format(role=called), template.open.format(role="user")
            text = f"{first}\nHi.{close}\n{second}\nBye.{close}\n"
            assert detect_form(text) == "template"
            assert turns(text) == [(role, "Hi."), ("user", "Bye.")]


def test_templates_whose_marks_have_a_fixed_role(turns):
    llama = "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi. [/INST] Hello. </s><s>[INST] Bye. [/INST]"
    assert turns(llama) == [
        ("system", "Be kind."),
        ("user", "Hi."),
        ("assistant", "Hello."),
        ("user", "Bye."),
    ]
    alpaca = "Below is a task.\n\n### Instruction:\nAdd.\n\n### Input:\n1 1\n\n### Response:\n2"
    assert turns(alpaca) == [
        ("narrator", "Below is a task."),
        ("user", "Add."),
        ("user", "1 1"),
        ("assistant", "2"),
    ]
    harmony = "<|start|>assistant<|channel|>final<|message|>Hello.<|return|>"
    assert turns(harmony) == [("assistant", "Hello.")]


def test_a_template_may_break_off_anywhere(turns):
    text = "<|im_start|>user\nHi.<|im_end|>\n<|im_start|>assistant\nHel"
    assert turns(text) == [("user", "Hi."), ("assistant", "Hel")]
    assert detect_form("a <|im_end|> b") == "prose"


SCENE = [
    ("Ada", "Who is there?"),
    ("Ben", "A friend,\nand a guest."),
    ("Ada", "Come in."),
    ("Ben", "Thanks."),
]


@pytest.mark.parametrize(
    "text",
    [
        "Ada: Who is there?\nBen: A friend,\nand a guest.\nAda: Come in.\nBen: Thanks.",
        "Ada: Who is there?\n\nBen (aside): A friend,\nand a guest.\n\nAda: Come in.\n\nBen: Thanks.\n",
        "<Ada> Who is there?\n<Ben> A friend,\nand a guest.\n<Ada> Come in.\n<Ben> Thanks.",
        "[10:01] <Ada> Who is there?\n[10:02] <Ben> A friend,\nand a guest.\n"
        "[10:02] <Ada> Come in.\n[10:03] <Ben> Thanks.",
        "1/2/20, 10:01 - Ada: Who is there?\n1/2/20, 10:02 - Ben: A friend,\nand a guest.\n"
        "1/2/20, 10:02 - Ada: Come in.\n1/2/20, 10:03 - Ben: Thanks.",
        "Ada\n\nWho is there?\n\nBen\n\nA friend,\nand a guest.\n\nAda\n\nCome in.\n\nBen\n\nThanks.",
    ],
)
def test_scripts(turns, text):
    assert detect_form(text) == "script"
    assert turns(text) == SCENE


def test_plays_in_capitals_with_scenes_and_directions(turns):
    text = (
        "ACT I. SCENE II. A hall.\n\nADA. Who is there?\n(She listens.)\n\nBEN. A friend.\n\nADA. Come in.\n"
        "[Enter BEN.]\n\nBEN. Thanks."
    )
    assert turns(text) == [
        ("narrator", "ACT I. SCENE II. A hall."),
        ("ADA", "Who is there?"),
        ("narrator", "(She listens.)"),
        ("BEN", "A friend."),
        ("ADA", "Come in."),
        ("narrator", "[Enter BEN.]"),
        ("BEN", "Thanks."),
    ]


def test_speakers_are_personas_and_roles_are_not():
    found = segments(
        "Child: how do I rest?\nAssistant: lie down.\nChild: how do I rise?\nAssistant: stand up.\n"
    )
    spoken = [(s.voice, s.persona, s.subject) for s in found if s.voice != MARKUP]
    assert spoken == [("Child", "Child", ""), ("assistant", "", "AI")] * 2


def test_two_lines_are_a_dialogue_when_both_are_sentences(turns):
    assert turns("Ada: how are you?\nBen: very well.\n") == [("Ada", "how are you?"), ("Ben", "very well.")]


def test_prose_after_a_dialogue_of_single_paragraphs_is_not_its_last_speech(turns):
    dialogue = "Ada: Is it so?\n\nBen: It is.\n\nAda: Truly?\n\nBen: Yes."
    text = f"Plato wrote this.\n\n{dialogue}\n\nSo the dialogue ends."
    assert turns(text)[-1] == ("narrator", "So the dialogue ends.")
    assert turns(text)[-2] == ("Ben", "Yes.")


@pytest.mark.parametrize(
    "text",
    [
        "Name: Ada\nAge: 12\nCity: Ulm",
        "Note: this is long.\nNote: that is long.\nWarning: hot.\nNote: cold.",
        "Step 1: Mix it.\nStep 2: Bake it.\nStep 1: Eat it.\nStep 2: Rest.",
        "Solution\n\nAdd them.\n\nDiscussion\n\nIt works.\n\nSolution\n\nAdd more.\n\nDiscussion\n\nFine.",
        "There are three colours:\nred: warm.\nHe left at 10: 30 and was happy.\nThe rest is history.",
        "Chapter I\n\nRain.\n\nChapter II\n\nRain.\n\nChapter III\n\nRain.\n\nChapter IV\n\nSun.",
    ],
)
def test_lists_and_headings_are_no_scripts(text):
    assert detect_form(text) == "prose"


def test_threads(turns):
    text = "alice wrote:\nI like goats.\n\nThey smell.\n\nOn Monday, Bob <b@x.org> wrote:\nSo do you.\n"
    assert detect_form(text) == "forum"
    assert turns(text) == [("alice", "I like goats.\n\nThey smell."), ("Bob", "So do you.")]


def test_a_line_that_leads_to_speech_is_no_post():
    assert (
        detect_form("Ann said:\n\n“Go.”\n\nBen said:\n\n“No.”\n\nHe wrote:\nhalf.\n\nShe said:\nno.\n")
        == "prose"
    )


def test_the_dialogues_of_the_town_are_found_as_they_were_written():
    """Who speaks where in the town is known; its notices and stories quote without marks."""
    dialogues = [d for d in World(seed=3).documents(300) if "dialogue" in d.metadata["kind"]]
    assert len(dialogues) > 100
    for document in dialogues:
        assert document.segments is not None
        written = [(s.start, s.end, s.voice.lower()) for s in document.segments if s.parent is None]
        found = segments(document.text)
        assert [(s.start, s.end, s.voice.lower()) for s in found if s.voice != MARKUP] == written


def test_data_of_roles_and_words():
    assert sum(len(role.called) for role in chat_forms().roles.values()) == len(role_names())
    assert all(name == name.lower() for name in (*role_names(), *words().no_speakers))
    assert not words().no_speakers & role_names().keys()
