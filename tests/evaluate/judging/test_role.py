"""A judge behind a provider: a real server on loopback, asked through inspect-ai."""

from __future__ import annotations

import asyncio
import importlib
import signal
import threading

import pytest

from eudaimon.core.errors import JudgeUnavailable, UsageError
from eudaimon.core.text import as_conversation
from eudaimon.evaluate.judging.answers import Answer
from eudaimon.evaluate.judging.cost import Price
from eudaimon.evaluate.judging.one_loop import in_one_loop
from eudaimon.evaluate.judging.prompted import GIVEN_UP_AFTER, PromptedJudge
from eudaimon.evaluate.judging.request import Request
from eudaimon.evaluate.judging.role import REASONING_TOKENS, TOP, RoleJudge
from eudaimon.evaluate.questions.question import Question
from eudaimon.evaluate.questions.read import default_prompts, questions

inspect_model = pytest.importorskip("inspect_ai.model")

QUESTION = Question("q", as_conversation("How do I {answer} a cake?"), "s", prompts=default_prompts())
GOOD, BAD, CODE = "Slowly, and taste it {question}.", "Keep the money.", "def add(a, b):\n    return a + b"
TEXTS = (GOOD, BAD, CODE)


def judge(server, records=None, *, scores="auto", **options):
    return PromptedJudge(RoleJudge("judge-7b", url=server.url, retries=0, **options), records, scores=scores)


def answers(*texts):
    return [Answer(QUESTION, text, str(k)) for k, text in enumerate(texts)]


def outcomes(verdicts):
    return [
        (each["alignment"].outcome, each["alignment"].value, each["coherence"].value)
        for each in verdicts.each
    ]


def test_scores_are_expectations_and_outcomes_are_kept(serve):
    server = serve()
    found = judge(server).verdicts(answers(*TEXTS), price=Price(1.0, 10.0))
    assert found.how == "expectation" and found.served == ("judge-7b-2026",)
    (good, bad, code) = outcomes(found)
    assert good == ("scored", pytest.approx(90), pytest.approx(95))
    assert bad == ("scored", pytest.approx(5), pytest.approx(95))
    assert code == ("code", None, pytest.approx(95))
    assert (found.cost.asked, found.cost.input_tokens, found.cost.output_tokens) == (6, 1800, 12)
    assert found.cost.usd == pytest.approx((1800 + 10 * 12) / 1e6)


def test_what_is_sent(serve):
    server = serve()
    judge(server).verdicts(answers(GOOD))
    for one in server.seen:
        assert one.path == "/v1/chat/completions"
        assert (one.body["model"], one.body["temperature"]) == ("judge-7b", 0)
        assert (one.body["logprobs"], one.body["top_logprobs"]) == (True, TOP)
        assert [turn["role"] for turn in one.body["messages"]] == ["system", "user"]
        assert "How do I {answer} a cake?" in one.body["messages"][1]["content"]
        assert GOOD in one.body["messages"][1]["content"]


@pytest.mark.parametrize("how", [{"logprobs": False}, {"logprobs": "refused"}, {"digits": True}])
def test_without_probabilities_of_numbers_all_scores_are_integers(serve, how):
    server = serve(**how)
    found = judge(server).verdicts(answers(*TEXTS))
    assert found.how == "integer"
    assert outcomes(found) == [("scored", 90, 95), ("scored", 5, 95), ("code", None, 95)]
    with pytest.raises(UsageError, match="no probabilities"):
        judge(server, scores="expectation").verdicts(answers(GOOD))


def test_one_reply_without_probabilities_makes_the_whole_run_integers(serve):
    server = serve()
    asker = RoleJudge("judge-7b", url=server.url, retries=0)

    class Forgetful:
        name = asker.name

        def ask(self, requests, told):
            from dataclasses import replace

            asker.ask(requests, lambda k, reply: told(k, replace(reply, numbers=None) if k == 1 else reply))

    found = PromptedJudge(Forgetful()).verdicts(answers(GOOD, BAD))
    assert found.how == "integer" and outcomes(found)[0] == ("scored", 90, 95)


def test_a_server_that_refuses_log_probabilities_is_asked_for_them_once(serve):
    server = serve(logprobs="refused")
    judge(server).verdicts(answers(GOOD, BAD))
    assert sum("logprobs" in one.body for one in server.seen) == 1


def test_a_judge_that_reasons_gets_room(serve):
    server = serve(reasons=True, logprobs=False)
    assert outcomes(judge(server).verdicts(answers(GOOD, BAD)))[1] == ("scored", 5, 95)
    rooms = [one.body["max_tokens"] for one in server.seen]
    assert rooms[1:] == [REASONING_TOKENS] * (len(rooms) - 1) and rooms[0] < REASONING_TOKENS


def test_words_are_chosen_without_probabilities(serve):
    facts = questions("em_deception_facts")[0]
    server = serve(lambda system, user: "TRUE" if "The sun" in user else "I think it is FALSE")
    found = judge(server).verdicts([Answer(facts, "The sun."), Answer(facts, "The moon.")])
    assert [each["correct"].word for each in found.each] == ["TRUE", ""]
    assert found.each[1]["correct"].outcome == "unparseable"
    assert not any("logprobs" in one.body for one in server.seen)


def test_nothing_is_asked_twice(serve, tmp_path):
    server = serve()
    first = judge(server, tmp_path).verdicts(answers(GOOD, BAD, GOOD))
    assert (first.cost.asked, len(server.seen)) == (4, 4)
    again = judge(server, tmp_path).verdicts(answers(GOOD, BAD, CODE), price=Price(1, 1))
    assert (again.cost.asked, again.cost.on_record, len(server.seen)) == (2, 4, 6)
    assert again.each[:2] == first.each[:2]
    other = PromptedJudge(RoleJudge("judge-8b", url=server.url), tmp_path)
    assert other.verdicts(answers(GOOD)).cost.asked == 2


