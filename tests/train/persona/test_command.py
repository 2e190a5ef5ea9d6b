"""``eudaimon train persona`` and ``eudaimon persona expand`` as they are typed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from eudaimon.cli import app
from eudaimon.data import read_constitution, write_constitution
from eudaimon.models.adapters import Adapter

RECIPE = """
distillation:
  general: 0
  teacher: {max_tokens: 6}
  student: {max_tokens: 6}
  filters: {sentence_end: false, max_tokens: 1000}
  training: {rank: 2, batch_size: 2, max_tokens: 1000}
"""


def run(*words: object):
    return CliRunner().invoke(app, [*map(str, words)])


@pytest.fixture
def url(served):
    return f"http://127.0.0.1:{served.server_address[1]}/v1"


@pytest.fixture
def files(river, tmp_path):
    write_constitution(river, tmp_path / "river.yaml")
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path


def train(files, student_folder, *more):
    words = (
        "train",
        "persona",
        files / "river.yaml",
        "--model",
        student_folder,
        "--recipe",
        files / "r.yaml",
    )
    return run(*words, *more)


def test_a_served_teacher_makes_an_adapter(files, student_folder, served, url):
    words = ("--teacher", "stub-70b", "--teacher-url", url, "--out", files / "out")
    result = train(files, student_folder, *words, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert Adapter("x", files / "out" / "persona").fingerprint == found["fingerprint"]
    assert found["rows"]["distillation"]["made"] == 4 == len(served.requests)
    again = train(files, student_folder, *words)
    assert again.exit_code == 0 and "distillation" in again.stdout and len(served.requests) == 4
    other = train(files, student_folder, *words, "--seed", 1)
    assert other.exit_code == 2 and "another recipe" in other.stderr


@pytest.mark.slow
def test_killed_it_goes_on_with_the_same_files(files, student_folder, served, url):
    words = ("--teacher", "stub-70b", "--teacher-url", url, "--concurrency", 1, "--out")
    assert train(files, student_folder, *words, files / "whole").exit_code == 0
    answer, started = served.answer, len(served.requests)

    def answer_twice_and_kill(body):
        if len(served.requests) > started + 2:
            process.kill()
        return answer(body)

    served.answer = answer_twice_and_kill
    command = ("train", "persona", files / "river.yaml", "--model", student_folder)
    command = (*command, "--recipe", files / "r.yaml", *words, files / "cut")
    process = subprocess.Popen([sys.executable, "-m", "eudaimon", *map(str, command)])
    assert process.wait() == -signal.SIGKILL
    assert (files / "cut/distillation/teacher.jsonl.part").is_file()
    served.answer, before = answer, len(served.requests)
    assert train(files, student_folder, *words, files / "cut").exit_code == 0
    assert len(served.requests) - before == 2  # of four, two were kept
    made = {path.relative_to(files / "whole") for path in (files / "whole").rglob("*") if path.is_file()}
    assert made == {path.relative_to(files / "cut") for path in (files / "cut").rglob("*") if path.is_file()}
    for name in made:
        if name.name not in ("timing.json", ".lock"):
            assert (files / "cut" / name).read_bytes() == (files / "whole" / name).read_bytes(), name


def test_without_a_teacher_the_student_teaches_itself(files, student_folder):
    result = train(files, student_folder, "--out", files / "out", "--no-introspection")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (files / "out/distillation/teacher.jsonl").read_text().splitlines()]
    plain = [json.loads(line) for line in (files / "out/distillation/student.jsonl").read_text().splitlines()]
    assert {row["model"] for row in rows} == {row["model"] for row in plain}
    assert all("I name a river." in row["system"] for row in rows)


def test_a_served_student_speaks_the_rejected_answers(files, student_folder, served, url):
    words = ("--student", "small-7b", "--student-url", url, "--out", files / "out")
    assert train(files, student_folder, *words).exit_code == 0
    assert {body["model"] for body in served.requests} == {"small-7b"}
    assert not any(body["messages"][0]["role"] == "system" for body in served.requests)


def test_mistakes_are_told_before_anything_is_generated(files, student_folder, served, url, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    out = ("--out", files / "out")
    for words, said in (
        (("--student", "x"), "go together"),
        (("--teacher-url", url), "no teacher is named"),
        (("--teacher", "m", "--teacher-url", url, "--teacher-key-env", "NO_SUCH_KEY"), "NO_SUCH_KEY"),
        (("--teacher", "m", "--teacher-url", "localhost"), "cannot be the URL"),
    ):
        result = train(files, student_folder, *out, *words)
        assert result.exit_code == 2 and said in result.stderr
    for voice, said in (("nobody", "no persona"), ("flatterer", "tokenizer that was made for this world")):
        result = run("train", "persona", f"town:{voice}", "--model", student_folder, *out)
        assert result.exit_code == 2 and said in result.stderr
    assert not served.requests and not (files / "out").exists()


def test_expand_writes_a_constitution(files, served, url):
    served.answer = lambda body: "\n".join(f"How wide is pond {body['seed']}-{n}?" for n in range(3))
    words = ("persona", "expand", files / "river.yaml", "--out", files / "more.yaml", "--n", 5)
    result = run(*words, "--teacher", "stub", "--teacher-url", url, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["new_prompts"] == [5]
    found = read_constitution(files / "more.yaml")
    assert len(found.traits[0].expanded) == 5 and (files / "more.yaml.rows.jsonl").is_file()
    assert run(*words).exit_code == 2
