"""Which model a server is asked for when nobody named one."""

from __future__ import annotations

import httpx
import pytest

from eudaimon.core import UsageError
from eudaimon.serve.upstream.server import only_model

URL = "http://upstream.test/v1"


def answering(status=200, **content):
    """A server that answers every request alike."""
    return httpx.MockTransport(lambda request: httpx.Response(status, **content))


def models(*names):
    return {"json": {"data": [{"id": name} for name in names]}}


def test_the_only_one():
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return httpx.Response(200, **models("m"))

    assert only_model(URL, transport=httpx.MockTransport(answer)) == "m" and asked == [f"{URL}/models"]


@pytest.mark.parametrize(
    ("status", "content", "says"),
    [
        (200, models(), ["0 models", "--upstream-model NAME"]),
        (200, models("a", "b"), ["2 models: a, b", "--upstream-model NAME"]),
        (401, {}, ["wants a key", "--upstream-key-env NAME"]),
        (403, {}, ["wants a key", "--upstream-key-env NAME"]),
        (404, {}, ["does not tell its models (HTTPStatusError)", "--upstream-model NAME"]),
        (
            302,
            {"headers": {"location": "http://elsewhere.test/v1/models"}},
            ["does not tell", "--upstream-model"],
        ),
        (200, {"text": "hello"}, ["does not tell", "--upstream-model"]),
        (200, {"json": {"data": 7}}, ["does not tell", "--upstream-model"]),
    ],
)
def test_what_is_said_where_there_is_none(status, content, says):
    with pytest.raises(UsageError) as found:
        only_model(URL, transport=answering(status, **content))
    assert all(each in str(found.value) for each in says), found.value


def test_nobody_is_there():
    def refuse(request):
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(UsageError, match=r"cannot be reached \(ConnectError\).*start it first"):
        only_model(URL, transport=httpx.MockTransport(refuse))
