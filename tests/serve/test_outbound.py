"""Questions to another server: connections that it closes while the next question is on its way."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from eudaimon.serve.outbound import NoAnswer, Outbound


def asked(transport, n: int = 1):
    outbound = Outbound("http://v.example/v1", what="validator", transport=transport)

    async def main():
        try:
            return [await outbound.post("/moderations", {"input": ["x"]}) for _ in range(n)]
        finally:
            await outbound.close()

    return asyncio.run(main())


@pytest.mark.parametrize("error", [httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError])
def test_a_dropped_connection_is_tried_once_more(error):
    calls = []

    def answer(request):
        calls.append(request.content)
        if len(calls) % 2:
            raise error("gone", request=request)
        return httpx.Response(200, content=b"fine")

    assert asked(httpx.MockTransport(answer), 2) == [b"fine", b"fine"]
    assert len(calls) == 4 and len(set(calls)) == 1


@pytest.mark.parametrize(
    ("error", "n_calls"), [(httpx.ReadError, 2), (httpx.ConnectError, 1), (httpx.ReadTimeout, 1)]
)
def test_what_fails_again_or_otherwise_is_no_answer(error, n_calls):
    calls = []

    def fail(request):
        calls.append(request)
        raise error("gone", request=request)

    with pytest.raises(NoAnswer, match="cannot be reached") as told:
        asked(httpx.MockTransport(fail))
    assert told.value.fault.kind == "unreachable" and len(calls) == n_calls


def test_a_server_that_closes_without_a_word_is_asked_all_the_same(stub):
    async def script(talk):
        await talk.status(200, b"fine")  # and the connection is closed, which no header has said

    with stub.in_thread(script) as server:

        async def main():
            outbound = Outbound(server.url, what="validator")
            try:
                return [await outbound.post("/moderations", {"input": ["x"]}) for _ in range(40)]
            finally:
                await outbound.close()

        assert asyncio.run(main()) == [b"fine"] * 40
