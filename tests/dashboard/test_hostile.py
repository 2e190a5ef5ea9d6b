"""Names and texts that would be HTML, Markdown or a path, in every field that reaches a page."""

from __future__ import annotations

import json
import os
import re
import shutil

import html5lib
import pytest

from eudaimon.core.files import write_json
from eudaimon.dashboard import find

BAD = (
    "<img src=x onerror=alert(1)> ![p](evil.example) [a](evil) `c` **b** :red[r] $x$ <script>window.pwned=1<"
)
SHORT = BAD[:60]
"""As the name of a folder: a file's has at most 255 bytes with all that comes before it."""
ESCAPED = re.compile(r"\\.")
OURS = {"div", "span", "img", "style"}
PARTS = {
    "vectors": ("Monitors", "Scatter", "Directions", "Studies"),
    "studies": ("Result", "Figures", "Tables", "Compare"),
    "corpus": ("Mixture", "Removed spans", "Policy diff", "Audit queue", "Cards"),
}
EVERY = [("ask", ""), *((page, part) for page, parts in PARTS.items() for part in parts)]


KEYS = (
    "run", "with", "model", "monitor", "steering", "map", "drift", "bound", "evaluation", "examples",
    "scores", "spans", "audit", "card", "arm", "arms-of", "vectors-of",
)  # fmt: skip
"""What the pages take from an address."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, makers, runs, scored, studies_made, evaluations_made, cards_made):
    from eudaimon.report.card.write import write_card

    folder = tmp_path_factory.mktemp("hostile")
    study = folder / SHORT
    makers.write_study(study, (makers.hostile_study(studies_made),))
    other = makers.hostile_study(studies_made).model_copy(update={"headline": BAD, "question": BAD})
    makers.write_study(folder / "zz", (other,), n_steps=3, n_done=1)
    step = "ArmTokens-arm=bad-0123456789abcdef"
    write_json(study / "definitions.json", {step: {"fields": {"arm": BAD, "labels": BAD, "persona": BAD}}})
    makers.write_arm(study / "steps" / step, BAD, 900)
    books = {"sources": {BAD: {"documents": 1, "tokens": 2, "loss_tokens": 1}}}
    write_json(study / "steps" / step / "tokens" / "manifest.json", books)
    makers.write_direction(folder / f"{SHORT}.safetensors", 1, classes=(BAD, SHORT))
    makers.write_direction(folder / "vectors" / f"{SHORT}.safetensors", 2, classes=(SHORT, BAD))
    makers.write_monitor(folder / f"{SHORT} monitor.safetensors", [f"{BAD} text {k}" for k in range(20)])
    record = evaluations_made.build((BAD,))
    write_json(folder / "evaluation" / SHORT / "evaluation.json", record.model_dump(mode="json"))
    write_card(cards_made.build((BAD,)), folder / "card" / SHORT)
    shutil.copytree(scored / "scores", folder / f"scores {SHORT}")
    shutil.copytree(runs.folder / "audit", folder / f"audit {SHORT}")
    (folder / f"guard {SHORT}.json").write_text('{\n "format": "eudaimon-guard", ' + json.dumps(BAD) + ": 1}")
    return folder


def shown(at, kind):
    return [str(one.proto.body) for one in at.get(kind)]


def check(at):
    """No element of HTML that is not ours, nothing that loads, and no Markdown of data."""
    assert not at.exception
    for body in shown(at, "html"):
        for element in html5lib.parseFragment(body, treebuilder="etree", namespaceHTMLElements=False).iter():
            if isinstance(element.tag, str) and element.tag != "DOCUMENT_FRAGMENT":
                assert element.tag in OURS, element.tag
                assert not [name for name in element.attrib if name.startswith("on")]
                assert element.get("src", "data:").startswith("data:")
    for kind in ("markdown", "caption", "subheader", "title", "info", "success", "warning", "error"):
        for one in at.get(kind):
            said = ESCAPED.sub("", str(one.value))
            assert "<img" not in said and "![" not in said and "[a](" not in said and ":red[" not in said, (
                said
            )
    for one in (*at.button, *at.selectbox, *at.multiselect, *at.checkbox, *at.text_input, *at.number_input):
        assert "<img" not in one.label and "![" not in one.label and "[a](" not in one.label, one.label
    for one in at.get("progress"):
        assert "<img" not in one.proto.text and "![" not in one.proto.text


@pytest.mark.parametrize(("page", "part"), EVERY)
def test_every_field_stays_text(app, hostile, page, part):
    at = app(page, hostile)
    check(at)
    if part:
        at.get("button_group")[0].set_value(part).run()
        check(at)
    if part == "Audit queue":
        at.text_input(key="rater").set_value(BAD[:80]).run()
        check(at)
    for key in [box.key for box in at.selectbox if box.key in KEYS and len(box.options) > 1]:
        for index in (0, -1):
            box = next((one for one in at.selectbox if one.key == key), None)
            if box is not None:
                box.select_index(len(box.options) + index if index else 0).run()
                check(at)


@pytest.mark.parametrize("page", ["ask", "vectors", "studies", "corpus"])
@pytest.mark.parametrize("wanted", ["../../etc/passwd", "/etc", "%2e%2e/", "\0", BAD, "a" * 10_000])
def test_no_word_of_an_address_is_opened_or_shown(hostile, page, wanted, monkeypatch):
    """All keys that a page takes from its address, with what is no name of anything here."""
    from streamlit.testing.v1 import AppTest

    from eudaimon.dashboard.launch import FOLDER

    opened = []
    monkeypatch.setenv(FOLDER, str(hostile))
    monkeypatch.setattr(os, "scandir", _kept(os.scandir, opened))
    at = AppTest.from_string(
        f"from eudaimon.dashboard.pages import {page}\n{page}.show()", default_timeout=120
    )
    for key in KEYS:
        at.query_params[key] = wanted
    at.run()
    check(at)
    assert all(str(path).startswith(str(hostile)) for path in opened if isinstance(path, os.PathLike))


def _kept(scandir, opened):
    def kept(path="."):
        opened.append(path)
        return scandir(path)

    return kept


def test_no_link_leads_out(hostile, tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    shutil.copytree(hostile / "vectors", outside / "vectors")
    (outside / "guard.json").write_text('{\n "format": "eudaimon-guard"}')
    inside.mkdir()
    for name in ("vectors", "guard.json"):
        (inside / name).symlink_to(outside / name)
    (inside / "x.safetensors").symlink_to(next((outside / "vectors").iterdir()))
    assert len(find(outside).found) == 2 and find(inside).found == ()
