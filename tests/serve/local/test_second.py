"""The second opinion: asked in the band only, held until it is there, never in the way of others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from eudaimon.core import Message, plain_text
from eudaimon.monitor.band import Band
from eudaimon.serve import Asked, Decided, Piece
from eudaimon.serve.layers import open_layers
from eudaimon.serve.layers.opinion import Opinion as Cleared
from eudaimon.serve.local import Limits

WHOLE = Band(0.0, 0.9999)
NOTHING = Band(0.5, 0.5)


def said(*turns):
    roles = ("user", "assistant")
    return tuple(Message(role=roles[place % 2], content=turn) for place, turn in enumerate(turns))


@dataclass
class Opinion:
    """Decides by what the text holds; ``gate`` holds its answers up, ``fails`` raises instead."""

    band: Band
    bad: str = "\0never"
    gate: asyncio.Event | None = None
    fails: bool = False
    asked: list = field(default_factory=list)
    n_seen: int = 0

    def seen(self):
        self.n_seen += 1

    async def decide(self, text, side, first):
        self.asked.append((side, text, first))
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise ValueError("secret words")
        flagged = self.bad in plain_text(text)
        return Decided(
            flagged, float(flagged), 0.5, layer="critique", seconds={**first.seconds, "critique": 1.0}
        )


def test_outside_of_the_band_nobody_is_asked(failing, serve, heard):
    opinion = Opinion(NOTHING)
    answer, end = asyncio.run(
        heard(serve(failing("none", 9999), second=opinion), said("Who?"), max_new_tokens=8)
    )
    assert answer and not opinion.asked and end.output.layer == "monitor"


@pytest.mark.parametrize("mode", ["block", "score"])
def test_what_it_clears_goes_out(failing, serve, heard, mode):
    opinion = Opinion(WHOLE)
    answerer = serve(failing("none", 9999), second=opinion, hold_back=0)
    plain = serve(failing("none", 9999))
    how = {"max_new_tokens": 12, "seed": 3, "input": mode, "output": mode}
    answer, end = asyncio.run(heard(answerer, said("Who?"), **how))
    assert answer == asyncio.run(heard(plain, said("Who?"), **how))[0]
    assert end.input.layer == end.output.layer == "critique" and end.output.seconds["critique"] == 1.0
    sides = [side for side, _, _ in opinion.asked]
    assert sides[0] == "input" and set(sides[1:]) == {"output"}
    assert mode == "block" or sides == ["input", "output"]
    assert opinion.asked[-1][1] == (*said("Who?"), Message(role="assistant", content=answer))
    assert all(first.layer == "monitor" for _, _, first in opinion.asked)


def test_what_it_flags_does_not(failing, serve, heard):
    plain = serve(failing("none", 9999))
    how = {"max_new_tokens": 20, "seed": 3}
    whole, _ = asyncio.run(heard(plain, said("Who?"), **how))
    bad = whole[len(whole) // 2 :][:2]
    answerer = serve(failing("none", 9999), second=Opinion(WHOLE, bad), hold_back=0)
    answer, end = asyncio.run(heard(answerer, said("Who?"), **how))
    assert end.finish == "content_filter" and end.output.layer == "critique" and end.output.flagged
    assert whole.startswith(answer) and bad not in answer
    answer, end = asyncio.run(heard(answerer, said(f"Who says {bad}?"), **how))
    assert answer == "" and end.input.flagged and end.finish == "content_filter"


@pytest.mark.parametrize("fail_open", [False, True])
def test_one_that_fails_is_a_failed_check(failing, serve, heard, fail_open):
    answerer = serve(failing("none", 9999), second=Opinion(WHOLE, fails=True), fail_open=fail_open)
    answer, end = asyncio.run(heard(answerer, said("Who?"), max_new_tokens=5))
    assert end.input.layer == "error" and "secret" not in end.input.reason
    assert bool(answer) is fail_open and (end.finish == "content_filter") is not fail_open


def test_one_that_does_not_answer_in_time_is_a_failed_check(failing, serve, heard):
    async def main():
        opinion = Opinion(WHOLE, gate=asyncio.Event())
        answerer = serve(failing("none", 9999), second=opinion, second_seconds=0.05)
        return await heard(answerer, said("Who?"), max_new_tokens=5)

    answer, end = asyncio.run(main())
    assert answer == "" and end.finish == "content_filter" and end.input.layer == "error"


def test_a_slow_one_holds_its_own_text_and_nothing_else(failing, serve, heard):
    """While it thinks nothing of that answer is sent, and others are answered."""

    async def main():
        opinion = Opinion(Band(0.0, 0.9999), gate=asyncio.Event())
        answerer = serve(failing("none", 9999), second=opinion, hold_back=0)
        box = answerer.ask(Asked(said("Who?"), max_new_tokens=10, input="off"))
        events = []

        async def listen():
            async for event in box.events():
                events.append(event)

        listening = asyncio.ensure_future(listen())
        while not opinion.asked:
            await asyncio.sleep(0.001)
        other, end = await heard(answerer, said("Who else?"), max_new_tokens=10, input="off", output="off")
        assert other and end.finish in ("stop", "length") and not events
        opinion.gate.set()
        await listening
        assert events[-1].finish in ("stop", "length") and any(isinstance(one, Piece) for one in events)
        # One question at a time, and the last of them about the whole.
        lengths = [len(text[-1].content) for side, text, _ in opinion.asked]
        assert lengths == sorted(lengths)
        assert opinion.asked[-1][1][-1].content == "".join(piece.text for piece in events[:-1])

    asyncio.run(main())


def test_a_cancelled_request_cancels_the_question(failing, serve):
    async def main():
        opinion = Opinion(WHOLE, gate=asyncio.Event())
        answerer = serve(failing("none", 9999), second=opinion)
        box = answerer.ask(Asked(said("Who?"), max_new_tokens=3))
        while not opinion.asked:
            await asyncio.sleep(0.001)
        box.cancel()
        assert [event async for event in box.events()][-1].finish == "cancelled"
        while answerer.running:
            await asyncio.sleep(0.001)

    asyncio.run(main())


def test_moderation_asks_it_too(failing, serve):
    async def main():
        opinion = Opinion(WHOLE, "goat")
        answerer = serve(failing("none", 9999), second=opinion)
        found = await answerer.moderate(["the fox", "the goat"])
        assert [one.flagged for one in found] == [False, True]
        assert {one.layer for one in found} == {"critique"}
        return await serve(failing("none", 9999), second=replace(opinion, fails=True)).moderate(["the fox"])

    (failed,) = asyncio.run(main())
    assert failed.layer == "error" and failed.flagged


def test_it_may_ask_the_same_answerer(failing, serve, heard):
    """A critique by the model itself goes through the same batch, unguarded, and does not wait for itself."""

    class Critique:
        band = WHOLE

        def __init__(self, answerer):
            self.answerer = answerer

        def seen(self):
            pass

        async def decide(self, text, side, first):
            answer, _ = await heard(self.answerer, "Is it bad?", max_new_tokens=3, input="off", output="off")
            return Decided(False, 0.0, 0.5, layer="critique", reason=answer)

    answer, end = asyncio.run(
        heard(serve(failing("none", 9999), second=Critique), said("Who?"), max_new_tokens=6)
    )
    assert answer and end.output.layer == "critique" and end.output.reason


def test_who_waits_for_it_takes_no_place_of_others(failing, serve, heard):
    async def main():
        opinion = Opinion(WHOLE, gate=asyncio.Event())
        answerer = serve(failing("none", 9999), second=opinion, limits=Limits(slots=2))
        slow = [answerer.ask(Asked(said(f"Who {at}?"), max_new_tokens=3)) for at in range(6)]
        while len(opinion.asked) < 6:
            await asyncio.sleep(0.001)
        _, end = await heard(answerer, said("Who else?"), max_new_tokens=9, input="off", output="off")
        assert end.finish in ("stop", "length")
        opinion.gate.set()
        for box in slow:
            assert [event async for event in box.events()][-1].finish in ("stop", "length")

    asyncio.run(main())


@pytest.mark.parametrize("bad", ["Who", "\0never"])
def test_answers_about_both_sides_may_come_together(failing, serve, heard, bad, caplog):
    """The one about what was asked may end the job: the other one is then nobody's, and no fault."""
    answerer = serve(failing("none", 9999), second=Opinion(WHOLE, bad), hold_back=0)
    settle, together = answerer._engine._settle_opinions, []

    def when_all_are_there():
        for job in answerer._engine._answered():
            sides = {one.side for one in job.asking}
            if (len(sides) == 1 and not together) or not all(one.answer.done() for one in job.asking):
                return
            together.extend([sides] if sides else [])
        settle()

    answerer._engine._settle_opinions = when_all_are_there

    async def main():
        return await asyncio.gather(
            heard(answerer, said("Who?"), max_new_tokens=8),
            heard(answerer, said("How?"), max_new_tokens=60, input="off", output="off"),
        )

    (first, end), (_, other) = asyncio.run(main())
    assert together[0] == {"input", "output"} and "a step failed" not in caplog.text
    assert end.finish == ("content_filter" if bad == "Who" else "length") and bool(first) == (bad != "Who")
    assert other.finish in ("stop", "length"), "who was asked beside it goes on"


