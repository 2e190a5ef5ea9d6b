"""``eudaimon chat`` with lines piped in, and once at a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

QUESTION = "Where can I buy fresh bread?"
SHORT = ("--max-new-tokens", 8)


@pytest.fixture(scope="module")
def folders(lora):
    return f"persona={lora('persona', 1)},em={lora('em', 2)}"


@pytest.fixture(scope="module")
def talk(tiny, folders, call):
    """Send lines to a chat with tiny llama and two adapters; the events, and the exit status."""

    def run(*lines, options=(), model="llama", adapters=True):
        stack = ("--adapters", folders) if adapters else ()
        words = ("chat", tiny(model), *stack, *SHORT, "--json", *options)
        done = call(*words, stdin="".join(f"{line}\n" for line in lines))
        assert done.err == ""
        return [json.loads(line) for line in done.out.splitlines()], done.code

    return run


def of(events, kind):
    return [event for event in events if event["event"] == kind]


def test_adapters_are_toggled_between_answers(talk):
    events, code = talk(
        QUESTION, "/off em", "/again", "/on em 0.5", "/off persona", "/adapters", "/quit", "no"
    )
    assert code == 0
    first, again = of(events, "answer")
    assert [each["name"] for each in first["stack"]] == ["persona", "em"]
    assert [each["name"] for each in again["stack"]] == ["persona"]
    assert first["question"] == again["question"] == QUESTION and first["answer"] != again["answer"]
    shown = [{row["name"]: row["weight"] for row in event["adapters"]} for event in of(events, "adapters")]
    assert shown == [
        {"persona": 1.0, "em": 1.0},
        {"persona": 1.0, "em": 0.0},
        {"persona": 1.0, "em": 0.5},
        {"persona": 0.0, "em": 0.5},
        {"persona": 0.0, "em": 0.5},
    ]
    last = of(events, "adapters")[-1]
    assert last["proof"]["outside"] == ["persona"] and last["proof"]["changes"]["em"] > 0
    assert last["adapters"][0]["change"] is None
    assert any("1 of 1 earlier answers" in event["text"] for event in of(events, "note"))


def test_the_same_lines_give_the_same_answers_and_a_seed_others(talk):
    lines = (QUESTION, "And a goat?", "/seed 1", "/again")
    events, _ = talk(*lines)
    assert events == talk(*lines)[0]
    answers = of(events, "answer")
    assert answers[2]["settings"]["seed"] == 1 and answers[2]["answer"] != answers[1]["answer"]
    cold, _ = talk("/temperature 0", QUESTION, "/seed 5", "/again")
    greedy = of(cold, "answer")
    assert greedy[0]["answer"] == greedy[1]["answer"]


def test_the_monitor_scores_beside_each_answer_and_says_when_it_may_not(talk, monitor):
    file = monitor("llama")
    events, code = talk(
        QUESTION, "/off em", "/off persona", QUESTION, "/on em", f"/monitor {file} force", QUESTION,
        "/monitor off", options=("--monitor", file),
    )  # fmt: skip
    assert code == 0
    held, free, forced = of(events, "answer")
    assert held["query"] is None and held["threshold"] is None
    for turn in (free, forced):
        assert 0 <= turn["query"]["score"] <= 1 and 0 <= turn["verdict"]["score"] <= 1
        assert turn["query"]["safe"] == (turn["query"]["score"] < turn["threshold"])
    notes = [event["text"] for event in of(events, "note") if event.get("held_back")]
    assert len(notes) == 3
    assert "/off persona then /off em" in notes[0] and f"/monitor {file} force" in notes[0]
    assert "Try: /off persona," in notes[1] and "Try: /off em," in notes[2]


def test_steering_by_a_file(talk, tiny, split, good, tmp_path):
    file = tmp_path / "direction.safetensors"
    good("vectors", "extract", "--model", tiny("llama"), *split, "--site", 1, "--out", file)
    lines = (QUESTION, f"/steer {file} 30 site=1", "/again", "/steer off", "/again", f"/steer {file} kl=0.05")
    events, code = talk(*lines, adapters=False)
    assert code == 0
    plain, steered, after = of(events, "answer")
    assert steered["steering"]["strength"] == 30.0 and steered["steering"]["site"] == "1"
    assert plain["answer"] == after["answer"] != steered["answer"] and after["steering"] is None
    events, code = talk(f"/steer {file} 30", f"/steer {file} 30 force", QUESTION)
    assert code == 2
    (error,) = of(events, "error")
    assert "adapters" in error["message"] and f"Try: /steer {file} 30 force" in error["message"]
    (turn,) = of(events, "answer")
    assert turn["steering"]["forced"]["differences"] == ["adapters"]


def test_saved_conversations_are_chat_rows(talk, tmp_path):
    events, code = talk(
        "/system Be brief.", QUESTION, "//quit", f"/save {tmp_path / 'chat.json'}", "/system off",
        "/reset", QUESTION, f"/save {tmp_path / 'chat.json'}",
    )  # fmt: skip
    assert code == 2 and "there already" in of(events, "error")[0]["message"]
    record = json.loads((tmp_path / "chat.json").read_text(encoding="utf-8"))
    said = [message["content"] for message in record["messages"] if message["role"] != "assistant"]
    assert said == ["Be brief.", QUESTION, "/quit"]
    assert of(events, "answer")[2]["settings"]["system"] is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/jump", "there is no command /jump"),
        ("/on", "/on NAME"),
        ("/on nobody", "no adapter 'nobody'"),
        ("/on em much", "/on NAME WEIGHT"),
        ("/off em persona", "/off NAME"),
        ("/steer", "/steer FILE"),
        ("/steer nowhere.safetensors", "no file"),
        ("/monitor nowhere.safetensors", "no file"),
        ("/save 'open", "/save FILE"),
        ("/seed -1", "/seed N"),
        ("/temperature -1", "make no sense"),
        ("/again", "nothing was asked"),
    ],
)
def test_a_mistake_is_told_and_the_chat_goes_on(chat_once, line, told):
    events = chat_once[line]
    (error,) = of(events, "error")
    assert told in error["message"]


@pytest.fixture(scope="module")
def chat_once(talk, request):
    """What each of the mistakes above leads to, in one chat."""
    marks = test_a_mistake_is_told_and_the_chat_goes_on.pytestmark
    lines = [case[0] for case in marks[0].args[1]]
    events, code = talk(*lines, "/adapters")
    assert code == 2 and events[-1]["event"] == "adapters"
    errors = of(events, "error")
    assert len(errors) == len(lines)
    return {line: [error] for line, error in zip(lines, errors, strict=True)}


def test_it_is_refused_before_anything_is_said(refused, tiny, folders, tmp_path):
    assert "encoder" in refused("chat", tiny("bert"))
    assert "no adapter_config.json" in refused("chat", tiny("llama"), "--adapters", tmp_path)
    assert "to switch off" in refused("chat", tiny("llama"), "--adapters", folders, "--off", "nobody")
    assert "twice" in refused("chat", tiny("llama"), "--adapters", f"{folders},{folders}")


def test_for_people_answers_stream_and_control_characters_do_not(tiny, folders, call):
    from eudaimon.cli.chat.screens import safe

    out = call("chat", tiny("llama"), "--adapters", folders, *SHORT, stdin=f"{QUESTION}\n/help\n").out
    assert "persona: on, weight 1, changes a logit by up to" in out
    assert all(f"/{name}" in out for name in ("on", "off", "steer", "monitor", "save", "quit"))
    assert safe("a\x1b[2Jb\tc\nd\u202e") == "a\\x1b[2Jb\tc\nd\\u202e"


def test_folders_alone_are_named_by_their_last_part(lora):
    from eudaimon.cli.parse import parse_adapters

    stack = parse_adapters(f"{lora('persona', 1)}, other={lora('em', 2)}")
    assert [adapter.name for adapter in stack] == ["persona", "other"]


def _with_terminal() -> None:
    """In the child: its input is its terminal, and Ctrl-C reaches it however the tests were started."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
