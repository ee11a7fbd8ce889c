"""Logs: one JSON object a line on stdout, for structlog's loggers and the standard library's.

Lines carry ids and codes. Names, texts and tokens have no place in them; a processor drops the
keys they would come under, as a net and not as a licence.
"""

import http
import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRET: Final = re.compile(
    r"token|password|secret|authorization|cookie|(^|_)(name|username|filename|text|title|contact|code)$"
)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
# Our own; they carry a code or a name that is not a person's.
_HARMLESS: Final = frozenset({"error_code", "failure_code", "status_code", "problem_code"})
# They come with handlers of their own, which would say everything twice.
_WITH_HANDLERS: Final = ("django", "django.server", "uvicorn", "uvicorn.error", "uvicorn.access")
# Loud at INFO, and what they say is in our own request line.
_QUIET: Final = ("uvicorn.access", "django.server", "httpx", "botocore", "faster_whisper")


def logging_config(level: str, *, json: bool) -> dict[str, Any]:
    """A `dictConfig` for Django's `LOGGING`; configures structlog on the way.

    Uvicorn has to be started with `log_config=None` and Celery with
    `worker_hijack_root_logger=False`, else they put their own handlers in front.
    """
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": _formatter, "json": json}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "stream": "ext://sys.stdout",
            }
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": _loggers(),
    }


def _loggers() -> dict[str, dict[str, Any]]:
    loggers: dict[str, dict[str, Any]] = {
        name: {"handlers": [], "propagate": True} for name in _WITH_HANDLERS
    }
    for name in _QUIET:
        loggers.setdefault(name, {})["level"] = "WARNING"
    # Its warnings name the path of every 4xx; the request line has the route instead.
    loggers["django.request"] = {"level": "ERROR"}
    return loggers


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        drop_secrets,
    ]


def name_routes(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A structlog processor: Django's lines about a request name its route, never its path."""
    record = event.get("_record")
    request = getattr(record, "request", None)
    # The event is made of them already; left there they would be put in again.
    arguments = event.pop("positional_args", ())
    if not arguments or not isinstance(request, HttpRequest):
        return event
    status = getattr(record, "status_code", http.HTTPStatus.INTERNAL_SERVER_ERROR)
    event["event"] = http.HTTPStatus(status).phrase
    event["route"] = _route(request)
    *reason, _path = arguments
    if reason:
        # After the dash comes the page that a form was on.
        event["reason"] = str(reason[0]).partition(" - ")[0]
    return event


def _formatter(json: bool) -> logging.Formatter:
    last: Processor = structlog.dev.ConsoleRenderer(colors=False)
    if json:
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[name_routes, *_shared()],
        pass_foreign_args=True,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )


def drop_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A structlog processor: removes what could name a person, quote one, or open a door."""
    return {key: _clean(value) for key, value in event.items() if not _is_secret(key)}


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items() if not _is_secret(str(key))}
    return value


def _is_secret(key: str) -> bool:
    return key not in _HARMLESS and _SECRET.search(key.lower()) is not None


class RequestLogMiddleware:
    """One line a request: method, route pattern (never the path), status, milliseconds, user.

    Binds `request_id` to every line logged meanwhile and returns it as `X-Request-ID`; a caller's
    own id is taken over when it looks like one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.log = structlog.get_logger("requests")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        request_id = _request_id(request)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        self.log.info(
            "request",
            method=request.method,
            route=_route(request),
            status=response.status_code,
            ms=round((time.perf_counter() - started) * 1000, 1),
            user=_user_pk(request),
        )
        return response


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _route(request: HttpRequest) -> str | None:
    match = request.resolver_match
    return match.route if match else None


def _user_pk(request: HttpRequest) -> int | None:
    user = getattr(request, "user", None)
    # Nobody asked who it was: a log line is not worth the query.
    if isinstance(user, SimpleLazyObject) and not hasattr(request, "_cached_user"):
        return None
    return getattr(user, "pk", None)
