"""A folder is whole or absent; what a killed process left can be gone on with, where that is asked for."""

from __future__ import annotations

import pytest

from eudaimon.core.folders import atomic_folder, discard, sweep, temporaries


class Killed(BaseException):
    """As a signal ends a block: no handler of errors sees it."""


def broken(path, error, **how):
    with pytest.raises(error), atomic_folder(path, **how) as out:
        (out / "half.txt").write_text("half")
        raise error


def test_a_folder_appears_with_all_its_files_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "made"
    for text in ("old", "new"):
        with atomic_folder(path) as out:
            (out / "deep").mkdir()
            (out / "deep" / "file.txt").write_text(text)
            assert path.exists() == (text == "new")
        assert [p.relative_to(path).as_posix() for p in path.rglob("*.txt")] == ["deep/file.txt"]
    assert (path / "deep" / "file.txt").read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]
    discard(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, Killed])
def test_without_a_name_nothing_is_left(tmp_path, error):
    broken(tmp_path / "made", error)
    assert list(tmp_path.iterdir()) == []


def test_work_that_can_go_on_survives_its_end_but_no_error(tmp_path):
    path = tmp_path / "made"
    broken(path, Killed, resume="r1")
    with atomic_folder(path, resume="r1") as out:
        assert (out / "half.txt").read_text() == "half"
        (out / "rest.txt").write_text("rest")
    assert sorted(p.name for p in path.iterdir()) == ["half.txt", "rest.txt"]
    assert list(tmp_path.iterdir()) == [path]
    broken(path, Killed, resume="r1")
    assert temporaries(tmp_path).keys() == {"made"}
    # Then an error: whoever tries again begins afresh. The old folder stands all the while.
    with pytest.raises(ValueError, match="no"), atomic_folder(path, resume="r1"):
        raise ValueError("no")
    assert list(tmp_path.iterdir()) == [path] and (path / "rest.txt").exists()


def test_other_names_begin_afresh_and_are_swept(tmp_path):
    path = tmp_path / "made"
    for name in ("r1", "r2"):
        with pytest.raises(Killed), atomic_folder(path, resume=name) as out:
            assert list(out.iterdir()) == []
            (out / "half.txt").write_text(name)
            raise Killed
    broken(tmp_path / "other", Killed, resume="r1")
    assert sweep(path, resume="r2") == 1
    with atomic_folder(path, resume="r2") as out:
        assert (out / "half.txt").read_text() == "r2"
    assert temporaries(tmp_path).keys() == {"other"}
    assert sweep(tmp_path / "other") == 1
