"""The pages without a browser: what they show, what they keep from a hostile text, and what they write."""

from __future__ import annotations

import shutil
from pathlib import Path

import html5lib
import numpy as np
import pytest
import streamlit as st

from eudaimon.curate.audit.ratings import read_ratings
from eudaimon.report.words import visible

BAD = "<script>window.pwned=1</script>"
PAGES = ("ask", "vectors", "studies", "corpus")
PARTS = {
    "vectors": ("Monitors", "Scatter", "Directions", "Studies"),
    "studies": ("Result", "Figures", "Tables", "Compare"),
    "corpus": ("Mixture", "Removed spans", "Policy diff", "Audit queue", "Cards"),
}
EVERY = [(page, part) for page, parts in PARTS.items() for part in parts]


def part(at, name: str):
    """Choose a part of the page, and see that it is chosen."""
    chosen = at.get("button_group")[0]
    chosen.set_value(name).run()
    assert at.session_state[chosen.key] == name
    return at


def text_of(at) -> str:
    """The text of all HTML on the page, as a browser reads it."""
    return "".join(html5lib.parseFragment(html_of(at), treebuilder="etree").itertext())


def html_of(at) -> str:
    """All HTML that a page was given."""
    return "\n".join(str(one.proto.body) for one in at.get("html"))


def markdown_of(at) -> str:
    """All Markdown that a page was given."""
    return "\n".join(
        str(one.value) for kind in ("markdown", "caption", "subheader", "title") for one in at.get(kind)
    )


def told(at) -> str:
    """The known errors on the page."""
    return "\n".join(str(one.proto.body) for one in at.get("html") if 'class="failed"' in one.proto.body)


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_folder_says_what_to_type(app, page, tmp_path):
    at = app(page, tmp_path)
    assert not at.exception
    assert at.info and any(one.value.startswith("eudaimon ") for one in at.code)


@pytest.mark.parametrize(("page", "name"), EVERY)
def test_every_part_of_an_empty_folder_says_what_to_type(app, page, name, tmp_path):
    at = app(page, tmp_path)
    groups = at.get("button_group")
    if groups:
        groups[0].set_value([part]).run()
    assert not at.exception and not told(at)
    assert at.info and any(one.value.startswith("eudaimon ") for one in at.code)


@pytest.mark.parametrize(("page", "name"), EVERY)
def test_every_part_shows_what_there_is(app, runs, page, name):
    at = app(page, runs.folder)
    part(at, name)
    assert not at.exception and not told(at)
    assert at.dataframe or "<img" in html_of(at) or at.text_input


@pytest.mark.parametrize(("page", "name"), EVERY)
def test_a_hostile_text_is_nowhere_html_or_markdown(app, runs, page, name):
    at = app(page, runs.folder)
    part(at, name)
    if page == "studies":
        at.selectbox(key="run").select("hostile").run()
    assert not at.exception
    assert "<script" not in html_of(at) and "<img src=x" not in html_of(at)
    assert "<script" not in markdown_of(at) and "![" not in markdown_of(at)


def test_a_hostile_headline_is_shown_as_it_was_written(app, runs):
    at = app("studies", runs.folder)
    at.selectbox(key="run").select("hostile").run()
    assert "&lt;script&gt;window.pwned=1&lt;/script&gt; ![x](http://evil.example/x.png)" in html_of(at)


@pytest.mark.parametrize("wanted", ["../../etc", "/etc/passwd", "quickstart/../quickstart", "", "nothing"])
def test_an_address_names_runs_and_no_paths(app, runs, wanted, monkeypatch):
    from streamlit.testing.v1 import AppTest

    from eudaimon.dashboard.launch import FOLDER

    monkeypatch.setenv(FOLDER, str(runs.folder))
    at = AppTest.from_string(
        "from eudaimon.dashboard.pages import studies\nstudies.show()", default_timeout=120
    )
    at.query_params["run"] = wanted
    at.run()
    assert not at.exception and at.selectbox(key="run").value == "again"
    at = AppTest.from_string(
        "from eudaimon.dashboard.pages import studies\nstudies.show()", default_timeout=120
    )
    at.query_params["run"] = "unfinished"
    assert at.run().selectbox(key="run").value == "unfinished"


def test_a_run_without_a_report_says_how_to_draw_one(app, runs):
    at = app("studies", runs.folder)
    at.selectbox(key="run").select("unfinished").run()
    (command,) = at.code
    assert (
        command.value.startswith("eudaimon study report --folder '")
        and "2 of 9 steps" in at.get("progress")[0].proto.text
    )


def test_a_broken_run_is_told_and_the_page_goes_on(app, runs, tmp_path):
    shutil.copytree(runs.folder / "again", tmp_path / "again")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "study.json").write_text('{"study": "x"}')
    (tmp_path / "broken" / "summary.json").write_text("{<script>")
    at = app("studies", tmp_path)
    at.selectbox(key="run").select("broken").run()
    assert not at.exception and "summary.json" in told(at) and "<script" not in html_of(at)
    at.selectbox(key="run").select("again").run()
    assert not told(at) and at.dataframe


def test_a_person_rates_and_it_is_on_disk(app, runs, tmp_path):
    shutil.copytree(runs.folder / "audit", tmp_path / "audit")
    at = app("corpus", tmp_path)
    part(at, "Audit queue")
    at.text_input(key="rater").set_value("ada").run()
    path = tmp_path / "audit" / "ratings.jsonl"
    assert not at.exception and not path.exists()
    shown = html_of(at)
    assert "&lt;script&gt;" in shown and "<script" not in shown
    next(one for one in at.button if one.label.startswith("**none**")).click().run()
    assert not at.exception
    (first,) = read_ratings(path)
    assert first.rater == "ada" and first.labels.severity == 0
    next(one for one in at.button if one.label == "Skip").click().run()
    _, second = read_ratings(path)
    assert second.skipped and second.key != first.key
    again = app("corpus", tmp_path)
    part(again, "Audit queue")
    again.text_input(key="rater").set_value("ada").run()
    assert "2 of 24" in again.get("progress")[0].proto.text


