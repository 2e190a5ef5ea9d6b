"""What an operator relies on: tokens, readiness, metrics, logs without texts, policy, failing open said."""

from __future__ import annotations

import json
import logging

import pytest
from pretended import SECRET
from prometheus_client.parser import text_string_to_metric_families

from eudaimon.core import UsageError
from eudaimon.serve.http import Limits, Settings, make_app
from eudaimon.serve.http.bearer import Bearer
from eudaimon.serve.http.logs import JsonLines
from eudaimon.serve.http.outermost import ROUTES
from eudaimon.serve.http.policy import modes

CHAT = "/v1/chat/completions"


def asking(text: str, **more):
    return {"messages": [{"role": "user", "content": text}]} | more


def metrics(client) -> dict[tuple, float]:
    """Samples by name and labels."""
    page = client.get("/metrics").text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def counted(found, name: str, **labels) -> float:
    return found.get((f"eudaimon_{name}", *sorted(labels.items())), 0.0)


@pytest.mark.parametrize("path", [*sorted(ROUTES), "/nowhere", "/v1/models/pretended"])
def test_everything_but_health_asks_for_a_token(client, path):
    http = client(Settings(tokens=("first", "second")))
    method = "POST" if path.startswith(("/v1/c", "/v1/mod")) and "models" not in path else "GET"
    wrong = (
        None,
        "Bearer third",
        "Bearer",
        "Bearer firs",
        "Bearer first2",
        "Basic first",
        "first",
        "Bearer fírst",
    )
    for token in wrong:
        headers = {} if token is None else {"Authorization": token.encode("latin-1")}
        response = http.request(method, path, headers=headers)
        if path == "/healthz":
            assert response.status_code == 200
        else:
            assert response.status_code == 401 and response.json()["error"]["code"] == "invalid_api_key"
            assert response.headers["www-authenticate"] == "Bearer"
    for token in ("first", "second"):
        assert http.request(method, path, headers={"Authorization": f"Bearer {token}"}).status_code != 401