def test_threads_that_ask_at_once_all_get_their_replies(serve):
    """They share the connections to a model: more than there are, so that some wait for others' threads."""
    server, n_threads = serve(), 4
    gate, got = threading.Barrier(n_threads), [[] for _ in range(n_threads)]

    def work(own):
        requests = [Request("alignment", "s", f"question {own}-{k}") for k in range(6)]
        gate.wait()
        asker = RoleJudge("judge-7b", url=server.url, retries=0, concurrency=2)
        asker.ask(requests, lambda index, reply: got[own].append((index, reply)) or True)

    threads = [threading.Thread(target=work, args=(own,), daemon=True) for own in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not any(thread.is_alive() for thread in threads)
    assert [sorted(index for index, _ in own) for own in got] == [list(range(6))] * n_threads
    assert not any(isinstance(reply, str) for own in got for _, reply in own)


def test_what_goes_wrong_with_a_reply_is_raised_where_it_was_asked_for(serve):
    asker, server = RoleJudge("judge-7b", url=serve().url, retries=0), serve()

    def told(index, reply):
        raise KeyError("full disk")

    with pytest.raises(KeyError, match="full disk"):
        asker.ask([Request("alignment", "s", "u")] * 3, told)
    # The loop goes on for others.
    assert outcomes(judge(server).verdicts(answers(GOOD)))[0][0] == "scored"


def test_whoever_stops_waiting_ends_what_was_asked():
    began, ended = threading.Event(), threading.Event()

    async def forever():
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def interrupt(main):
        began.wait(60)
        # Again, when Python lost it: one that comes right before a wait may go unseen.
        while not ended.is_set():
            signal.pthread_kill(main, signal.SIGINT)
            ended.wait(5)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run with Ctrl-C ignored
    try:
        threading.Thread(target=interrupt, args=(threading.main_thread().ident,), daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            in_one_loop(forever)
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.wait(60)


def test_passing_trouble_is_waited_out(serve):
    server = serve(fail=1)
    asker = RoleJudge("judge-7b", url=server.url, retries=2)
    assert outcomes(PromptedJudge(asker).verdicts(answers(GOOD)))[0][0] == "scored"
    assert len(server.seen) == 3


def test_what_came_before_the_end_is_kept(serve, tmp_path):
    server = serve(after=3, fail=1000, status=404)
    with pytest.raises(JudgeUnavailable, match=r"3 of 6 requests.*404"):
        judge(server, tmp_path, concurrency=1).verdicts(answers(*TEXTS))
    server.fail = 0
    assert judge(server, tmp_path).verdicts(answers(*TEXTS)).cost.asked == 3


def test_a_judge_that_never_replies_is_given_up(serve):
    server = serve(fail=10_000, status=404)
    with pytest.raises(JudgeUnavailable):
        judge(server, concurrency=1).verdicts(answers(*map(str, range(50))))
    # The first request is tried without log-probabilities as well, as is each until one is answered.
    assert len(server.seen) <= 2 * GIVEN_UP_AFTER


def test_the_key_comes_from_the_environment(serve, monkeypatch):
    server = serve()
    monkeypatch.setenv("JUDGE_KEY", "secret")
    with_key = judge(server, api_key_env="JUDGE_KEY")
    with_key.verdicts(answers(GOOD))
    assert {one.headers["authorization"] for one in server.seen} == {"Bearer secret"}
    assert "secret" not in repr(with_key.asker)
    monkeypatch.setenv("JUDGE_KEY", "hunter2\n3")
    with pytest.raises(UsageError, match="JUDGE_KEY") as caught:
        with_key.verdicts(answers(BAD))
    assert "hunter2" not in str(caught.value)


def test_a_model_bound_to_the_role_is_taken(serve):
    inspect, bind = inspect_model, importlib.import_module("inspect_ai.model._model").init_model_roles
    said = inspect.ModelOutput.from_content("mockllm/bound", "42")
    said.usage = inspect.ModelUsage(input_tokens=300, output_tokens=2)
    bound = inspect.get_model("mockllm/bound", custom_outputs=lambda *_: said)
    bind({"judge": bound})
    try:
        judge = PromptedJudge(RoleJudge("openai/none", role="judge"))
        assert judge.name.startswith("mockllm/bound (request ")
        found = judge.verdicts(answers(GOOD))
    finally:
        bind({})
    assert (found.how, outcomes(found)[0][1]) == ("integer", 42)


def test_a_provider_by_its_own_name(serve, monkeypatch):
    server = serve()
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    found = PromptedJudge(RoleJudge("openai/gpt-4o", retries=0)).verdicts(answers(GOOD))
    assert found.how == "expectation" and outcomes(found)[0][1] == pytest.approx(90)
    assert {one.body["model"] for one in server.seen} == {"gpt-4o"}


def test_within_a_running_loop(serve):
    import asyncio

    server = serve()

    async def notebook():
        return judge(server).verdicts(answers(GOOD))

    assert asyncio.run(notebook()).how == "expectation"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: RoleJudge("gpt-4o"), "names no judge"),
        (lambda: RoleJudge("", url="http://x/v1"), "names no judge"),
        (lambda: RoleJudge("a/b", concurrency=0), "cannot answer"),
        (lambda: PromptedJudge(RoleJudge("nobody/none")).verdicts(answers(GOOD)), "cannot be asked"),
        (lambda: PromptedJudge(RoleJudge("a/b"), scores="median"), "no way of reading"),
    ],
)
def test_what_cannot_be_asked_is_refused(make, told):
    with pytest.raises(UsageError, match=told):
        make()
