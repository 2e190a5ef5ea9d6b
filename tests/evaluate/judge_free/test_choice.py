"""Odds of two personas: against one forward pass a text, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eudaimon.core import TextTooLong, UsageError
from eudaimon.evaluate.judge_free.choice import matched_rows, odds
from eudaimon.evaluate.judge_free.matched import Matched
from eudaimon.evaluate.rows import Label
from eudaimon.models import load

PLAIN = (
    Matched("a", (" it is bad", " this is bad"), (" it is good", " this is fine"), before="She said:"),
    Matched("b", ("bad words",), ("good words, and more of them",), part="alone"),
)
ASKED = (Matched("c", ("No, never.",), ("Yes, of course.",), prompt="May I come in?"),)


@pytest.fixture(scope="module")
def llama(tiny):
    return load(tiny("llama"), device="cpu")


def log_probability(model, ids, start):
    with torch.no_grad():
        shares = model.module(torch.tensor([ids])).logits[0, :-1].double().log_softmax(-1)
    return float(shares.gather(-1, torch.tensor(ids)[1:, None])[start - 1 :, 0].sum())


def test_plain_texts_agree_with_one_forward_each(llama):
    log_odds, gap = odds(llama, PLAIN, show_progress=False)
    for place, one in enumerate(PLAIN):
        nats, bits = [], []
        for side in (one.bad, one.neutral):
            whole = [
                llama.tokenizer((one.before or "\n") + said, return_offsets_mapping=True) for said in side
            ]
            begin = len(one.before or "\n")
            own = [
                log_probability(
                    llama,
                    code["input_ids"],
                    next(k for k, (a, _) in enumerate(code["offset_mapping"]) if a >= begin),
                )
                for code in whole
            ]
            nats.append(np.logaddexp.reduce(own))
            bits.append(
                np.mean([n / np.log(2) / len(said.encode()) for n, said in zip(own, side, strict=True)])
            )
        assert log_odds[place] == pytest.approx(nats[0] - nats[1], abs=1e-3)
        assert gap[place] == pytest.approx(bits[0] - bits[1], abs=1e-4)


def test_answers_are_read_in_the_chat_template(llama):
    (value,), _ = odds(llama, ASKED, show_progress=False)
    sides = []
    for said in ("No, never.", "Yes, of course."):
        turns = [{"role": "user", "content": "May I come in?"}]
        before = llama.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        after = llama.tokenizer.apply_chat_template(
            [*turns, {"role": "assistant", "content": said}], tokenize=False
        )
        code = llama.tokenizer(after, add_special_tokens=False, return_offsets_mapping=True)
        begin, end = len(before), len(before) + after[len(before) :].index(said) + len(said)
        ids = code["input_ids"]
        places = [k for k, (a, b) in enumerate(code["offset_mapping"]) if a >= begin and b <= end and b > a]
        with torch.no_grad():
            shares = llama.module(torch.tensor([ids])).logits[0].double().log_softmax(-1)
        sides.append(sum(float(shares[k - 1, ids[k]]) for k in places))
    assert value == pytest.approx(sides[0] - sides[1], abs=1e-3)


def test_turned_round_the_signs_turn(llama):
    turned = [Matched(one.id, one.neutral, one.bad, one.before, one.prompt) for one in (*PLAIN, *ASKED)]
    for there, back in zip(odds(llama, (*PLAIN, *ASKED)), odds(llama, turned), strict=True):
        np.testing.assert_allclose(there, -back, atol=1e-4)


def test_rows_name_pair_part_and_unit(llama):
    rows = matched_rows(llama, PLAIN, label=Label(cell={"arm": "x"}), show_progress=False)
    assert {(row.question, row.metric) for row in rows} == {
        *(("a", name) for name in ("log_odds", "gap", "chosen")),
        *(("b", f"{name}:alone") for name in ("log_odds", "gap", "chosen")),
    }
    of = {(row.question, row.metric): row.value for row in rows}
    assert of["a", "chosen"] == float(of["a", "log_odds"] > 0)
    assert {row.judge for row in rows} == {"likelihood"} and {row.cell["arm"] for row in rows} == {"x"}


def test_what_cannot_be_read(llama, tiny):
    with pytest.raises(TextTooLong):
        odds(llama, (Matched("a", ("bad " * 5000,), ("good",)),))
    with pytest.raises(UsageError, match="no language-model head"):
        odds(load(tiny("bert"), device="cpu"), PLAIN)