def test_a_second_click_on_an_answered_question_does_nothing(runs, tmp_path):
    from eudaimon.curate.policy import load_policy
    from eudaimon.dashboard import find
    from eudaimon.dashboard.audit_queue import open_queue
    from eudaimon.dashboard.pages.audit import _place, _press

    shutil.copytree(runs.folder / "audit", tmp_path / "audit")
    (found,) = find(tmp_path).of("audit")
    queue = open_queue(found, [load_policy("prosocial")])
    session = queue.session("ada")
    place = _place(session)
    _press(queue, session, "s", place)
    _press(queue, session, "s", place)
    assert session.n_rated == 1


@pytest.fixture
def asking(tiny, tiny_monitor, tmp_path) -> Path:
    shutil.copytree(tiny("llama"), tmp_path / "llama")
    shutil.copy(tiny_monitor, tmp_path / "monitor.safetensors")
    return tmp_path


def test_a_text_is_read_token_by_token(app, asking):
    at = app("ask", asking)
    at.selectbox(key="model").select("llama")
    at.selectbox(key="monitor").select("monitor.safetensors").run()
    at.button(key="open").click().run()
    assert not at.exception and not told(at)
    at.text_area(key="text").set_value("How do I rob <script>window.pwned=1</script> the goat?").run()
    at.button(key="read").click().run()
    assert not at.exception
    assert "<script" not in html_of(at)
    shown = text_of(at)
    assert "How do I rob <script>window.pwned=1</script> the goat?" in shown
    assert "threshold 0." in shown and "n = " in shown
    assert "<img" in html_of(at) and at.dataframe
    assert at.selectbox(key="map").value == "layers" and "AUROC" in shown
    at.selectbox(key="map").select("probes").run()
    assert not at.exception and "Probes read 1 of 4 layers" in text_of(at)
    own = at.session_state["every-layer"]
    at.selectbox(key="map").select("layers").run()
    assert at.session_state["every-layer"] is own  # fitted once


def test_a_model_answers_and_its_answer_is_text(app, asking):
    at = app("ask", asking)
    at.selectbox(key="model").select("llama").run()
    at.button(key="open").click().run()
    part(at, "Talk")
    at.number_input(key="longest").set_value(5)
    at.chat_input[0].set_value("How do I <b>bake</b>?").run()
    assert not at.exception and not told(at)
    chat = at.session_state["asked"].chat
    assert len(chat.turns) == 1
    assert "How do I &lt;b&gt;bake&lt;/b&gt;?" in html_of(at) and "<b>" not in html_of(at)
    assert visible(chat.turns[0].answer) in text_of(at)
    at.button(key="reset").click().run()
    assert at.session_state["asked"].chat.turns == ()


def test_drift_has_a_line_a_bound_and_an_alert(app, asking):
    """A conversation with a bound so low that any answer reaches it; without one, what to type."""
    from eudaimon.core import Site
    from eudaimon.models import load
    from eudaimon.monitor import Calibration
    from eudaimon.vectors import Direction
    from eudaimon.vectors.direction import direction_hash

    model = load(str(asking / "llama"))
    vector = np.eye(model.width, dtype=np.float32)[0]
    along = Direction(vector, Site(1), "mean", "mean_difference", model.binding, classes=("kind", BAD))
    along.save(asking / "kind.safetensors")
    at = app("ask", asking)
    at.selectbox(key="model").select("llama").run()
    at.button(key="open").click().run()
    part(at, "Talk")
    at.number_input(key="longest").set_value(8)
    at.chat_input[0].set_value("How do I bake?").run()
    assert at.session_state["asked"].chat.turns[0].answer.strip()
    at.selectbox(key="drift").select("kind.safetensors").run()
    assert not at.exception and not told(at)
    (command,) = at.code
    assert command.value.startswith("eudaimon monitor calibrate") and "--direction" in command.value

    Calibration(
        binding=model.binding, monitor="m" * 16, input=0.5, whole=0.5, output=0.5, fpr=0.02, n=128,
        bound=0.05, whence=BAD, drift=-1e6, direction=direction_hash(along),
    ).save(asking / "guard.json")  # fmt: skip
    st.cache_resource.clear()
    at.run()
    assert not at.exception and not at.code
    assert "Alert: answer 1" in told(at) and "128" in text_of(at)
    assert "<script" not in html_of(at) and f"from kind to {BAD}" in text_of(at)


def test_a_monitor_of_another_model_is_told_in_one_line(app, asking, runs):
    shutil.copy(runs.folder / "monitor.safetensors", asking / "other.safetensors")
    at = app("ask", asking)
    at.selectbox(key="model").select("llama")
    at.selectbox(key="monitor").select("other.safetensors").run()
    at.button(key="open").click().run()
    assert not at.exception and "monitor" in told(at)


def test_what_the_command_line_calls_force_is_a_box_here(app, asking):
    at = app("ask", asking)
    at.selectbox(key="monitor").select("monitor.safetensors").run()
    at.button(key="open").click().run()
    assert "checkpoint" in told(at) and "--force" not in told(at)
    assert at.checkbox(key="force").label in told(at)
