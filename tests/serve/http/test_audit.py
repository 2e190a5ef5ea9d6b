"""The audit log: what it keeps, what it does not, and what a kill or a full disk leaves of it."""

from __future__ import annotations

import hashlib
import hmac
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

from eudaimon.core import Message, UsageError
from eudaimon.serve.http import Audit, Settings
from eudaimon.serve.http.audit import Row, canonical

CHAT = "/v1/chat/completions"
ROW = Row("id", 1.5, CHAT, "input", "block", True, 0.9, 0.5, "monitor", "theft", "m", "h", "stop", "a text")


def asking(text: str, **more):
    return {"messages": [{"role": "user", "content": text}]} | more


@pytest.fixture
def opened(tmp_path):
    """``opened(**how)``: an audit log in a file of the test's own."""
    made = []

    def audit(**how) -> Audit:
        made.append(Audit(tmp_path / "audit.sqlite", **how))
        return made[-1]

    yield audit
    for each in made:
        each.close()


def kept(path, what: str = "*") -> list[sqlite3.Row]:
    with sqlite3.connect(path) as database:
        database.row_factory = sqlite3.Row
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return database.execute(f"SELECT {what} FROM verdicts ORDER BY number").fetchall()


@contextmanager
def full_disk(audit: Audit):
    """Within the block no file of this process can grow past the write-ahead log, as on a full disk."""
    audit.write([ROW]).result(180)
    size = audit.path.with_name(f"{audit.path.name}-wal").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_row_a_verdict_and_no_text(client, opened):
    audit = opened(required=True)
    http = client(Settings(monitor_hash="abc", input="score"), audit)
    said = "words that nobody keeps"
    http.post(CHAT, json=asking(said))
    http.post(CHAT, json=asking(f"{said} evil more", stream=True))
    http.post("/v1/moderations", json={"input": [said, "a bomb"], "side": "output"})
    http.post("/beta/litellm_basic_guardrail_api", json={"input_type": "request", "texts": ["nan"]})
    rows = kept(audit.path)
    assert [(r["side"], r["mode"], r["flagged"], r["layer"], r["finish"]) for r in rows] == [
        ("input", "score", 0, "monitor", "stop"),
        ("output", "block", 0, "monitor", "stop"),
        ("input", "score", 0, "monitor", "content_filter"),
        ("output", "block", 1, "critique", "content_filter"),
        ("output", "score", 0, "monitor", "none"),
        ("output", "score", 1, "critique", "none"),
        ("input", "score", 1, "error", "none"),
    ]
    assert rows[0]["request"] == http.answerer.asked[0].id and rows[0]["hash"] != rows[1]["hash"]
    assert (rows[3]["score"], rows[3]["threshold"], rows[3]["category"]) == (0.9, 0.5, "violence")
    assert {(r["model"], r["monitor"], r["text"]) for r in rows} == {("pretended", "abc", None)}
    assert rows[4]["hash"] == audit.hash(said) and rows[4]["n_characters"] == len(said)
    assert rows[0]["hash"] == audit.hash((Message(role="user", content=said),))
    assert rows[1]["hash"] == audit.hash(f"{said} "), "the answer that was sent"
    audit.close()
    raw = b"".join(file.read_bytes() for file in audit.path.parent.iterdir())
    assert said.encode() not in raw and b"nobody keeps" not in raw


def test_the_text_is_kept_where_that_is_asked_for(client, opened):
    http = client(None, opened(keep_text=True, required=True))
    http.post(CHAT, json=asking("one two"))
    assert [row["text"] for row in kept(http.serving.audit.path)] == ['[["user","one two"]]', "one two "]


def test_the_hash_is_keyed_by_the_file(opened, tmp_path):
    audit = opened()
    with sqlite3.connect(audit.path) as database:
        (key,) = database.execute("SELECT value FROM about WHERE name = 'key'").fetchone()
    assert audit.hash("x") == hmac.new(bytes.fromhex(key), b"x", hashlib.sha256).hexdigest()
    other = Audit(tmp_path / "other.sqlite")
    assert other.hash("x") != audit.hash("x")
    other.close()
    audit.close()
    assert Audit(audit.path).hash("x") == audit.hash("x"), "the key stays with the file"
    assert stat.S_IMODE(audit.path.stat().st_mode) == 0o600


def test_different_texts_have_different_bytes():
    one = (Message(role="user", content="a"), Message(role="assistant", content="b"))
    found = [
        canonical(one),
        canonical(one[::-1]),
        canonical(one[:1]),
        canonical("a"),
        canonical('[["user","a"]]'),
    ]
    assert len(set(found)) == 4 and found[2] == found[4]
    assert canonical("\ud800")


def test_a_full_disk_closes_the_server_where_the_log_is_required(client, opened):
    audit = opened(required=True)
    http = client(None, audit)
    assert http.post(CHAT, json=asking("fine")).status_code == 200
    posts = (
        (CHAT, asking("fine")),
        (CHAT, asking("fine", stream=True)),
        ("/v1/completions", {"prompt": "fine"}),
        ("/v1/moderations", {"input": "fine"}),
        ("/beta/litellm_basic_guardrail_api", {"input_type": "request", "texts": ["fine"]}),
    )
    with full_disk(audit):
        refused = [http.post(path, json=body) for path, body in posts for _ in range(2)]
    assert {each.status_code for each in refused} == {503}
    assert {each.json()["error"]["code"] for each in refused} == {"audit"}
    assert len(http.answerer.asked) == 1 and http.answerer.moderated == [], "nothing was begun"
    for path, body in posts:
        assert http.post(path, json=body).status_code == 200
    assert len(kept(audit.path)) == 2 + 1 + 2 * 3 + 2


