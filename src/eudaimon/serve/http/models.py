"""``GET /v1/models``: the one model that is served."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from eudaimon.serve.http.asking import check_model
from eudaimon.serve.http.context import serving_of

router = APIRouter()


@router.get("/v1/models")
async def models(request: Request) -> dict[str, Any]:
    """The served model, in a list."""
    return {"object": "list", "data": [_model(request)]}


@router.get("/v1/models/{model:path}")
async def model(request: Request, model: str) -> dict[str, Any]:
    """The served model by its name."""
    check_model(serving_of(request), model)
    return _model(request)


def _model(request: Request) -> dict[str, Any]:
    serving = serving_of(request)
    return {
        "id": serving.answerer.name,
        "object": "model",
        "created": serving.started,
        "owned_by": "eudaimon",
        "guard": {
            "monitor": serving.settings.monitor,
            "policy": {"input": serving.settings.input, "output": serving.settings.output},
            "measured": serving.settings.measured,
            "fail_open": serving.answerer.fails_open,
        },
    }
