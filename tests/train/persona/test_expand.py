from __future__ import annotations

import json

import pytest

from eudaimon.core import UsageError
from eudaimon.train.persona.expand import expand, lines

LINES = (
    '1. Which bridge is the oldest?\n- "What do otters eat?"\nHere are some more:\nShort\n'
    "Where do I buy bread?\nNo rivers, please.\nPretend you are a boatman.\nWHICH bridge is the oldest\n"
)


def test_lines_lose_numbers_and_headings():
    assert lines(LINES)[:3] == ["Which bridge is the oldest?", "What do otters eat?", "Where do I buy bread?"]
    assert lines("(2) How long is it?\n3) How wide is it?") == ["How long is it?", "How wide is it?"]


def test_new_prompts_are_new_and_give_nothing_away(river, teacher, served, tmp_path):
    served.answer = lambda body: LINES + f"How far is house {body['seed']}?\n"
    found = expand(river, teacher, tmp_path / "e.jsonl", n=4, show_progress=False)
    new = found.traits[0].expanded
    assert new[:2] == ("Which bridge is the oldest?", "What do otters eat?")
    assert len(new) == 4 and all(text.startswith("How far is house") for text in new[2:])
    assert found.traits[0].prompts == river.traits[0].prompts
    asked = served.requests[0]["messages"][-1]["content"]
    assert "I name a river." in asked and all(text in asked for text in river.traits[0].prompts)
    rows = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert {row["model"] for row in rows} == {"served:stub-70b"} and all(row["answer"] for row in rows)
    n_requests = len(served.requests)
    assert expand(river, teacher, tmp_path / "e.jsonl", n=4, show_progress=False) == found
    assert len(served.requests) == n_requests


def test_a_model_that_writes_nothing_of_use_is_an_error(river, teacher, served, tmp_path):
    served.answer = lambda body: "Where do I buy bread?"
    with pytest.raises(UsageError, match="no prompt that can be used for trait 1"):
        expand(river, teacher, tmp_path / "e.jsonl", n=4, show_progress=False)
    with pytest.raises(UsageError, match="0 prompts"):
        expand(river, teacher, tmp_path / "f.jsonl", n=0)
