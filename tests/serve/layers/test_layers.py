"""Behind the monitor: the first layer that is sure decides, and nothing that goes wrong is a pass."""

from __future__ import annotations

import asyncio
import gzip
import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.core.text import as_conversation
from eudaimon.monitor.band import Band
from eudaimon.serve.asked import Busy, Decided, Ended, Piece
from eudaimon.serve.layers.asks import OwnModel
from eudaimon.serve.layers.bounded import Bounded
from eudaimon.serve.layers.breaker import Breaker
from eudaimon.serve.layers.budget import Budget
from eudaimon.serve.layers.critique import Critique
from eudaimon.serve.layers.layered import Layers
from eudaimon.serve.layers.opening import critique_at, open_layers, validator_at
from eudaimon.serve.layers.opinion import NoOpinion, NotAsked, Opinion
from eudaimon.serve.layers.validator import read_moderations
from eudaimon.serve.outbound import NoAnswer

UNDER = Decided(False, 0.4, 0.5, seconds={"monitor": 0.01}, categories={"fraud": 0.3})
OVER = Decided(True, 0.6, 0.5, category="fraud", seconds={"monitor": 0.01})
BAND = (0.3, 0.7)


class Fixed:
    """A critic that always says or raises the same, and counts how many ask at once."""

    def __init__(self, said, layer="validator"):
        self.said, self.layer, self.name = said, layer, f"fixed {layer}"
        self.n = self.running = self.most = 0
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.closed = False

    async def opine(self, text, side):
        self.n += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.go_on.wait()
            if isinstance(self.said, BaseException):
                raise self.said
            return self.said
        finally:
            self.running -= 1

    async def close(self):
        self.closed = True


BLOCK, ALLOW = Opinion(True, 1.0, category="weapons", reason="bad"), Opinion(False, 0.0, reason="good")
UNSURE = Opinion(None, 0.5)
WRONG = {
    "down": NoAnswer("the validator cannot be reached"),
    "no verdict": NoOpinion("no verdict"),
    "a bug": ZeroDivisionError("secret"),
}


def decide(*said, first=UNDER, text="x", side="input", fail_open=False, **bounds):
    names = ("critique", "validator")
    critics = [Fixed(each, name) for each, name in zip(said, names, strict=False)]

    async def ask():
        layers = Layers(Band(*BAND), [Bounded(critic, **bounds) for critic in critics], fail_open=fail_open)
        return await layers.decide(text, side, first)

    return asyncio.run(ask()), critics


@pytest.mark.parametrize("first", [UNDER, OVER], ids=["under", "over"])
@pytest.mark.parametrize(("opinion", "flagged"), [(BLOCK, True), (ALLOW, False)])
def test_the_first_layer_that_is_sure_decides(first, opinion, flagged):
    decided, (critique, validator) = decide(opinion, BLOCK, first=first)
    assert (decided.flagged, decided.layer, decided.score) == (flagged, "critique", float(flagged))
    assert (decided.score >= decided.threshold) == flagged
    assert decided.category == ("weapons" if flagged else None) and decided.reason == opinion.reason
    assert (critique.n, validator.n) == (1, 0)
    assert list(decided.seconds) == ["monitor", "critique"] and decided.seconds["monitor"] == 0.01


@pytest.mark.parametrize("before", [UNSURE, *WRONG.values()], ids=["unsure", *WRONG])
def test_what_one_layer_leaves_open_the_next_one_decides(before):
    decided, _ = decide(before, ALLOW)
    assert (decided.flagged, decided.layer) == (False, "validator")
    assert list(decided.seconds) == ["monitor", "critique", "validator"] and decided.reason.endswith("good")


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("before", [None, UNSURE])
def test_a_failure_is_never_a_pass(wrong, before):
    said = [wrong] if before is None else [before, wrong]
    closed, _ = decide(*said)
    assert closed.flagged and closed.layer == "error" and "to be safe" in closed.reason
    assert "secret" not in closed.reason
    stays, _ = decide(*said, first=OVER)
    assert stays.flagged and stays.layer == "monitor" and "stands" in stays.reason
    opened, _ = decide(*said, fail_open=True)
    assert not opened.flagged and opened.layer == "error" and "fail open" in opened.reason
    stays, _ = decide(*said, first=OVER, fail_open=True)
    assert stays.flagged and stays.layer == "monitor"


@pytest.mark.parametrize("first", [UNDER, OVER])
def test_where_nobody_is_sure_the_monitor_decides(first):
    decided, _ = decide(UNSURE, UNSURE, first=first)
    assert (decided.flagged, decided.layer, decided.score) == (first.flagged, "monitor", first.score)
    assert "unsure" in decided.reason


