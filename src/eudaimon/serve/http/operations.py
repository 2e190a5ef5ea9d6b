"""What an operator's tools ask: is it alive, is it ready, how is it doing."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from eudaimon.serve.http.context import serving_of

router = APIRouter()


@router.get("/healthz")
async def healthz(request: Request) -> Response:
    """200 while the process can answer, 503 once the model is stuck; open to everybody."""
    if serving_of(request).stuck:
        return JSONResponse({"status": "stuck"}, 503)
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """200 after a real forward through model and monitor just now, 503 otherwise and while stopping."""
    serving = serving_of(request)
    if await serving.ready():
        return JSONResponse({"status": "ready"})
    why = "stuck" if serving.stuck else "stopping" if serving.stopping else "not ready"
    return JSONResponse({"status": why}, 503)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """The counters in Prometheus' text format."""
    return Response(serving_of(request).metrics.page(), media_type=CONTENT_TYPE_LATEST)