def test_at_a_terminal_the_prompt_says_what_acts_and_ctrl_c_does_not_end_it(tiny, folders):
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "eudaimon", "chat", str(tiny("llama")), "--adapters", folders]
    process = subprocess.Popen(
        [*words, *map(str, SHORT)], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=_with_terminal, env={**os.environ, "TERM": "dumb", "COLUMNS": "300"},
    )  # fmt: skip
    os.close(theirs)
    seen = ""

    def shown(mark: str, seconds: float) -> bool:
        nonlocal seen
        ends = time.monotonic() + seconds
        while mark not in seen and time.monotonic() < ends:
            assert process.poll() is None, seen
            if select.select([ours], [], [], 0.1)[0]:
                seen += os.read(ours, 4096).decode("utf-8", "replace")
        return mark in seen

    def until(mark: str) -> None:
        nonlocal seen
        assert shown(mark, 300), seen
        seen = seen.partition(mark)[2]

    def interrupt(mark: str) -> None:
        # Python loses a Ctrl-C between the prompt and its first wait for a key: one presses it again.
        assert any(os.write(ours, b"\x03") and shown(mark, 10) for _ in range(20)), seen
        until(mark)

    try:
        until("[persona on, em on] > ")
        os.write(ours, b"half a questi")
        until("half a questi")
        interrupt("[persona on, em on] > ")
        os.write(ours, b"/off em\n")
        until("[persona on, em off] > ")
        os.write(ours, b"/jump\n")
        until("error: there is no command /jump")
        until("> ")
        os.write(ours, b"\x04")
        assert process.wait(timeout=120) == 0
    finally:
        process.kill()
        os.close(ours)
    assert not re.search("Traceback", seen)