def test_every_token_is_compared_in_constant_time(monkeypatch):
    import hmac

    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    bearer = Bearer(None, ("first", "second", "third"))
    for token, known in (("first", True), ("third", True), ("fourth", False)):
        scope = {"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]}
        assert bearer.knows(scope) is known
        assert len(compared) == 3 and all(len(a) == len(b) == 32 for a, b in compared)
        compared.clear()


def test_settings_do_not_show_tokens():
    assert "hush" not in repr(Settings(tokens=("hush",)))


def test_readiness_is_the_answerers(client):
    assert client().get("/readyz").status_code == 200
    assert client(is_ready=False).get("/readyz").status_code == 503
    failing = client(is_ready=None).get("/readyz")
    assert failing.status_code == 503 and SECRET not in failing.text
    http = client()
    http.serving.stopping = True
    assert http.get("/readyz").json() == {"status": "stopping"}
    assert http.get("/healthz").status_code == 200
    refused = http.post(CHAT, json=asking("fine"))
    assert refused.status_code == 503 and refused.headers["retry-after"] == "1"
    assert http.post("/v1/moderations", json={"input": "fine"}).status_code == 503


def test_metrics_count_what_happened(client):
    http = client()
    assert counted(metrics(http), "tokens_total", direction="output") == 0
    http.post(CHAT, json=asking("one two three"))
    http.post(CHAT, json=asking("one evil three four"))
    http.post(CHAT, json=asking("one evil three four", stream=True))
    http.post(CHAT, json=asking("a bomb"))
    http.post(CHAT, json=asking("check-fails"))
    http.post(CHAT, json=asking("drifts"))
    http.post("/v1/moderations", json={"input": ["a bomb", "nan"]})
    http.post("/nowhere/at/all", json={})
    http.get("/v1/models/made-up")
    found = metrics(http)
    assert counted(found, "requests_total", route=CHAT, status="200") == 6
    assert counted(found, "requests_total", route="other", status="404") == 1
    assert counted(found, "requests_total", route="/v1/models", status="404") == 1
    assert counted(found, "tokens_total", direction="input") == 24
    assert counted(found, "tokens_total", direction="output") == 12
    assert counted(found, "tokens_held_total") == 6
    assert counted(found, "tokens_leaked_total") == 1, "only the stream sent anything"
    assert counted(found, "flagged_at_tokens_sum") == 4
    assert counted(found, "answers_total", finish="content_filter") == 4
    assert counted(found, "answers_total", finish="stop") == 2 and counted(found, "drift_alerts_total") == 1
    flags = {"category": "violence", "layer": "critique", "flagged": "true"}
    assert counted(found, "verdicts_total", side="output", **flags) == 2
    assert counted(found, "verdicts_total", side="input", **flags) == 2
    failing = {"category": "none", "layer": "error", "flagged": "true"}
    assert counted(found, "verdicts_total", side="input", **failing) == 2
    assert counted(found, "failures_total", kind="check") == 2
    assert counted(found, "score_count", side="input") == 8
    assert counted(found, "seconds_sum", part="model") == pytest.approx(0.2)
    assert counted(found, "layer_seconds_count", layer="critique") == 4
    assert counted(found, "open_requests") == 1 and counted(found, "running") == 0


def test_logs_hold_no_text(client, logged, caplog):
    http = client()
    words = "sensitive-words"
    http.post(CHAT, json=asking(f"{words} one"))
    http.post(CHAT, json=asking(f"{words} ask-raises"))
    http.post(CHAT, json=asking(f"{words} raises"))
    http.post("/v1/moderations", json={"input": [words, f"{words} raise"]})
    http.post("/v1/moderations", json={"input": words})
    http.post(CHAT, json={"messages": [{"role": words, "content": words}]})
    http.get(f"/{words}?q={words}")
    lines = [JsonLines().format(record) for record in caplog.records]
    assert len(lines) >= 8 and not any(words in line or SECRET in line for line in lines)
    parsed = [json.loads(line) for line in lines]
    assert all({"time", "level", "event"} <= set(line) for line in parsed)
    (first, *_) = logged("answered")
    assert (
        first["characters"] == [len(words) + 4] and first["n_output"] == 2 and first["input"]["score"] == 0.1
    )
    failure = next(line for line in parsed if line["event"] == "request failed")
    assert failure["error"] == "RuntimeError" and any("pretended.py" in place for place in failure["at"])
    assert {line["id"] for line in parsed if "id" in line} == {f["id"] for f in logged("request")}


def test_text_is_logged_where_it_is_asked_for(client, logged):
    http = client(Settings(log_text=True))
    http.post(CHAT, json=asking("one two"))
    assert logged("answered")[0]["texts"] == ["one two"] and logged("answered")[0]["answer"] == "one two "


def test_a_log_line_is_one_line_of_ascii():
    record = logging.LogRecord("eudaimon.serve", logging.INFO, "", 1, "request", None, None)
    record.facts = {"route": "a\nb\u2028\x1b[31m", "score": float("nan")}
    line = JsonLines().format(record)
    assert line.isascii() and "\n" not in line and "\x1b" not in line


@pytest.mark.parametrize(
    ("server", "asked", "may", "means"),
    [
        ("block", "score", False, "block"),
        ("block", "score", True, "score"),
        ("score", "block", False, "block"),
        ("score", "score", False, "score"),
        ("block", None, True, "block"),
        ("off", "block", True, "off"),
    ],
)
def test_a_request_may_tighten_and_loosens_only_where_allowed(client, server, asked, may, means):
    settings = Settings(input=server, output=server, allow_policy=may)
    http = client(settings)
    policy = {side: {"mode": asked} for side in ("input", "output")} if asked else None
    body = http.post(CHAT, json=asking("fine", moderation={"model": "m", "policy": policy})).json()
    assert body["moderation"]["policy"] == {"input": {"mode": means}, "output": {"mode": means}}
    assert (http.answerer.asked[0].input, http.answerer.asked[0].output) == (means, means)
    assert modes(settings, None) == (server, server)


def test_failing_open_is_in_every_response(client):
    http, closed = client(fails_open=True), client()
    posts = [
        (CHAT, asking("fine")),
        ("/v1/completions", {"prompt": "fine"}),
        ("/v1/moderations", {"input": "fine"}),
        ("/beta/litellm_basic_guardrail_api", {"input_type": "request", "texts": ["fine"]}),
    ]
    for path, body in posts:
        response = http.post(path, json=body)
        assert response.json()["fail_open"] is True and response.headers["x-eudaimon-fail-open"] == "true"
        other = closed.post(path, json=body)
        assert "fail_open" not in other.text and "x-eudaimon-fail-open" not in other.headers
    for path in ("/healthz", "/readyz", "/metrics", "/nowhere"):
        assert http.get(path).headers["x-eudaimon-fail-open"] == "true"
    stream = http.post(CHAT, json=asking("fine", stream=True))
    assert '"fail_open": true' in stream.text and stream.headers["x-eudaimon-fail-open"] == "true"
    moderated = http.post("/v1/moderations", json={"input": "nan"}).json()["results"][0]
    assert moderated["flagged"] is False and moderated["layer"] == "error"


@pytest.mark.parametrize("text", ["nan", "broken"])
def test_a_failing_check_is_flagged(client, text):
    (found,) = client().post("/v1/moderations", json={"input": text}).json()["results"]
    assert found["flagged"] and found["layer"] == "error" and found["categories"] == {"check_failed": True}
    body = client().post(CHAT, json=asking("check-fails")).json()
    assert body["moderation"]["input"]["type"] == "error" and body["moderation"]["input"]["flagged"]
    assert body["choices"][0]["finish_reason"] == "content_filter"


def test_pages_of_other_origins_are_kept_out(client):
    def ask(http, origin, **more):
        return http.post(CHAT, json=asking("fine"), headers={"Origin": origin} | more)

    assert "access-control-allow-origin" not in ask(client(), "https://a.example").headers
    http = client(Settings(cors=("https://a.example",), tokens=("t",)))
    preflight = http.options(
        CHAT, headers={"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    )
    assert preflight.status_code == 200
    allowed = ask(http, "https://a.example", Authorization="Bearer t").headers
    assert allowed["access-control-allow-origin"] == "https://a.example"
    assert "access-control-allow-credentials" not in allowed
    assert (
        "access-control-allow-origin" not in ask(http, "https://b.example", Authorization="Bearer t").headers
    )
    with pytest.raises(UsageError, match="any page"):
        make_app(http.answerer, Settings(cors=("*",)))


def test_a_name_that_was_pointed_here_reads_nothing(client):
    http = client(Settings(hosts=("localhost", "127.0.0.1", "::1")))
    for host, status in (
        ("evil.example", 400), ("evil.example:8000", 400), ("localhost.evil.example", 400), ("", 400),
        ("localhost:8000", 200), ("LOCALHOST", 200), ("127.0.0.1:1", 200), ("[::1]:80", 200), ("[::1]", 200),
    ):  # fmt: skip
        assert http.get("/healthz", headers={"Host": host}).status_code == status, host


def test_what_is_no_route_is_told_in_the_same_shape(client):
    http = client()
    assert http.get("/docs").status_code == 404 and "error" in http.get("/nowhere").json()
    assert (
        http.get(CHAT).status_code == 405 and http.get(CHAT).json()["error"]["code"] == "method_not_allowed"
    )


def test_ids_are_our_own(client):
    http = client()
    sent = http.post(CHAT, json=asking("fine"), headers={"X-Request-Id": "forged"})
    assert sent.headers["x-request-id"] != "forged"
    assert sent.json()["id"] == f"chatcmpl-{sent.headers['x-request-id']}"
    assert http.answerer.asked[0].id == sent.headers["x-request-id"]


def test_seeds_are_drawn_where_none_is_given(client):
    http = client()
    for _ in range(4):
        http.post(CHAT, json=asking("fine"))
    assert len({asked.seed for asked in http.answerer.asked}) > 1


def test_moderation_is_given_up_in_time(client):
    http = client(Settings(limits=Limits(request_seconds=1.5)))
    assert http.post("/v1/moderations", json={"input": "hang"}).status_code == 504
    assert http.post("/v1/moderations", json={"input": "busy"}).headers["retry-after"] == "1"
    assert http.post("/v1/moderations", json={"input": "fine"}).status_code == 200
