"""The description of the interface: request bodies are read by our own parser, so they are declared here."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

REFERENCE = "#/components/schemas/{model}"
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
REFUSALS = {
    "400": "not a request of this interface, or over a limit",
    "401": "no token, or a wrong one",
    "404": "no such route or model",
    "408": "the body came too slowly",
    "413": "the body is too large",
    "415": "the body is not declared as JSON",
    "429": "the queue is full: see Retry-After",
    "500": "something failed on our side; nothing unchecked was sent",
    "502": "the server behind cannot be reached, broke off, or made no sense",
    "503": "stopping, not ready, or verdicts cannot be recorded",
    "504": "no answer in time, of ours or of the server behind",
}


def takes(body: type[BaseModel]) -> dict[str, Any]:
    """What a route's description says of its request's body."""
    schema = {"$ref": REFERENCE.format(model=body.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI, bodies: tuple[type[BaseModel], ...]) -> None:
    """Make ``/openapi.json`` tell the bodies' schemas and the errors of every route."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, routes=app.routes)
            _, schemas = models_json_schema([(body, "validation") for body in bodies], ref_template=REFERENCE)
            components = made.setdefault("components", {}).setdefault("schemas", {})
            components.update(schemas["$defs"], Error=ERROR)
            for name in ("HTTPValidationError", "ValidationError"):
                components.pop(name, None)
            for path in made["paths"].values():
                for operation in path.values():
                    operation["responses"].pop("422", None)
                    for status, why in REFUSALS.items():
                        operation["responses"].setdefault(status, _refusal(why))
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _refusal(why: str) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(model="Error")}
    return {"description": why, "content": {"application/json": {"schema": schema}}}
