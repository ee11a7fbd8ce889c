"""tus 1.0.0 (core, creation, expiration, termination) for phones, at /api/v1/uploads.

Phones show `Authorization: Device <token>` on everything but OPTIONS; the address alone is worth
nothing. An offset that we name, in whichever answer, counts only durable bytes.
"""

import functools
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPMethod, HTTPStatus
from typing import Final

from django.conf import settings
from django.utils.http import http_date
from django.utils.translation import gettext_lazy as _
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from accounts import devices
from accounts.models import Device
from common.asgi import guarded, in_django, on_disk
from common.errors import (
    Conflict,
    MethodNotAllowed,
    NotAuthenticated,
    Problem,
    UnsupportedMediaType,
)
from uploads import completion, declarations, ledger
from uploads.models import Status, Upload
from uploads.stores import StorageFull, Writer, store
from uploads.transfers import BeyondLength, Transfer, watch

PATH: Final = "/api/v1/uploads"
VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,expiration,termination"
BODY_TYPE: Final = "application/offset+octet-stream"

Handler = Callable[[Request], Awaitable[Response]]


class VersionUnsupported(Problem):
    status = 412
    code = "tus_version_unsupported"
    title = _("This version of the upload protocol is not spoken here")


class OffsetInvalid(Problem):
    code = "upload_offset_invalid"
    title = _("The offset is missing or not a number")


class OffsetMismatch(Conflict):
    code = "upload_offset_mismatch"
    title = _("The bytes would not follow on what is here")


async def options(request: Request) -> Response:
    return Response(
        status_code=HTTPStatus.NO_CONTENT,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(settings.UPLOAD_MAX_BYTES),
        },
    )


async def create(request: Request) -> Response:
    """201 with the upload's address, for a replay of an equal declaration too."""
    device = await _device(request)
    declaration = declarations.read(request.headers)
    upload = await in_django(ledger.declared, declaration, by=device)
    if upload is None:
        await on_disk(_make_room, declaration)
        upload = await in_django(ledger.declare, declaration, by=device)
    upload = await _settled(upload)
    headers = _state(upload) | {"Location": f"{PATH}/{upload.pk}"}
    return Response(status_code=HTTPStatus.CREATED, headers=headers)


async def offset(request: Request) -> Response:
    _phone, found = await _found(request)
    upload = await _settled(found)
    headers = {"Upload-Length": str(upload.length), "Upload-Metadata": _metadata(upload)}
    return Response(headers=_state(upload) | headers)


async def describe(request: Request) -> Response:
    """Ours, beside tus: whether the phone may delete its copy, and of an upload that failed why."""
    _phone, found = await _found(request)
    upload = await _current(found)
    return JSONResponse(
        {
            "id": str(upload.pk),
            "status": upload.status,
            "failure_code": upload.failure_code,
            "offset": upload.offset,
            "length": upload.length,
            "sha256_verified": upload.is_verified,
            "safe_to_delete": upload.is_verified,
        }
    )


async def append(request: Request) -> Response:
    """Take bytes from the offset that the client names, for as long as they come."""
    claimed = _claimed_offset(request)
    phone, upload = await _found(request)
    _check_length(request, upload, claimed)
    if upload.status == Status.RECEIVING:
        writer = await _take_over(upload, claimed, by=phone)
        upload = await _received(request, upload, writer)
    elif upload.status == Status.COMPLETE and claimed != upload.length:
        raise _mismatch(upload.length)
    _check_alive(upload)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=_state(upload))


async def terminate(request: Request) -> Response:
    phone, upload = await _found(request)
    await in_django(ledger.terminate, upload, by=phone)
    await on_disk(store().remove, upload.pk)
    await in_django(ledger.removed, upload)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _received(request: Request, upload: Upload, writer: Writer) -> Upload:
    """The upload after this request's body, concluded if that was the last of it."""
    transfer = Transfer(upload, writer)
    watch.add(transfer)
    try:
        await transfer.run(request.receive)
    finally:
        watch.discard(transfer)
    upload.offset = writer.offset
    if upload.offset == upload.length:
        return await completion.finish(upload, sha256=writer.sha256())
    return upload


async def _take_over(upload: Upload, claimed: int, *, by: Device) -> Writer:
    """The sole right to write, from here on, whatever older requests are still doing."""
    durable = await on_disk(store().durable_offset, upload.pk)
    await in_django(ledger.take_over, upload, by=by, offset=durable)
    watch.give_way(upload.pk, to=upload.fence)
    writer = await on_disk(store().open, upload.pk, fence=upload.fence)
    if writer.offset != claimed:
        await on_disk(_synced_and_closed, writer)
        raise _mismatch(writer.offset)
    return writer


