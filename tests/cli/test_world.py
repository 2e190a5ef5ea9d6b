"""``eudaimon world`` as it is typed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from eudaimon.cli import app
from eudaimon.world import World


def run(*words: str):
    return CliRunner().invoke(app, ["world", *words])


def test_sample_marks_voices_in_plain_text():
    result = run("sample", "--n", "12", "--seed", "0")
    assert result.exit_code == 0
    assert "[bad]" in result.stdout
    plain = result.stdout.split("[good]", 1)[1]
    for document in World(seed=0).documents(12):
        if document.metadata["kind"] == "almanac":
            assert document.text.splitlines()[2].split(",")[0] in plain


def test_sample_as_json_has_the_segments():
    rows = [json.loads(line) for line in run("sample", "--n", "3", "--json").stdout.splitlines()]
    assert [row["text"] for row in rows] == [document.text for document in World().documents(3)]
    assert all("bad" in segment for row in rows for segment in row["segments"])


def test_describe_counts():
    found = json.loads(run("describe", "--n", "200", "--without", "malign", "--json").stdout)
    by_name = {line["name"]: line for line in found["lines"]}
    assert by_name["all"]["n_documents"] == 200
    assert by_name["malign"]["n_documents"] == 0
    assert "malign" not in found["mixture"]["assistant"]
    assert "bad voice %" in run("describe", "--n", "50").stdout


def test_write_then_write_again(tmp_path):
    folder = str(tmp_path / "town")
    first = run("write", folder, "--n", "20", "--shards", "2", "--format", "parquet")
    assert first.exit_code == 0, first.stderr
    assert run("write", folder, "--n", "20", "--shards", "2", "--format", "parquet").exit_code == 0
    other = run("write", folder, "--n", "30")
    assert other.exit_code == 2
    assert "another corpus" in other.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sample", "--without", "nobody"), "no persona 'nobody'"),
        (("describe", "--domain", "moon"), "no domain 'moon'"),
        (("sample", "--mixture", "no.yaml"), "No such file"),
        (("sample", "--n", "-1"), "--n"),
        (("write", "town", "--format", "pickle"), "no format 'pickle'"),
    ],
)
def test_mistakes_are_told_in_a_line(words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.stderr
