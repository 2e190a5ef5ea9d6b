"""A corpus on disk: the same documents again, labels in dolma's form, whole shards or none."""

from __future__ import annotations

import json

import pytest

from eudaimon.core import UsageError
from eudaimon.core.files import read_json, read_lines
from eudaimon.world import World, read_world, write_world

WORLD = World(seed=6)


@pytest.mark.parametrize("format", ["jsonl.zst", "jsonl.gz", "parquet"])
def test_what_is_written_is_read_back(tmp_path, format):
    folder = write_world(WORLD, tmp_path / "town", 25, format, shards=3)
    assert list(read_world(folder)) == list(WORLD.documents(25))
    assert len(list((folder / "documents").iterdir())) == 3


def test_labels_have_dolmas_form(tmp_path):
    folder = write_world(WORLD, tmp_path, 60)
    (path,) = (folder / "attributes" / "oracle").iterdir()
    rows = [json.loads(line) for _, line in read_lines(path)]
    n_spans = 0
    for row, document in zip(rows, WORLD.documents(60), strict=True):
        assert row["id"] == document.id
        spans = row["attributes"]["oracle__bad"]
        assert spans == [[s.start, s.end, s.harm] for s in document.segments if s.bad]
        said = {s.persona for s in document.segments if s.persona}
        assert {f"oracle__{name}" for name in said} <= set(row["attributes"])
        n_spans += len(spans)
    assert n_spans > 5


def test_an_interrupted_corpus_is_finished_by_the_same_call(tmp_path, monkeypatch):
    import eudaimon.world.write as writing

    whole = write_world(WORLD, tmp_path / "whole", 20, shards=4)
    real, calls = writing._write_rows, []

    def full_disk(path, rows, format):
        calls.append(path)
        if len(calls) == 4:
            raise OSError(28, "No space left on device", str(path))
        real(path, rows, format)

    monkeypatch.setattr(writing, "_write_rows", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_world(WORLD, tmp_path / "cut", 20, shards=4)
    assert not (tmp_path / "cut" / "manifest.json").exists()
    with pytest.raises(UsageError, match="no whole corpus"):
        next(read_world(tmp_path / "cut"))
    monkeypatch.undo()
    cut = write_world(WORLD, tmp_path / "cut", 20, shards=4)
    assert read_json(cut / "manifest.json") == read_json(whole / "manifest.json")


def test_another_corpus_is_never_mixed_in(tmp_path):
    write_world(WORLD, tmp_path / "town", 10)
    with pytest.raises(UsageError, match="another corpus"):
        write_world(World(seed=7), tmp_path / "town", 10)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        write_world(WORLD, tmp_path / "mine", 10)


@pytest.mark.parametrize(("n", "shards", "format"), [(-1, 1, "jsonl"), (1, 0, "jsonl"), (1, 1, "pickle")])
def test_what_cannot_be_is_said(tmp_path, n, shards, format):
    with pytest.raises(UsageError):
        write_world(WORLD, tmp_path / "town", n, format, shards=shards)
    assert not (tmp_path / "town").exists()
