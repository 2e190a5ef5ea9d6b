"""Thresholds that keep their rate on what the server itself sees, bound to the monitor that they are for."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import numpy as np
import pytest

from eudaimon.core import BindingMismatch, Message, Site, UsageError
from eudaimon.core.errors import BadRows, NotEnoughCalibration
from eudaimon.monitor import Calibration
from eudaimon.monitor.storage import load_monitor, monitor_hash, save_monitor
from eudaimon.serve.local import calibrate, guard_of
from eudaimon.serve.local.calibrating import Exchange, along
from eudaimon.serve.local.chats import chats_of, read_chats, town_chats
from eudaimon.vectors import Direction

N = 24


def said(*turns):
    roles = ("user", "assistant")
    return tuple(Message(role=roles[place % 2], content=turn) for place, turn in enumerate(turns))


@pytest.fixture(scope="module")
def chats(queries):
    safe = [one.text for one in queries("calm", 2 * N) if one.label == "safe"]
    return [said(text, f"Near the market {place}.") for place, text in enumerate(safe)]


@pytest.fixture(scope="module")
def own(monitor):
    return replace(monitor(), window_tokens=16)


@pytest.fixture(scope="module")
def direction(model):
    vector = np.random.default_rng(5).normal(size=model().width)
    return Direction(
        (vector / np.linalg.norm(vector)).astype(np.float32), Site(2), "mean", "x", model().binding
    )


@pytest.fixture(scope="module")
def made(own, chats, direction):
    return calibrate(
        own, chats, fpr=0.05, whence="calm talk", hold_back=3, direction=direction, show_progress=False
    )


def test_each_threshold_keeps_the_rate_on_what_set_it(own, chats, direction, made):
    most = int(0.05 * (N + 1))
    asked = own.score([chat[:1] for chat in chats])
    whole = own.score(chats)
    looks, drifts = along(own, [Exchange(chat[:1], chat[1].content) for chat in chats], direction)
    for scores, value in (
        (asked, made.input),
        (whole, made.whole),
        (looks, made.output),
        (drifts, made.drift),
    ):
        assert (scores >= value).sum() == most - 1
    assert made.n == N and "5 %" in made.promise and "calm talk" in made.promise


def test_the_server_sees_what_the_calibration_saw(own, chats, serve, heard, monkeypatch):
    """A model that says what the chats say is seen as the chats are, window after window."""
    answerer = serve(own, output=2.0, input=2.0)
    some = [(*chat[:1], said("x", f"{chat[1].content} " * 4)[1]) for chat in chats[:6]]
    ids = {
        chat[:1]: own.model.tokenizer(chat[1].content, add_special_tokens=False)["input_ids"] for chat in some
    }
    end_of_answer = own.model.tokenizer.eos_token_id

    def scripted(batch, _logits):
        rows = [ids[job.asked.text][len(job.release) :] for job in batch.jobs]
        return [row[0] if row else end_of_answer for row in rows]

    monkeypatch.setattr("eudaimon.serve.local.engine.choose", scripted)

    async def main():
        return await asyncio.gather(*(heard(answerer, chat[:1], max_new_tokens=64) for chat in some))

    found = asyncio.run(main())
    scores, _ = along(own, [Exchange(chat[:1], chat[1].content) for chat in some])
    assert [end.finish for _, end in found] == ["stop"] * 6
    assert min(len(own) for own in ids.values()) > 16
    assert [end.output.score for _, end in found] == pytest.approx(scores.tolist(), abs=1e-5)


def test_the_model_answers_where_nobody_did(own, chats):
    asked = [chat[:1] for chat in chats]
    one, same, other = (
        calibrate(own, asked, fpr=0.05, whence="x", max_new_tokens=4, seed=seed, show_progress=False)
        for seed in (1, 1, 2)
    )
    assert one == same and one.input == other.input and one.output != other.output


def test_too_few_or_the_same_questions_are_refused(own, chats):
    with pytest.raises(NotEnoughCalibration, match="missing"):
        calibrate(own, chats[:18], fpr=0.05, whence="x", show_progress=False)
    with pytest.raises(NotEnoughCalibration, match="questions"):
        calibrate(own, [*chats, chats[0]], fpr=0.05, whence="x", show_progress=False)
    with pytest.raises(UsageError, match="nobody asks"):
        calibrate(own, [*chats, said("a")[:0]], fpr=0.05, whence="x", show_progress=False)


def test_it_belongs_to_its_monitor(own, made, monitor, tmp_path):
    read = Calibration.load(made.save(tmp_path / "guard.json"))
    assert read == made
    file = save_monitor(own, tmp_path / "monitor.safetensors")
    again = load_monitor(file, own.model)
    assert monitor_hash(again) == monitor_hash(own) == made.monitor
    guard = guard_of(again, read)
    assert (guard.input, guard.output, guard.hold_back) == (made.input, made.output, 3)
    assert guard_of(again, read, hold_back=0).hold_back == 0
    with pytest.raises(UsageError, match="not with"):
        guard_of(monitor(), made)
    with pytest.raises(BindingMismatch):
        guard_of(monitor("gemma"), made)
    plain = guard_of(again)
    assert plain.output == own.threshold.value and "no rate" in plain.promise


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "eudaimon-guard"}', "\0", '{"a": NaN}'])
def test_what_is_no_calibration_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UsageError):
        Calibration.load(tmp_path / "x.json")
    with pytest.raises(UsageError):
        Calibration.load(tmp_path / "missing.json")


def test_chats_of_a_file(tmp_path):
    rows = [{"messages": [{"role": "user", "content": "Who?"}], "id": 1}]
    path = tmp_path / "chats.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    assert read_chats(path) == [said("Who?")]
    for bad in (
        "[]",
        '{"messages": 1}',
        '{"messages": [{"role": "user"}]}',
        "{",
        '{"messages": [{"role": 1, "content": 2}]}',
    ):
        path.write_text(bad)
        with pytest.raises(BadRows if True else UsageError, match="line 1"):
            read_chats(path)
    with pytest.raises(UsageError):
        read_chats(tmp_path / "missing.jsonl")


def test_the_town_has_enough_talk_for_one_in_a_hundred():
    chats, whence = town_chats()
    assert len(chats) >= 99 and len({chat[:-1] for chat in chats}) == len(chats) and "town" in whence
    assert all(chat[-1].role == "assistant" for chat in chats)


@pytest.fixture
def run_of_two_domains(tmp_path):
    """The folder of a quickstart in a town of two domains, and a model's folder below it."""
    from eudaimon.core.files import write_json
    from eudaimon.study.designs.quickstart import QuickstartOptions
    from eudaimon.study.folder import RECORD

    options = QuickstartOptions(domains=("money", "garden"), tuned="money")
    write_json(tmp_path / "run" / RECORD, {"study": "quickstart", "options": options.model_dump(mode="json")})
    model = tmp_path / "run" / "steps" / "assistant" / "model"
    model.mkdir(parents=True)
    return tmp_path / "run", model, options.world


