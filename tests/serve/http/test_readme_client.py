"""The client that README and docs/serving.md show, word for word, against a server."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def shown(document: str) -> str:
    text = (ROOT / document).read_text(encoding="utf-8")
    (block,) = [
        each.partition("```")[0] for each in text.split("```python\n") if each.startswith("import openai")
    ]
    return block


@pytest.mark.parametrize("document", ["README.md", "docs/serving.md"])
def test_the_client_chats_streams_and_is_blocked(served, capsys, document):
    url, answerer, _ = served()
    code = shown(document)
    assert "127.0.0.1:8000" in code and code.count("\n") <= 12
    # The pretended answerer knows one dangerous word.
    script = code.replace("http://127.0.0.1:8000", url).replace("cheat my neighbour", "bomb my neighbour")
    assert "bomb" in script
    exec(compile(script, document, "exec"), {})
    said = capsys.readouterr().out
    assert said.startswith("how do I store the milk? content_filter") and "flagged=True" in said
    assert len(answerer.asked) == 2