def test_every_text_that_was_read_is_counted_once(failing, serve, heard):
    """Sure or not: a query, an answer of many looks, a text by itself; what nobody looked at is not."""
    opinion = Opinion(NOTHING)
    answerer = serve(failing("none", 9999), second=opinion)

    async def main():
        await heard(answerer, said("Who?"), max_new_tokens=12)
        assert opinion.n_seen == 2
        await heard(answerer, said("Who?"), max_new_tokens=12, output="off")
        assert opinion.n_seen == 3
        await heard(answerer, said("Who?"), max_new_tokens=12, input="off", output="off")
        assert opinion.n_seen == 3
        await answerer.moderate(["the fox", "the goat"])
        assert opinion.n_seen == 5
        return await heard(serve(failing("raise"), second=opinion), said("How?"), max_new_tokens=3)

    assert asyncio.run(main())[1].input.layer == "error" and opinion.n_seen == 5


def test_a_share_is_one_of_all_texts(failing, serve, heard):
    """One question for ten texts, of which the first eight were sure."""

    class Critic:
        layer, name = "validator", "v"

        async def opine(self, text, side):
            asked.append(side)
            return Cleared(False, 0.0, 0.5)

        async def close(self):
            pass

    asked = []
    layers = open_layers((0.0, 0.9999), validator=Critic(), share=0.1)
    answerer = serve(failing("none", 9999), second=layers)

    async def main():
        return [(await answerer.moderate([f"the fox {at}"]))[0].layer for at in range(21)]

    layer = asyncio.run(main())
    assert [at for at, one in enumerate(layer) if one == "validator"] == [9, 19] and len(asked) == 2