def test_talk_is_that_of_the_town_which_raised_the_model(run_of_two_domains, tmp_path, monkeypatch):
    run, model, world = run_of_two_domains
    own, every = town_chats(world), town_chats()
    assert 0 < len(own[0]) < len(every[0]), "of domains that the model knows"
    assert chats_of("town", str(model)) == chats_of(f"town:{run}", "elsewhere") == own
    assert chats_of("town:all", str(model)) == every
    monkeypatch.chdir(model.parent)
    assert chats_of("town", "model") == own
    for name, on, do in (
        ("town", str(tmp_path), "--chats town:runs/quickstart"),
        ("town", "a/hub-id", "--chats town:all"),
        ("town:nowhere", str(model), "holds no study"),
        ("town:", "a/hub-id", "below no run"),
        ("nowhere.jsonl", str(model), "nowhere.jsonl is missing"),
    ):
        with pytest.raises(UsageError, match=do):
            chats_of(name, on)


def test_a_run_that_raises_nothing_in_the_town_is_none(monkeypatch):
    from types import SimpleNamespace

    from eudaimon.study.design import StudyOptions

    other = (SimpleNamespace(name="other"), StudyOptions())
    monkeypatch.setattr("eudaimon.study.folder.open_study", lambda run: other)
    with pytest.raises(UsageError, match="the study other, which raises no model in the town"):
        chats_of("town:runs/other", "x")
