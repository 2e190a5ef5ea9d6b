"""The application: every route, and around them limits, tokens and errors in OpenAI's shape."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from eudaimon import __version__
from eudaimon.core import UsageError
from eudaimon.serve.asked import Answerer
from eudaimon.serve.http import chat, completions, litellm, models, moderations, operations
from eudaimon.serve.http.audit import Audit
from eudaimon.serve.http.bearer import Bearer
from eudaimon.serve.http.bodies import ChatBody, CompletionBody, ModerationsBody
from eudaimon.serve.http.errors import Refused
from eudaimon.serve.http.hosts import Hosts
from eudaimon.serve.http.intake import Intake
from eudaimon.serve.http.outermost import Outermost
from eudaimon.serve.http.schema import describe
from eudaimon.serve.http.serving import Serving
from eudaimon.serve.http.settings import Settings

PARTS = (chat, completions, models, moderations, litellm, operations)
BODIES = (ChatBody, CompletionBody, ModerationsBody, litellm.GuardrailBody)


def make_app(answerer: Answerer, settings: Settings | None = None, audit: Audit | None = None) -> FastAPI:
    """The HTTP interface of a guarded model; ``app.state.serving.stop()`` ends it.

    Closed by default to pages of other origins; raises `UsageError` for ``*`` among the origins of ``cors``.
    """
    settings = settings or Settings()
    if "*" in settings.cors:
        raise UsageError("any page could read the answers", right="the origins that may", do="--cors ORIGIN")
    serving = Serving(answerer, settings, audit)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(serving.watch())
        yield
        watch.cancel()
        await serving.stop()

    app = FastAPI(
        title="eudaimon", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.serving = serving
    for part in PARTS:
        app.include_router(part.router)
    describe(app, BODIES)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(RequestValidationError, _not_valid)
    # The last one added is the first to see a request.
    app.add_middleware(Intake, limits=settings.limits)
    if settings.tokens:
        app.add_middleware(Bearer, tokens=settings.tokens)
    if settings.cors:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors),
            allow_methods=["GET", "POST"],
            # OpenAI's client for browsers sends headers of its own; those of other origins are not let in.
            allow_headers=["*"],
            expose_headers=["x-request-id", "x-client-request-id", "x-eudaimon-fail-open", "retry-after"],
            allow_credentials=False,
        )
    if settings.hosts:
        app.add_middleware(Hosts, names=settings.hosts)
    app.add_middleware(Outermost, serving=serving)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return error.response()


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what, code = {
        404: ("there is no such route", "not_found"),
        405: ("this route has another method", "method_not_allowed"),
    }.get(error.status_code, ("the request cannot be answered", "invalid_request"))
    return Refused(error.status_code, what, code=code, headers=error.headers).response()


async def _not_valid(request: Request, error: Exception) -> Response:
    return Refused(400, "a parameter of the request is not valid", code="invalid_value").response()