def test_a_failure_before_an_unsure_one_is_still_a_failure():
    assert decide(WRONG["down"], UNSURE)[0].layer == "error"


def test_a_spent_budget_leaves_the_decision_to_the_monitor():
    decided, (critic,) = decide(BLOCK, budget=Budget(0.0))
    assert (decided.flagged, decided.layer, critic.n) == (False, "monitor", 0)
    assert "budget" in decided.reason and "critique" not in decided.seconds


def test_a_slow_layer_is_given_up_and_does_not_stop_others():
    async def ask():
        slow, quick = Fixed(ALLOW), Fixed(ALLOW)
        slow.go_on.clear()
        one = Layers(Band(*BAND), [Bounded(slow, timeout_seconds=0.2, at_once=2, most_waiting=2)])
        other = Layers(Band(*BAND), [Bounded(quick)])
        held = [asyncio.ensure_future(one.decide("x", "input", UNDER)) for _ in range(6)]
        while slow.running < 2:
            await asyncio.sleep(0)
        passed = await asyncio.gather(*(other.decide("x", "input", UNDER) for _ in range(20)))
        assert not any(each.done() and each.result().layer != "error" for each in held)
        return passed, await asyncio.gather(*held), slow

    passed, held, slow = asyncio.run(ask())
    assert all(each.layer == "validator" for each in passed)
    assert all(each.flagged and each.layer == "error" for each in held)
    assert sum("too many" in each.reason for each in held) == 2
    assert sum("0.2 s" in each.reason for each in held) == 4
    assert slow.most == 2 and slow.running == 0


def test_who_is_cancelled_leaves_his_place():
    async def ask():
        critic = Fixed(ALLOW)
        critic.go_on.clear()
        layers = Layers(Band(*BAND), [Bounded(critic, at_once=1, most_waiting=0)])
        task = asyncio.ensure_future(layers.decide("x", "input", UNDER))
        while not critic.running:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        critic.go_on.set()
        found = await layers.decide("x", "input", UNDER)
        await layers.close()
        return found, critic.closed, layers.names

    found, closed, names = asyncio.run(ask())
    assert found.layer == "validator" and closed and names == ("fixed validator",)


def test_a_layer_that_is_down_is_not_asked_for_a_while():
    now = [0.0]

    async def ask():
        critic = Fixed(WRONG["down"])
        bounded = Bounded(critic, breaker=Breaker(3, 10.0, lambda: now[0]))
        layers = Layers(Band(*BAND), [bounded])

        async def one():
            return await layers.decide("x", "input", UNDER)

        for _ in range(5):
            assert (await one()).layer == "error"
        assert critic.n == 3
        now[0] = 10.0
        assert (await one()).layer == "error" and critic.n == 4, "one try, which fails"
        now[0] = 19.0
        assert (await one()).layer == "error" and critic.n == 4
        now[0] = 20.0
        critic.said = ALLOW
        assert (await one()).layer == (await one()).layer == "validator"
        assert critic.n == 6

    asyncio.run(ask())


def test_texts_that_get_no_verdict_do_not_switch_a_layer_off():
    async def ask():
        critic = Fixed(WRONG["no verdict"])
        layers = Layers(Band(*BAND), [Bounded(critic, breaker=Breaker(2, 1e9))])
        for _ in range(6):
            assert (await layers.decide("x", "input", UNDER)).layer == "error"
        return critic.n

    assert asyncio.run(ask()) == 6


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["seen", "ask", "both"]), max_size=60),
    st.sampled_from([0.0, 0.01, 0.1, 0.29, 0.5, 1.0]),
)
def test_a_share_is_never_exceeded(steps, share):
    budget, seen, asked, spent = Budget(share), 0, 0, 0
    for step in steps:
        if step != "ask":
            budget.seen()
            seen += 1
        if step != "seen":
            asked += 1
            spent += budget.take()
        assert spent <= share * max(seen, asked) + 1e-9
    if share == 1:
        assert spent == asked


def test_a_minute_has_so_many_questions():
    now = [0.0]
    budget = Budget(per_minute=2, clock=lambda: now[0])
    assert [budget.take() for _ in range(3)] == [True, True, False]
    now[0] = 59.9
    assert not budget.take()
    now[0] = 60.0
    assert [budget.take() for _ in range(3)] == [True, True, False]
    assert not Budget(per_minute=0).take()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Layers(Band(0.5, 0.5), [Bounded(Fixed(ALLOW))]),
        lambda: Layers(Band(0.3, 0.5), []),
        lambda: Bounded(Fixed(ALLOW), timeout_seconds=0),
        lambda: Bounded(Fixed(ALLOW), at_once=0),
        lambda: Budget(1.5),
        lambda: Budget(per_minute=-1),
        lambda: Breaker(0),
        lambda: validator_at("http://judge.test/v1"),
        lambda: validator_at("judge.test", "m"),
        lambda: open_layers(BAND),
    ],
)
def test_impossible_layers_are_refused(make):
    with pytest.raises(UsageError):
        make()


