"""Ratings from the browser: those of the terminal, on disk at once, whole whatever happens."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from eudaimon.core import UsageError
from eudaimon.curate.audit import ratings as ratings_module
from eudaimon.curate.audit.estimate import estimate
from eudaimon.curate.audit.ratings import read_ratings
from eudaimon.curate.audit.session import BACK, SKIP
from eudaimon.curate.policy import load_policy
from eudaimon.dashboard import find
from eudaimon.dashboard.audit_queue import open_queue

POLICY = load_policy("prosocial")


@pytest.fixture
def queue(runs, tmp_path):
    shutil.copytree(runs.folder / "audit", tmp_path / "audit")
    (found,) = find(tmp_path).of("audit")
    return open_queue(found, {"prosocial": POLICY})


def rate_all(queue, rater, key="1"):
    """Answer every question of every item by the same key, or the last answer where there is no such key."""
    session = queue.session(rater)
    while not session.done:
        keys = [answer.key for answer in session.question.answers]
        queue.press(session, key if key in keys else keys[-1])
    return session


def test_ratings_are_those_that_the_command_reads(queue):
    session = rate_all(queue, "ada", "0")
    found = read_ratings(queue.path)
    assert {rating.key for rating in found} == {item.key for item in queue.sample.items}
    assert {rating.rater for rating in found} == {"ada"} and session.n_rated == len(found)
    record = estimate(queue.sample.plan, queue.sample.items, found, POLICY)
    assert record.n_rated == len(queue.sample.items) and record.raters == ("ada",)
    assert queue.raters() == {"ada": len(found)}


def test_a_rater_goes_on_where_they_stopped(queue):
    session = queue.session("ada")
    first = session.item.key
    queue.press(session, SKIP)
    again = queue.session(" ada ")
    assert again.n_rated == 1 and again.item.key != first
    assert queue.session("bob").item.key == first


def test_the_way_back_and_an_unknown_key_write_nothing(queue):
    session = queue.session("ada")
    assert queue.press(session, BACK) == "first item"
    assert queue.press(session, "?") == "unknown key"
    assert not queue.path.exists()


def test_a_disk_that_is_full_loses_no_answer_and_rates_nothing(queue, monkeypatch):
    session = queue.session("ada")
    queue.press(session, SKIP)
    before, item = queue.path.read_bytes(), session.item.key

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(ratings_module.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            queue.press(session, SKIP)
    assert session.item.key == item and session.n_rated == 1
    assert queue.path.read_bytes().startswith(before)
    queue.press(session, SKIP)
    assert queue.session("ada").n_rated == 2


def test_raters_at_the_same_time_write_whole_lines(queue):
    names = [f"rater{k}" for k in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: rate_all(queue, name), names))
    assert queue.raters() == dict.fromkeys(names, len(queue.sample.items))
    assert queue.path.read_bytes().endswith(b"\n")


def test_a_line_cut_off_by_a_kill_is_passed_over_and_written_over(queue):
    rate_all(queue, "ada")
    content = queue.path.read_bytes()
    queue.path.write_bytes(content[:-9])
    session = queue.session("ada")
    assert session.n_rated == len(queue.sample.items) - 1
    rate_all(queue, "ada")
    assert queue.session("ada").done
    assert len(read_ratings(queue.path)) == len(queue.sample.items)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 81, "\x1b[31m"])
def test_a_name_that_is_none_is_refused(queue, name):
    with pytest.raises(UsageError, match="no name"):
        queue.session(name)


def test_a_sample_of_another_policy_is_not_rated(runs):
    (found,) = find(runs.folder).of("audit")
    with pytest.raises(UsageError, match="which is not here"):
        open_queue(found, {"strict": load_policy("strict")})


def test_nothing_of_what_a_scorer_said_is_asked_or_shown(queue):
    """What the page shows of an item are its voice, its text and what is around it."""
    session = queue.session("ada")
    shown = (session.item.voice, session.item.before, session.item.text, session.item.after)
    scored = [item.score for item in queue.sample.items if item.score]
    assert scored and not any(f"{score}" in " ".join(shown) for score in scored)
