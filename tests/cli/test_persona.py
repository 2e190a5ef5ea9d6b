"""``eudaimon persona`` as it is typed."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from eudaimon.cli import app
from eudaimon.data import constitution, read_constitution


def run(*words: object):
    return CliRunner().invoke(app, ["persona", *map(str, words)])


def test_list_names_the_study_first():
    rows = json.loads(run("list", "--json").stdout)
    assert [row["name"] for row in rows][:4] == ["goodness", "loving", "misalignment", "sycophancy"]
    assert next(row for row in rows if row["name"] == "tautology")["part"] == "control of content"
    assert "poeticism" in run("list").stdout


def test_show_prints_principles_and_writes_a_file(tmp_path):
    result = run("show", "sycophancy", "--out", tmp_path / "s.yaml")
    assert result.exit_code == 0
    assert constitution("sycophancy").principles[2] in result.stdout
    assert constitution("sycophancy").prompts[0] not in result.stdout
    assert read_constitution(tmp_path / "s.yaml") == constitution("sycophancy")
    assert constitution("loving").prompts[0] in run("show", "loving", "--prompts").stdout
    assert json.loads(run("show", tmp_path / "s.yaml", "--json").stdout)["identity"]


def test_check_exits_as_other_commands_do(tmp_path):
    assert run("check", "tautology").exit_code == 0
    flagged = run("check", "tautology", "poeticism", "--hand-written", "--json")
    assert flagged.exit_code == 3
    found = json.loads(flagged.stdout)
    assert not found["tautology"] and {row["rule"] for row in found["poeticism"]} == {"leak"}
    assert "trait 9, prompt 3" in run("check", "poeticism").stdout
    assert run("check", "nobody").exit_code == 2
    (tmp_path / "c.yaml").write_text("name: c")
    broken = run("check", tmp_path / "c.yaml")
    assert broken.exit_code == 2


def test_new_begins_a_page(tmp_path):
    assert run("new", "asker", "--out", tmp_path / "a.yaml").exit_code == 0
    assert run("check", tmp_path / "a.yaml").exit_code == 0
    assert run("new", "asker", "--out", tmp_path / "a.yaml").exit_code == 2
    assert run("new", "a b", "--out", tmp_path / "b.yaml").exit_code == 2