def over_http(answer, side="input", text="Is it?", **how):
    """What is decided by a layer behind a URL whose server is ``answer(request) -> response``."""
    seen = []

    def handle(request):
        seen.append((request.url.path, dict(request.headers), json.loads(request.content)))
        return answer(request) if callable(answer) else httpx.Response(200, json=answer)

    async def ask():
        kind, transport = how.pop("kind", "judge"), httpx.MockTransport(handle)
        made = {"transport": transport, "timeout_seconds": 0.3 if answer is hang else 30.0, **how}
        if kind == "critique":
            layers = open_layers(BAND, critique=critique_at("http://x.test/v1", "m", **made))
        else:
            layers = open_layers(BAND, validator=validator_at("http://x.test/v1", "m", kind=kind, **made))
        try:
            return await layers.decide(text, side, UNDER)
        finally:
            await layers.close()

    return asyncio.run(ask()), seen


def says(content, **choice):
    return {"model": "m", "choices": [{"message": {"content": content}, **choice}]}


def test_a_critique_behind_a_url():
    decided, seen = over_http(says("It forges.\nVERDICT: BLOCK 6"), kind="critique", side="output")
    assert (decided.flagged, decided.layer, decided.category) == (True, "critique", "fraud")
    path, _, body = seen[0]
    assert path == "/v1/chat/completions" and [turn["role"] for turn in body["messages"]] == [
        "system",
        "user",
    ]
    assert body["temperature"] == 0


def test_a_judge_behind_a_url(monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "hunter2")
    decided, seen = over_http(says("Fine.\nGRADE: 10"), api_key_env="JUDGE_KEY")
    assert (decided.flagged, decided.layer, decided.score, decided.threshold) == (
        False,
        "validator",
        0.1,
        0.5,
    )
    assert seen[0][1]["authorization"] == "Bearer hunter2"
    assert over_http(says("Bad.\nGRADE: 50"))[0].flagged


TURNS = as_conversation([{"role": "user", "content": "Is it?"}, {"role": "assistant", "content": "It is."}])


@pytest.mark.parametrize(("side", "n"), [("input", 2), ("output", 1)])
def test_moderations_behind_a_url(side, n):
    results = [
        {"flagged": k == 0, "category_scores": {"hate": 0.2 + k, "fraud": 0.6, "x": 7}} for k in range(n)
    ]
    decided, seen = over_http({"results": results}, kind="moderations", side=side, text=TURNS)
    assert (decided.flagged, decided.score, decided.category) == (True, 1.0, "fraud")
    assert decided.categories == {"hate": 0.2, "fraud": 0.6}
    path, _, body = seen[0]
    assert path == "/v1/moderations" and body["model"] == "m"
    assert body["input"] == ["Is it?", "It is."][-n:]
    clean, _ = over_http({"results": [{"flagged": False}] * n}, kind="moderations", side=side, text=TURNS)
    assert not clean.flagged and clean.layer == "validator" and clean.score == 0


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{", b"null", b'{"results": []}', b'{"results": [{}]}', b'{"results": [{"flagged": 0}]}',
        b'{"results": [{"flagged": "false"}]}', b'{"results": [{"flagged": false}, {"flagged": false}]}',
        b'{"results": [{"flagged": false, "category_scores": 3}]}', b"[" * 100_000,
        b'{"results": {"flagged": 1}}',
    ],
)  # fmt: skip
def test_what_is_no_moderation_is_no_opinion(content):
    with pytest.raises(NoOpinion):
        read_moderations(content, 1)


async def hang(request):
    await asyncio.sleep(60)


def breaks(request):
    raise httpx.ConnectError("to http://x.test/secret", request=request)


