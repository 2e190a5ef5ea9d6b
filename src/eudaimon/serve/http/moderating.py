"""Texts judged without an answer: within the time of a request, given up when its client leaves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Literal

from fastapi import Request

from eudaimon.core import EudaimonError, Text, UsageError
from eudaimon.serve.asked import Busy, Decided
from eudaimon.serve.http.errors import Refused, broken, busy, hung, mistaken, stopping
from eudaimon.serve.http.logs import tell
from eudaimon.serve.http.serving import Serving
from eudaimon.serve.http.verdicts import sound


async def moderate(
    serving: Serving, request: Request, texts: Sequence[Text], side: Literal["input", "output"]
) -> list[Decided]:
    """What is decided about each text; raises `Refused` where nothing was.

    A decision whose score is no number is one of a check that failed.
    """
    if not texts:
        return []
    left = asyncio.create_task(_left(request))
    asked = serving.keep(asyncio.create_task(serving.answerer.moderate(texts, side)))
    serving.at_end(asked, asked.cancel)
    seconds = serving.settings.limits.request_seconds
    try:
        await asyncio.wait({left, asked}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            serving.metrics.failures.labels("client gone" if left.done() else "late").inc()
            raise (
                Refused(499, "the client is gone", code="client_gone")
                if left.done()
                else Refused(504, f"no verdict within {seconds:g} s", code="timeout")
            )
        if asked.cancelled():
            raise hung() if serving.stuck else stopping()
        decided = [sound(each, serving.answerer.fails_open) for each in asked.result()]
        if len(decided) != len(texts):
            raise EudaimonError("fewer decisions than texts")
    except Busy as error:
        raise busy(error) from None
    except UsageError as error:
        raise mistaken(error) from None
    except (Refused, asyncio.CancelledError):
        raise
    except Exception as error:
        serving.metrics.failures.labels("answerer").inc()
        tell("answerer failed", logging.ERROR, error=type(error).__name__)
        raise broken() from None
    finally:
        left.cancel()
        asked.cancel()
    return decided


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
