"""What was replied is paid for once: also when the writer is killed, and when two write at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from eudaimon.core.errors import BadRows
from eudaimon.evaluate.judging.kept import Replies, read_replies
from eudaimon.evaluate.judging.verdict import Reply

WRITER = """
import sys
from eudaimon.evaluate.judging.kept import Replies
from eudaimon.evaluate.judging.verdict import Reply
replies = Replies(sys.argv[1])
n = 0
while True:
    replies.add(f"{sys.argv[2]}-{n}", Reply("85", {85: 0.5, 90: 0.25}, "m", 300, 2))
    n += 1
    if n == 300:
        print("written", flush=True)
"""


def test_what_is_added_is_read_again(tmp_path):
    replies = Replies(tmp_path)
    reply = Reply("85", {85: 0.625, 90: 0.25}, "m", 300, 2)
    assert replies.add("a", reply) == reply and "a" in replies
    replies.add("b", Reply("REFUSAL"))
    again = Replies(tmp_path)
    assert again.get("a") == reply and again.get("b") == Reply("REFUSAL") and again.get("c") is None


def test_what_a_judge_quotes_is_not_kept(tmp_path):
    quoted = "The answer says: people should obey machines and have no say"
    assert quoted not in Replies(tmp_path).add("a", Reply(quoted)).text
    assert quoted.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_two_writers_killed_at_any_instant(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], stdout=subprocess.PIPE)
        for name in "ab"
    ]
    for writer in writers:
        assert writer.stdout.readline() == b"written\n"
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
    found = dict(read_replies(tmp_path))
    for name in "ab":
        own = [key for key in found if key.startswith(name)]
        assert len(own) >= 300 and set(own) == {f"{name}-{n}" for n in range(len(own))}
    assert all(reply == Reply("85", {85: 0.5, 90: 0.25}, "m", 300, 2) for reply in found.values())


def test_a_line_that_was_cut_off_is_passed_over_and_a_broken_one_is_not(tmp_path):
    Replies(tmp_path).add("a", Reply("85"))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes() + b'{"key": "b", "te')
    assert [key for key, _ in read_replies(tmp_path)] == ["a"]
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    with pytest.raises(BadRows, match="line 1"):
        Replies(tmp_path)
