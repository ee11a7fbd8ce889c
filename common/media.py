"""Signed media URLs and the route that serves them, with HTTP Range (RFC 9110, section 14).

A URL names a kind, a row, a use and its viewer, never a storage key. It proves only that we made
it: each time it is used, the app that owns the kind is asked again whether this viewer may see
this row for this use now.
"""

import contextlib
import re
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from django.conf import settings
from django.core import signing
from django.core.files import File
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from structlog import get_logger

from common.asgi import guarded, in_django, on_disk
from common.errors import NotFound, Problem
from common.storage import private

log = get_logger()

CHUNK_BYTES = 256 * 1024
ASK_AGAIN_S = 5.0
Chunks = AsyncGenerator[bytes, None]
_SALT = "common.media"
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")
# A page that plays it must not keep it, pass it on, or guess that it is something else.
_PRIVACY = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Claim:
    """What a URL asks for. `viewer` is the audit name it was made for; `at` is the time of use."""

    kind: str
    pk: str
    use: str
    viewer: str
    at: datetime


@dataclass(frozen=True)
class Servable:
    """What may be sent. `etag` is unquoted and changes whenever the bytes do."""

    key: str
    content_type: str
    filename: str
    etag: str
    attachment: bool = False


@dataclass(frozen=True)
class Span:
    """Bytes `start` to `end` (exclusive); `partial` when the request asked for a range of them."""

    start: int
    end: int
    partial: bool


@dataclass(frozen=True)
class Stored:
    file: "File[bytes]"
    size: int


Authorise = Callable[[Claim], Servable]
_kinds: dict[str, Authorise] = {}


class NoLongerAllowed(Exception):
    """What is being sent was allowed when it began, and is not any more."""


class UrlInvalid(Problem):
    status = 403
    code = "media_url_invalid"
    title = _("This media address is not one of ours")


class UrlExpired(Problem):
    status = 403
    code = "media_url_expired"
    title = _("This media address is too old")


class RangeNotSatisfiable(Problem):
    status = 416
    code = "range_not_satisfiable"
    title = _("The file ends before the bytes that were asked for")


def register(kind: str, authorise: Authorise) -> None:
    """Let `authorise` decide on URLs of `kind`, each time one is used.

    It runs in a database thread and raises the Problem that refuses. Called in `ready()`.
    """
    if _kinds.setdefault(kind, authorise) is not authorise:
        raise ValueError(f"two owners for media of kind {kind}")


def url(kind: str, pk: object, *, use: str, viewer: str, ttl_s: int | None = None) -> str:
    """A path that shows the row to whoever has it, for `ttl_s` seconds and while it is allowed."""
    lifetime = timedelta(seconds=settings.MEDIA_URL_TTL_S if ttl_s is None else ttl_s)
    expires_at = int((timezone.now() + lifetime).timestamp())
    token = signing.dumps([kind, str(pk), use, viewer, expires_at], salt=_SALT)
    return f"/media/{token}"


@guarded
async def serve(request: Request) -> Response:
    claim = _claim(request.path_params["token"])
    servable = await in_django(_kinds[claim.kind], claim)
    stored = await on_disk(_open, servable.key)
    try:
        span = _span(request, servable, stored.size)
    except RangeNotSatisfiable:
        stored.file.close()
        raise
    return _response(request, servable, stored, span, claim)


routes = [Route("/media/{token}", serve, methods=["GET", "HEAD"])]


def _claim(token: str) -> Claim:
    try:
        kind, pk, use, viewer, expires_at = signing.loads(token, salt=_SALT)
    except signing.BadSignature as exc:
        raise UrlInvalid(_("Open the page again to get a new address.")) from exc
    now = timezone.now()
    if now >= datetime.fromtimestamp(expires_at, UTC):
        raise UrlExpired(_("Reload the page to get a new address."))
    if kind not in _kinds:
        raise NotFound
    return Claim(kind=kind, pk=pk, use=use, viewer=viewer, at=now)


def _open(key: str) -> Stored:
    try:
        file = private().open(key, "rb")
    except FileNotFoundError as exc:
        raise NotFound(_("The file of this recording is missing; tell a coordinator.")) from exc
    return Stored(file, file.size)


def _span(request: Request, servable: Servable, size: int) -> Span:
    """The one range that is asked for, or the whole: RFC 9110 lets a server ignore any other."""
    asked = _asked(request.headers.get("range", ""), size)
    if asked is None or request.method != "GET" or not _unchanged(request, servable):
        return Span(0, size, partial=False)
    start, end = asked
    if start >= end:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return Span(start, end, partial=True)


def _asked(header: str, size: int) -> tuple[int, int] | None:
    """Start and exclusive end within the file, or None for what is no single range of bytes."""
    match = _RANGE.fullmatch(header)
    if not match or match["first"] == match["last"] == "":
        return None
    if not match["first"]:
        return max(0, size - int(match["last"])), size
    first, last = int(match["first"]), int(match["last"] or size)
    return (first, min(last + 1, size)) if first <= last or not match["last"] else None


def _unchanged(request: Request, servable: Servable) -> bool:
    condition = request.headers.get("if-range")
    return condition is None or condition == f'"{servable.etag}"'


def _response(
    request: Request, servable: Servable, stored: Stored, span: Span, claim: Claim
) -> Response:
    status = HTTPStatus.PARTIAL_CONTENT if span.partial else HTTPStatus.OK
    headers = _headers(servable, stored, span)
    if request.method == "HEAD":
        stored.file.close()
        return Response(status_code=status, headers=headers)
    chunks = _while_allowed(claim, _chunks(stored.file, span))
    return StreamingResponse(chunks, status, headers)


def _headers(servable: Servable, stored: Stored, span: Span) -> dict[str, str]:
    disposition = content_disposition_header(servable.attachment, servable.filename)
    headers = _PRIVACY | {
        "Content-Type": servable.content_type,
        "Content-Length": str(span.end - span.start),
        "Content-Disposition": disposition or "inline",
        "Accept-Ranges": "bytes",
        "ETag": f'"{servable.etag}"',
    }
    if span.partial:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{stored.size}"
    return headers


async def _while_allowed(claim: Claim, chunks: Chunks) -> Chunks:
    """Ask again every `ASK_AGAIN_S` seconds: a film takes long to send, a withdrawal doesn't wait.

    The answer has begun, so all that is left is to break it off; a client sees it cut short.
    """
    asked_at = time.monotonic()
    async with contextlib.aclosing(chunks):
        async for chunk in chunks:
            if time.monotonic() - asked_at > ASK_AGAIN_S:
                asked_at = time.monotonic()
                await _ask_again(claim)
            yield chunk


async def _ask_again(claim: Claim) -> None:
    try:
        await in_django(_kinds[claim.kind], replace(claim, at=timezone.now()))
    except Problem as refusal:
        log.info("media_broken_off", kind=claim.kind, refusal=refusal.code)
        raise NoLongerAllowed from refusal


async def _chunks(file: "File[bytes]", span: Span) -> Chunks:
    """The span's bytes, a chunk at a time: memory doesn't grow with the file."""
    try:
        await on_disk(file.seek, span.start)
        left = span.end - span.start
        while left:
            chunk = await on_disk(file.read, min(CHUNK_BYTES, left))
            if not chunk:
                raise EOFError("the stored file is shorter than its size")
            left -= len(chunk)
            yield chunk
    finally:
        # Also when the viewer leaves in the middle.
        file.close()
