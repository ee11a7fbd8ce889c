"""The byte plane's one door to Django.

Routes that move bytes are Starlette's and never wait on the event loop. What they ask of the
database runs in a small thread pool of their own, disk work in another, so that a slow disk
doesn't hold up a token check. Starlette's default pool left 40 PostgreSQL connections open, and
`sync_to_async`'s default serialises everything: neither is used here.
"""

import asyncio
import contextvars
import functools
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils import translation
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from structlog import get_logger

from common.errors import Problem, ServerError

P = ParamSpec("P")
T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

# So long an idle thread may hold its one connection; a server that restarts is noticed before use.
KEPT_S: Final = 60

log = get_logger()


async def in_django(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `fn`, which may use the ORM, in a thread that keeps its connection for KEPT_S.

    Opening one for each call took a quarter of the processor while phones were sending.
    """
    call = functools.partial(_with_sound_connection, fn, *args, **kwargs)
    return await _in_pool(_database_pool(), call)


async def on_disk(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `fn`, which may wait for a disk but never touches the ORM, in a thread."""
    return await _in_pool(_disk_pool(), functools.partial(fn, *args, **kwargs))


def problem(
    exc: Problem, request: Request, *, headers: Mapping[str, str] | None = None
) -> Response:
    """The RFC 9457 answer for `exc`, in the language that the request asks for."""
    with translation.override(_language(request)):
        response = JSONResponse(
            exc.body(),
            status_code=exc.status,
            headers={**exc.headers, **(headers or {})},
            media_type="application/problem+json",
        )
    response.headers["Content-Language"] = _language(request)
    return response


def guarded(handler: Handler) -> Handler:
    """Answer a Problem that `handler` raises as problem+json, and log each request.

    The log line names the route's pattern, never the path: a path may hold a signed token.
    """

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        started = time.monotonic()
        try:
            response = await handler(request)
        except Problem as exc:
            response = problem(exc, request)
        except ClientDisconnect:
            # Nobody is there to read it; 499 is what nginx writes for a client that left.
            response = Response(status_code=499)
        # Whatever it is, the client gets a problem and the log the reason, as from Django's views.
        except Exception:
            log.exception("byte_plane_failed", route=_route(request))
            response = problem(ServerError(), request)
        _log(request, response, started)
        return response

    return answer


def _route(request: Request) -> str:
    return str(getattr(request.scope.get("route"), "path", ""))


def _log(request: Request, response: Response, started: float) -> None:
    log.info(
        "request",
        method=request.method,
        route=_route(request),
        status=response.status_code,
        ms=round((time.monotonic() - started) * 1000),
    )


def _language(request: Request) -> str:
    for code, _weight in parse_accept_lang_header(request.headers.get("accept-language", "")):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


async def _in_pool(pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(pool, context.run, call)


def _with_sound_connection(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return fn(*args, **kwargs)
    finally:
        close_old_connections()


@functools.cache
def _database_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(
        settings.BYTE_PLANE_THREADS,
        thread_name_prefix="byte-plane-db",
        initializer=_keep_connections,
    )


def _keep_connections() -> None:
    """For this thread only: Django's own threads come and go, and would leave theirs open."""
    for connection in connections.all():
        connection.settings_dict = connection.settings_dict | {
            "CONN_MAX_AGE": KEPT_S,
            "CONN_HEALTH_CHECKS": True,
        }


@functools.cache
def _disk_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.BYTE_PLANE_THREADS, thread_name_prefix="byte-plane-disk")
