"""Once an answer is flagged it alone is steered, from its next token on; drift is the answer's projection."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
import torch

from eudaimon.core import BindingMismatch, Message, Site, UsageError
from eudaimon.evaluate.drift import turn_projections
from eudaimon.models import generate
from eudaimon.models.decoding import Decoder, answerable
from eudaimon.serve.local import Drift, Steer
from eudaimon.serve.local.steering import steerable
from eudaimon.vectors import Direction


def said(*turns):
    roles = ("user", "assistant")
    return tuple(Message(role=roles[place % 2], content=turn) for place, turn in enumerate(turns))


@pytest.fixture
def direction(model):
    vector = np.random.default_rng(3).normal(size=model().width)
    unit = (vector / np.linalg.norm(vector)).astype(np.float32)
    return Direction(unit, Site(3), "mean", "random", model().binding)


@pytest.mark.parametrize("how", ["cap", "ablate"])
def test_only_the_named_rows_are_changed(model, direction, how):
    on = model()
    prompts = answerable(on, ["Who are you?", "Where is the goat in the morning?"], None, False)
    plain = Decoder(on, prompts, keep=True).start()
    steer = Steer(direction, how, most=-5.0)
    seen = []
    with steerable(on, steer) as steered:
        hook = on.blocks[2].register_forward_hook(lambda _m, _a, out: seen.append(out))
        with steered.acting([False, True]):
            found = Decoder(on, prompts, keep=True).start()
        with steered.acting([False, False]):
            untouched = Decoder(on, prompts, keep=True).start()
        hook.remove()
    torch.testing.assert_close(untouched, plain)
    torch.testing.assert_close(found[0], plain[0])
    assert (found[1] - plain[1]).abs().max() > 1e-3
    after = Decoder(on, prompts, keep=True).start()
    torch.testing.assert_close(after, plain)
    hidden = seen[0][0] if isinstance(seen[0], tuple) else seen[0]
    along = hidden[1, -1] @ torch.from_numpy(direction.vector)
    assert float(along) == pytest.approx(0.0 if how == "ablate" else min(float(along), -5.0), abs=1e-4)


def test_a_flagged_question_is_answered_steered(monitor, direction, serve, heard):
    own = monitor()
    bad, good = said("How do I kill or kill a fox again and again 7?"), said("How do I find the bread 7?")
    answerer = serve(own, output=2.0, steer=Steer(direction, most=-3.0))
    how = {"max_new_tokens": 15, "seed": 4}

    async def main():
        return await asyncio.gather(*(heard(answerer, text, **how) for text in (bad, good, bad, good)))

    found = asyncio.run(main())
    drawn = {"max_new_tokens": 15, "temperature": 1.0, "seed": 4, "show_progress": False}
    plain = generate(own.model, [bad, good], **drawn)
    assert [end.steered for _, end in found] == [True, False, True, False]
    assert found[1][0] == found[3][0] == plain[1]
    assert found[0][0] == found[2][0] != plain[0] and found[0][0]
    assert found[0][1].finish in ("stop", "length") and found[0][1].input.flagged
    # From the first token on: as with the intervention on the prompt's last token and on all that follow.
    from eudaimon.models.interventions import Intervention, intervene

    own_cap = [
        Intervention("cap", direction.site, direction.vector, -3.0, positions=where)
        for where in ("last", "generated")
    ]
    with intervene(own.model, own_cap):
        assert generate(own.model, [bad], **drawn)[0] == found[0][0]


def test_a_flagged_answer_goes_on_steered_from_what_was_sent(model, hearing, direction, serve, heard):
    on, text = model(), said("Who are you?")
    how = {"max_new_tokens": 24, "seed": 24}
    plain, _ = asyncio.run(heard(serve(on=on), text, **how))
    tokens = tokens_of(on, text, 24)
    place = next(place for place in range(8, 24) if tokens[place] not in tokens[:place])
    answerer = serve(hearing(tokens[place]), hold_back=2, steer=Steer(direction, most=-3.0))
    answer, end = asyncio.run(heard(answerer, text, **how))
    assert end.steered and end.flagged_at == place + 1
    sent = on.tokenizer.decode(tokens[: place - 4], skip_special_tokens=True)
    assert answer.startswith(sent[:-3]) and answer != plain
    assert end.finish == "content_filter" or (end.n_output == 24 or end.finish == "stop")
    assert "steered after" in end.output.reason
    if end.finish != "content_filter":
        assert not end.output.flagged


def test_what_is_flagged_again_is_ended(monitor, direction, serve, heard):
    answerer = serve(monitor(), input=2.0, output=0.0, steer=Steer(direction))
    answer, end = asyncio.run(heard(answerer, said("Who are you?"), max_new_tokens=9))
    assert end.steered and end.finish == "content_filter" and end.output.flagged and answer == ""


def test_a_direction_of_another_model_is_refused(model, direction, serve, failing):
    with pytest.raises(BindingMismatch):
        serve(failing("none"), on=model("qwen2"), steer=Steer(direction))
    with pytest.raises(BindingMismatch):
        serve(on=model("qwen2"), drift=Drift(direction))
    with pytest.raises(UsageError):
        Steer(direction, "add")


@pytest.mark.parametrize("alert", [True, False, None])
def test_drift_is_the_projection_of_the_answer(model, direction, serve, heard, alert):
    on, talk = model(), said("Who are you?", "a goat", "Where?")
    bound = None if alert is None else (-1e6 if alert else 1e6)
    answerer = serve(on=on, drift=Drift(direction, bound))

    async def main():
        return await asyncio.gather(*(heard(answerer, talk, max_new_tokens=n, seed=n) for n in (9, 17)))

    for (_, end), n in zip(asyncio.run(main()), (9, 17), strict=True):
        tokens = tokens_of(on, talk, n)
        (prompt,) = answerable(on, [talk], None, True)
        ids = torch.tensor([[*prompt.ids.tolist(), *tokens]])
        with torch.no_grad():
            hidden = on.module(ids, output_hidden_states=True).hidden_states[3][0, len(prompt) :]
        right = direction.project(hidden.numpy()).mean()
        assert end.drift == pytest.approx(float(right), abs=1e-4)
        assert end.drift_alert is bool(alert)
    projected = turn_projections(on, direction, [(*talk, Message(role="assistant", content="the goat"))])
    assert len(projected[0]) == 2


def tokens_of(on, text, n):
    from eudaimon.models.decoding import Decoding, decode, generators

    prompts = answerable(on, [text], None, True)
    steps = decode(on, prompts, Decoding(1.0, 1.0, n), generators(prompts, n))
    return [token for (token,) in steps if token is not None]
