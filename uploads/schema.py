"""tus in the OpenAPI document: the routes are Starlette's, which drf-spectacular doesn't see."""

from typing import Any, Final

from uploads.models import Status
from uploads.tus import BODY_TYPE, PATH, VERSION

Json = dict[str, Any]

# The name that accounts.schema gives to a phone's token.
SECURITY: Final = "device"
_UPLOAD: Final[Json] = {
    "type": "object",
    "required": [
        "id",
        "status",
        "failure_code",
        "offset",
        "length",
        "sha256_verified",
        "safe_to_delete",
    ],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "status": {
            "type": "string",
            "enum": Status.values,
        },
        "failure_code": {"type": "string"},
        "offset": {"type": "integer", "description": "Bytes that are durable."},
        "length": {"type": "integer"},
        "sha256_verified": {"type": "boolean"},
        "safe_to_delete": {
            "type": "boolean",
            "description": "Only when true may the phone delete its copy of this file.",
        },
    },
}


def add_tus_routes(result: Json, generator: Any, request: Any, public: bool) -> Json:
    """A postprocessing hook of drf-spectacular."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Upload"] = _UPLOAD
    schemes = components.setdefault("securitySchemes", {})
    schemes.setdefault(SECURITY, {"type": "apiKey", "in": "header", "name": "Authorization"})
    paths = result.setdefault("paths", {})
    paths[PATH] = {"options": _options("uploads_options"), "post": _create()}
    paths[f"{PATH}/{{id}}"] = _item()
    result["paths"] = dict(sorted(paths.items()))
    return result


def _item() -> Json:
    pk = _parameter("id", "path", {"type": "string", "format": "uuid"})
    # drf-spectacular takes every key of a path for a method: no parameters shared by all.
    return {
        method: operation | {"parameters": [pk, *operation.get("parameters", [])]}
        for method, operation in _item_operations().items()
    }


def _item_operations() -> Json:
    return {
        "options": _options("upload_options"),
        "head": _operation(
            "upload_offset",
            "How many bytes are durable",
            {
                "200": _answer(
                    "Where to continue.", "Upload-Offset", "Upload-Length", "Upload-Expires"
                )
            },
        ),
        "get": _describe(),
        "patch": _append(),
        "delete": _operation(
            "upload_terminate",
            "Give an unfinished upload up; its bytes are removed",
            {"204": _answer("Given up.")},
        ),
    }


def _create() -> Json:
    return _operation(
        "upload_create",
        "Declare a file; the same declaration again gives the same answer",
        {"201": _answer("Declared.", "Location", "Upload-Offset", "Upload-Expires")},
        _header("Upload-Length", "Size of the file in bytes.", {"type": "integer", "minimum": 1}),
        _header(
            "Upload-Metadata",
            "Pairs of key and base64 value. `id`: a UUID made by the phone; `sha256`: of the whole"
            " file, in hex; `filetype` may be added. A file name is ignored.",
        ),
    )


def _append() -> Json:
    operation = _operation(
        "upload_append",
        "Send bytes; what arrives before a cut is kept",
        {"204": _answer("All of them are durable.", "Upload-Offset", "Upload-Verified")},
        _header("Upload-Offset", "As HEAD answered.", {"type": "integer", "minimum": 0}),
    )
    body = {"schema": {"type": "string", "format": "binary"}}
    return operation | {"requestBody": {"required": True, "content": {BODY_TYPE: body}}}


def _describe() -> Json:
    schema = {"schema": {"$ref": "#/components/schemas/Upload"}}
    answer = {"description": "The upload.", "content": {"application/json": schema}}
    operation = _operation(
        "upload_retrieve", "Whether the phone may delete its copy", {"200": answer}
    )
    operation["parameters"] = []
    return operation


def _options(name: str) -> Json:
    answer = _answer("What is spoken here.", "Tus-Version", "Tus-Extension", "Tus-Max-Size")
    return {
        "operationId": name,
        "summary": "What this server offers of tus",
        "tags": ["uploads"],
        "security": [{}],
        "responses": {"204": answer},
    }


def _operation(name: str, summary: str, answers: Json, *headers: Json) -> Json:
    version = _header("Tus-Resumable", "", {"type": "string", "enum": [VERSION]})
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["uploads"],
        "security": [{SECURITY: []}],
        "parameters": [version, *headers],
        "responses": answers,
    }


def _answer(description: str, *headers: str) -> Json:
    return {
        "description": description,
        "headers": {name: {"schema": {"type": "string"}} for name in headers},
    }


def _header(name: str, description: str, schema: Json | None = None) -> Json:
    return _parameter(name, "header", schema or {"type": "string"}, description)


def _parameter(name: str, place: str, schema: Json, description: str = "") -> Json:
    parameter = {"name": name, "in": place, "required": True, "schema": schema}
    return parameter | ({"description": description} if description else {})
