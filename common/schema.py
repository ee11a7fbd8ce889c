"""What the OpenAPI document says of every operation, and of the routes that aren't DRF's."""

from typing import Any, Final

Json = dict[str, Any]

_TEXT: Final[Json] = {"type": "string"}
_FAULT: Final[Json] = {
    "type": "object",
    "required": ["pointer", "code", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "The field: `#/recording/sha256`."},
        "code": {"type": "string", "description": "Stable, such as `required`."},
        "detail": {"type": "string", "description": "For people, in the language asked for."},
    },
}
PROBLEM: Final[Json] = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457). Some codes bring members of their own.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": _TEXT,
        "title": {"type": "string", "description": "The same for every problem of this code."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "code": {"type": "string", "description": "Stable: what a program may rely on."},
        "detail": {"type": "string", "description": "For people: what was refused and what to do."},
        "errors": {
            "type": "array",
            "items": _FAULT,
            "description": "With code `invalid`: each field that is missing or wrong.",
        },
    },
    "additionalProperties": True,
}
_REFUSED: Final[Json] = {
    "description": "Refused; `code` says why.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_HEALTH: Final[Json] = {
    "type": "object",
    "required": ["status", "parts"],
    "properties": {
        "status": {"type": "string", "enum": ["ok", "unavailable"]},
        "parts": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["ok", "detail"],
                "properties": {"ok": {"type": "boolean"}, "detail": _TEXT},
            },
        },
    },
}


def add_problems(result: Json, generator: Any, request: Any, public: bool) -> Json:
    """A postprocessing hook of drf-spectacular: every operation may answer a Problem."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            operation.setdefault("responses", {}).setdefault("default", _REFUSED)
    return result


def add_other_routes(result: Json, generator: Any, request: Any, public: bool) -> Json:
    """A postprocessing hook of drf-spectacular: media, and whether the service is well."""
    paths = result.setdefault("paths", {})
    paths["/media/{token}"] = {"get": _media("media"), "head": _media("media_head")}
    paths["/healthz"] = {"get": _state("healthz", "Alive: the process answers", {"200": _alive()})}
    ready = {"200": _health("Ready."), "503": _health("A part does not answer.")}
    paths["/readyz"] = {"get": _state("readyz", "Ready: every part answers", ready)}
    result["paths"] = dict(sorted(paths.items()))
    return result


def _media(name: str) -> Json:
    token = {"name": "token", "in": "path", "required": True, "schema": _TEXT}
    span = {"name": "Range", "in": "header", "schema": _TEXT, "description": "One range of bytes."}
    return {
        "operationId": name,
        "summary": "A file behind a signed address, which another answer gave; never made by hand",
        "tags": ["media"],
        "security": [{}],
        "parameters": [token, span],
        "responses": {"200": _bytes("All of it."), "206": _bytes("The range.", "Content-Range")},
    }


def _bytes(description: str, *headers: str) -> Json:
    names = ("ETag", "Accept-Ranges", *headers)
    return {
        "description": description,
        "headers": {name: {"schema": _TEXT} for name in names},
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    }


def _state(name: str, summary: str, answers: Json) -> Json:
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["health"],
        "security": [{}],
        "responses": answers,
    }


def _alive() -> Json:
    schema = {"type": "object", "required": ["status"], "properties": {"status": _TEXT}}
    return {"description": "It does.", "content": {"application/json": {"schema": schema}}}


def _health(description: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": _HEALTH}}}
