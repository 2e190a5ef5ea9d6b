from __future__ import annotations

import sys

import pytest

from eudaimon.core import UsageError
from eudaimon.core.discovery import found_in, modules_in, pick


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "a_folder_of_things"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "second.py").write_text("THING = 2")
    (folder / "first.py").write_text("THING = 1")
    (folder / "other.py").write_text("NOTHING = 0")
    (folder / "_hidden.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.name
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


def test_what_is_found_is_sorted_and_hidden_files_are_not_imported(package):
    assert modules_in(package) == ("first", "other", "second")
    assert f"{package}.first" not in sys.modules
    assert found_in(package, "THING") == {"first": 1, "second": 2}


def test_what_is_not_there_is_named_with_what_is():
    assert pick({"a": 1, "b": 2}, "b", "letter") == 2
    with pytest.raises(UsageError, match=r"there is no letter 'c'.*a, b"):
        pick({"a": 1, "b": 2}, "c", "letter")