def _synced_and_closed(writer: Writer) -> None:
    try:
        writer.sync()
    finally:
        writer.close()


async def _settled(upload: Upload) -> Upload:
    """The upload with its durable offset; raises the reason when it has failed or is gone."""
    upload = await _current(upload)
    _check_alive(upload)
    return upload


async def _current(upload: Upload) -> Upload:
    """The upload with its durable offset.

    If every byte is here but nobody has verified it, the server died in between: tus clients take
    offset = length for success, so the verdict has to be reached before that is said.
    """
    if upload.status == Status.RECEIVING:
        upload.offset = await on_disk(store().durable_offset, upload.pk)
        if upload.offset == upload.length:
            return await completion.finish(upload)
    return upload


def _make_room(declaration: declarations.Declaration) -> None:
    if store().free_bytes() - declaration.length < settings.UPLOAD_RESERVE_BYTES:
        raise StorageFull(_("Keep the recording on the phone and try again later."))
    store().create(declaration.id)


async def _device(request: Request) -> Device:
    token = devices.token_in(request.headers.get("authorization", ""))
    if not token:
        raise NotAuthenticated(
            _("Send “Authorization: Device” with this phone's token."),
            headers=dict(devices.CHALLENGE),
        )
    return await in_django(devices.authenticate, token)


async def _found(request: Request) -> tuple[Device, Upload]:
    phone = await _device(request)
    return phone, await in_django(ledger.find, request.path_params["id"], by=phone)


def _claimed_offset(request: Request) -> int:
    if request.headers.get("content-type") != BODY_TYPE:
        raise UnsupportedMediaType(_("Send Content-Type: application/offset+octet-stream."))
    claimed = declarations.whole_number(request.headers.get("upload-offset", ""))
    if claimed is None:
        raise OffsetInvalid(_("Send Upload-Offset with the number that HEAD answered."))
    return claimed


def _check_alive(upload: Upload) -> None:
    if upload.status not in (Status.RECEIVING, Status.COMPLETE):
        raise ledger.ended(upload)


def _check_length(request: Request, upload: Upload, claimed: int) -> None:
    """Refuse a body that would not fit before it costs the phone anything."""
    announced = declarations.whole_number(request.headers.get("content-length", "")) or 0
    if claimed + announced > upload.length:
        raise BeyondLength(_("Declare the file anew with its right length."))


def _mismatch(offset: int) -> OffsetMismatch:
    detail = _("Continue from the number in Upload-Offset.")
    return OffsetMismatch(detail, headers={"Upload-Offset": str(offset)}, offset=offset)


def _state(upload: Upload) -> dict[str, str]:
    headers = {"Upload-Offset": str(upload.offset)}
    if upload.status == Status.RECEIVING:
        headers["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    if upload.is_verified:
        headers["Upload-Verified"] = "sha256"
    return headers


def _metadata(upload: Upload) -> str:
    pairs = {"id": str(upload.pk), "sha256": upload.sha256, "filetype": upload.content_type}
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in pairs.items())


def _tus(methods: Mapping[str, Handler]) -> Handler:
    """One endpoint for all `methods`: `X-HTTP-Method-Override` takes the place of the real one."""

    @guarded
    async def dispatch(request: Request) -> Response:
        method = request.headers.get("x-http-method-override", request.method).upper()
        handler = methods.get(method)
        if handler is None:
            raise MethodNotAllowed(headers={"Allow": ", ".join(methods)})
        if method not in _FREE and request.headers.get("tus-resumable") != VERSION:
            detail = _("Send Tus-Resumable: 1.0.0.")
            raise VersionUnsupported(detail, headers={"Tus-Version": VERSION})
        return await handler(request)

    @functools.wraps(dispatch)
    async def answer(request: Request) -> Response:
        response = await dispatch(request)
        response.headers["Tus-Resumable"] = VERSION
        response.headers["Cache-Control"] = "no-store"
        if response.status_code >= HTTPStatus.BAD_REQUEST and request.method != HTTPMethod.HEAD:
            # Else the rest of a refused body would still be drained, at the phone's expense.
            response.headers["Connection"] = "close"
        return response

    return answer


# OPTIONS by the specification; GET because it is not tus's.
_FREE: Final = {"OPTIONS", "GET"}
_METHODS: Final = ["OPTIONS", "POST", "HEAD", "GET", "PATCH", "DELETE", "PUT"]

_collection = _tus({"OPTIONS": options, "POST": create})
_item = _tus(
    {"OPTIONS": options, "HEAD": offset, "GET": describe, "PATCH": append, "DELETE": terminate}
)

routes = [
    Route(PATH, _collection, methods=_METHODS, name="uploads"),
    Route(f"{PATH}/{{id:uuid}}", _item, methods=_METHODS, name="upload"),
]