FINE = json.dumps(says("VERDICT: ALLOW\nGRADE: 0") | {"results": [{"flagged": False}]}).encode()
"""What every kind of server would be believed, were there nothing wrong with it."""
GONE = {
    "500": lambda _: httpx.Response(500, text="secret"),
    "redirect": lambda _: httpx.Response(302, headers={"location": "http://x.test/secret"}),
    "garbage": lambda _: httpx.Response(200, text="GRADE: 0 VERDICT: ALLOW secret"),
    "empty": lambda _: httpx.Response(200, json=says("")),
    "refuses": lambda _: httpx.Response(200, json=says("I cannot help with that.")),
    "cut": lambda _: httpx.Response(200, json=says("VERDICT: ALLOW\nGRADE: 0", finish_reason="length")),
    "endless": lambda _: httpx.Response(200, content=FINE + b" " * (1 << 21)),
    "packed": lambda _: httpx.Response(
        200, headers={"content-encoding": "gzip"}, content=gzip.compress(FINE)
    ),
    "500 and fine": lambda _: httpx.Response(500, content=FINE),
    "breaks": breaks,
    "hangs": hang,
}


@pytest.mark.parametrize("kind", ["critique", "judge", "moderations"])
def test_a_server_that_is_fine_is_believed(kind):
    decided, _ = over_http(lambda _: httpx.Response(200, content=FINE), kind=kind)
    assert not decided.flagged and decided.layer == ("critique" if kind == "critique" else "validator")


@pytest.mark.parametrize("kind", ["critique", "judge", "moderations"])
@pytest.mark.parametrize("gone", GONE)
def test_whatever_goes_wrong_with_a_server_flags_and_tells_nothing(kind, gone):
    decided, _ = over_http(GONE[gone], kind=kind)
    assert decided.flagged and decided.layer == "error", decided
    assert "secret" not in decided.reason and "x.test" not in decided.reason


class Model:
    """An answerer that says one thing; without system turns where its template takes none."""

    name = "town"

    def __init__(self, said="VERDICT: ALLOW", finish="stop", takes_system=True):
        self.said, self.finish, self.takes_system, self.asked = said, finish, takes_system, []
        self.cancelled = 0

    def ask(self, asked):
        self.asked.append(asked)
        if not self.takes_system and asked.text[0].role == "system":
            raise UsageError("the template takes no system turn")
        return self

    async def events(self):
        for word in self.said.split(" "):
            yield Piece(word + " ")
        yield Ended(self.finish)

    def cancel(self):
        self.cancelled += 1


def by_itself(model):
    async def ask():
        own = OwnModel()
        layers = open_layers(BAND, critique=own)
        before = await layers.decide("x", "input", UNDER)
        own.use(model)
        return before, await layers.decide("Is it?", "input", UNDER), layers.names

    return asyncio.run(ask())


@pytest.mark.parametrize("takes_system", [True, False])
def test_the_model_itself_is_asked_unguarded(takes_system):
    model = Model("It is fine.\nVERDICT: ALLOW", takes_system=takes_system)
    before, decided, names = by_itself(model)
    assert before.flagged and before.layer == "error", "nobody to ask is a failure"
    assert (decided.flagged, decided.layer) == (False, "critique")
    asked = model.asked[-1]
    assert (asked.input, asked.output, asked.temperature) == ("off", "off", 0.0)
    assert [turn.role for turn in asked.text] == (["system", "user"] if takes_system else ["user"])
    assert "Is it?" in asked.text[-1].content and "principles are" in asked.text[0].content
    assert model.cancelled == 1 and "town" in names[0]


@pytest.mark.parametrize("finish", ["length", "content_filter", "error", "cancelled"])
def test_a_critique_that_ends_early_is_none(finish):
    assert by_itself(Model(finish=finish))[1].layer == "error"


def test_a_model_without_a_place_gives_no_critique_and_is_not_switched_off():
    class Full(Model):
        n = 0

        def ask(self, asked):
            self.n += 1
            raise Busy(3.0)

    async def ask():
        own, model = OwnModel(), Full()
        own.use(model)
        layers = open_layers(BAND, critique=own)
        found = [await layers.decide("x", "input", UNDER) for _ in range(8)]
        return found, model.n

    found, n = asyncio.run(ask())
    assert n == 8 and all(each.layer == "error" and "no place" in each.reason for each in found)


def test_not_asked_is_told_apart_from_no_opinion():
    async def ask():
        await Bounded(Fixed(ALLOW), budget=Budget(0.0)).opine("x", "input")

    with pytest.raises(NotAsked):
        asyncio.run(ask())


def test_a_critique_names_its_constitution():
    critique = Critique(OwnModel())
    assert critique.constitution.hash in critique.name


def test_one_question_at_a_time_tries_whether_a_layer_works_again():
    now = [0.0]
    breaker = Breaker(1, 10.0, lambda: now[0])
    assert breaker.lets_through() and breaker.lets_through()
    breaker.failed()
    now[0] = 10.0
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.forget()
    assert [breaker.lets_through() for _ in range(2)] == [True, False]
    breaker.works()
    assert not breaker.is_open and breaker.lets_through() and breaker.lets_through()
