"""The interface as it describes itself: schemathesis makes requests of it, valid and not, over a socket."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from pretended import Pretended, running

from eudaimon.serve.http import Limits, Settings, make_app

SECONDS = 300
"""After which a request counts as one that hangs; the server's own limit is far below."""

described = make_app(Pretended()).openapi()
schema = schemathesis.openapi.from_dict(described)


@pytest.fixture(scope="module")
def url():
    with running(Pretended(), Settings(limits=Limits(request_seconds=120))) as (url, server):
        yield url
        assert 'kind="request"' not in server._serving.metrics.page().decode(), "an exception left a route"


@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_no_request_breaks_it(case, url):
    response = case.call(base_url=url, timeout=SECONDS)
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}
        operation = described["paths"][case.operation.path][case.operation.method.lower()]
        assert str(response.status_code) in operation["responses"] or response.status_code == 405


def test_every_route_and_body_is_described():
    assert {path for path in described["paths"] if path.startswith("/v1")} == {
        "/v1/chat/completions", "/v1/completions", "/v1/models", "/v1/models/{model}", "/v1/moderations",
    }  # fmt: skip
    assert {"ChatBody", "CompletionBody", "ModerationsBody", "GuardrailBody", "Error"} <= set(
        described["components"]["schemas"]
    )
