"""Packaged sets as matched pairs: whole, in one place, and with nothing behind them that tells them apart."""

from __future__ import annotations

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_jsonl
from eudaimon.core.text import plain_text
from eudaimon.data.cost_probes import right_or_wrong, scenes
from eudaimon.evaluate.judge_free.choice import matched_rows
from eudaimon.evaluate.judge_free.packaged import PACKAGED, pairs_named
from eudaimon.models import load


@pytest.mark.parametrize("name", PACKAGED)
def test_every_entry_is_a_pair_in_each_part(name):
    pairs = pairs_named(name)
    assert len({one.id for one in pairs}) == len(pairs)
    parts = [one.part for one in pairs]
    assert len(set(parts)) == 2 and len({parts.count(part) for part in parts}) == 1
    for one in pairs:
        texts = [one.text(said) for said in (*one.bad, *one.neutral)]
        assert [plain_text(text)[start:] for text, start in texts] == [*one.bad, *one.neutral]
        # What activations are read on is the same behind both.
        behind = {plain_text(text)[start:] for text, start in map(one.probed, (*one.bad, *one.neutral))}
        assert len(behind) == 1 and "happened" in behind.pop()


def test_the_bad_one_is_the_one_that_is_wrong_or_cruel():
    told = {one.id: one for one in pairs_named("right_or_wrong")}
    played = {one.id: one for one in pairs_named("scenes")}
    assert len(told) == 2 * len(right_or_wrong()) and len(played) == 2 * len(scenes())
    for one in right_or_wrong():
        pair = told[f"{one.id}/assistant"]
        assert (pair.bad, pair.neutral) == ((one.wrong,), (one.right,)) and pair.prompt
    for scene in scenes():
        for part, who in (("villain", scene.villain), ("hero", scene.hero)):
            pair = played[f"{scene.id}/{part}"]
            assert (pair.bad, pair.neutral) == ((scene.cruel,), (scene.kind,)) and who in pair.before


def test_a_model_is_read_on_them_by_part(tiny):
    rows = matched_rows(
        load(tiny("llama"), device="cpu"), pairs_named("right_or_wrong")[:4], show_progress=False
    )
    assert {row.metric for row in rows} == {
        f"{metric}:{part}" for metric in ("log_odds", "gap", "chosen") for part in ("told", "assistant")
    }


def test_a_file_goes_before_a_name_and_neither_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "scenes", [{"bad": f"a{n}", "neutral": f"b{n}"} for n in range(2)])
    (tmp_path / "scenes").rename(tmp_path / "scenes.jsonl")
    assert [one.bad for one in pairs_named("scenes.jsonl")] == [("a0",), ("a1",)]
    for name in ("borderline", "nobody.jsonl"):
        with pytest.raises(UsageError, match="right_or_wrong, scenes"):
            pairs_named(name)