def test_a_disk_that_fills_while_an_answer_is_made(client, opened, monkeypatch):
    """What was asked before is not released once its verdict cannot be kept; a stream has no end then."""
    audit = opened(required=True)
    http = client(None, audit)
    posts = (
        (CHAT, asking("fine")),
        (CHAT, asking("fine", stream=True)),
        ("/v1/moderations", {"input": "fine"}),
    )
    for path, body in posts:
        with ExitStack() as stack:
            for name in ("ask", "moderate"):
                real = getattr(http.answerer, name)

                def filling(*given, real=real, **more):
                    stack.enter_context(full_disk(audit))
                    return real(*given, **more)

                monkeypatch.setattr(http.answerer, name, filling)
            response = http.post(path, json=body)
            monkeypatch.undo()
        if body.get("stream"):
            assert '"code": "audit"' in response.text and "[DONE]" not in response.text
            assert '"finish_reason": "stop"' not in response.text
        else:
            assert response.status_code == 503 and response.json()["error"]["code"] == "audit"
        assert http.post(CHAT, json=asking("fine")).status_code == 200


def test_a_full_disk_is_counted_where_it_is_not_required(client, opened, until):
    audit = opened()
    http = client(None, audit)
    with full_disk(audit):
        assert http.post(CHAT, json=asking("fine")).status_code == 200
        until(lambda: 'failures_total{kind="audit"}' in http.get("/metrics").text)
    before = len(kept(audit.path))
    assert http.post(CHAT, json=asking("fine")).status_code == 200
    until(lambda: len(kept(audit.path)) == before + 2)


def test_acknowledged_is_handed_to_the_disk(opened):
    audit = opened()
    assert audit._database.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
    assert audit._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_too_many_waiting_rows_are_an_error_not_a_wait(opened, monkeypatch):
    monkeypatch.setattr("eudaimon.serve.http.audit.MOST_WAITING", 3)
    audit = opened()
    writing = audit._database
    blocker = sqlite3.connect(audit.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    writing.execute("PRAGMA busy_timeout = 60000")
    futures = [audit.write([ROW]) for _ in range(300)]
    late = [each for each in futures if each.done()]
    assert late and all("keep up" in str(each.exception()) for each in late)
    blocker.execute("ROLLBACK")
    blocker.close()
    for each in futures:
        assert each in late or each.result(180) is None
    assert len(kept(audit.path)) == len(futures) - len(late)


def test_closing_writes_what_waits(opened):
    audit = opened()
    futures = [audit.write([ROW, ROW]) for _ in range(50)]
    audit.close()
    audit.close()
    assert all(each.result(0) is None for each in futures) and len(kept(audit.path)) == 100
    assert isinstance(audit.write([ROW]).exception(0), OSError)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "text").write_text("this is no database, and it is longer than a header of one would be")
    with pytest.raises(UsageError, match="cannot be opened as an audit log"):
        Audit(tmp_path / "text")
    with pytest.raises(UsageError, match="cannot be opened"):
        Audit(tmp_path)
    Audit(tmp_path / "a").close()
    with sqlite3.connect(tmp_path / "a") as database:
        database.execute("UPDATE about SET value = '99' WHERE name = 'version'")
    with pytest.raises(UsageError, match="version 99"):
        Audit(tmp_path / "a")


CHILD = """
import sys
from eudaimon.serve.http.audit import Audit, Row
audit = Audit(sys.argv[1])
waiting = []
for number in range(1_000_000):
    request = sys.argv[2] + "-" + str(number)
    row = Row(request, 1.5, "r", "input", "block", True, 0.9, 0.5, "monitor", None, "", "", "", "t " * 99)
    waiting.append((number, audit.write([row, row])))
    while waiting and (waiting[0][1].done() or len(waiting) > 20):
        waiting[0][1].result()
        print(waiting.pop(0)[0], flush=True)
"""


def test_kill_9_leaves_every_acknowledged_verdict_and_no_half_row(tmp_path):
    path = tmp_path / "audit.sqlite"
    for round_ in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(round_)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        acknowledged = [int(child.stdout.readline()) for _ in range(30 + 17 * round_)]
        child.send_signal(signal.SIGKILL)
        acknowledged += [
            int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")
        ]
        child.wait(180)
        child.stdout.close()
        found = [row["request"] for row in kept(path, "request")]
        mine = [int(name.split("-")[1]) for name in found if name.startswith(f"{round_}-")]
        assert set(acknowledged) <= set(mine)
        assert sorted(mine) == sorted([*range(len(mine) // 2)] * 2), (
            "each verdict whole, none between missing"
        )
    audit = Audit(path)
    audit.write([ROW]).result(180)
    audit.close()
    assert len(kept(path)) == len(found) + 1
