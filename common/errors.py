"""Errors as RFC 9457 problem details, with a `code` that clients may rely on.

A domain error is a subclass of `Problem`, defined beside the code that raises it. The API answers
`application/problem+json`; pages answer a small HTML page with the same sentence.
"""

import http
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from structlog.contextvars import get_contextvars

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None
Text: TypeAlias = str | Promise

CONTENT_TYPE = "application/problem+json"
API_PREFIX = "/api"

log = structlog.get_logger(__name__)


class Problem(Exception):
    """Why a request was refused. Subclasses set `status`, `code` (stable) and `title`.

    `detail` says what was refused, why, and what to do; `extra` become members of the JSON.
    """

    status: int = 400
    code: str = "bad_request"
    title: Text = _("The request cannot be understood")

    def __init__(
        self, detail: Text = "", *, headers: dict[str, str] | None = None, **extra: JSON
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.detail or self.title}"

    @property
    def sentence(self) -> str:
        """What to tell a person, in the language that is active."""
        return str(self.detail or self.title)

    def body(self) -> dict[str, JSON]:
        """The problem as JSON, in the language that is active."""
        members: dict[str, JSON] = {
            "type": f"urn:problem:{self.code}",
            "title": str(self.title),
            "status": self.status,
            "code": self.code,
            "detail": self.sentence,
        }
        return members | self.extra


class Invalid(Problem):
    """`errors` lists each refused field as `{"pointer": "#/field", "code": …, "detail": …}`.

    The code is the validator's (`required`, `language_unknown`) and as stable as ours.
    """

    code = "invalid"
    title = _("Some fields are missing or wrong")


class Malformed(Problem):
    code = "malformed"
    title = _("The body is not valid JSON")


class NotAuthenticated(Problem):
    status = 401
    code = "not_authenticated"
    title = _("Sign in first")


class AuthenticationFailed(Problem):
    status = 401
    code = "authentication_failed"
    title = _("The sign-in or token was not accepted")


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = _("Your role does not allow this")


class NotFound(Problem):
    status = 404
    code = "not_found"
    title = _("There is nothing here")


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = _("This address does not take that method")


class NotAcceptable(Problem):
    status = 406
    code = "not_acceptable"
    title = _("Only JSON is offered here")


class Conflict(Problem):
    status = 409
    code = "conflict"
    title = _("This clashes with what is already recorded")


class TooLarge(Problem):
    status = 413
    code = "too_large"
    title = _("The request is too large")


class UnsupportedMediaType(Problem):
    status = 415
    code = "unsupported_media_type"
    title = _("Send the body as JSON")


class TooManyRequests(Problem):
    status = 429
    code = "throttled"
    title = _("Too many attempts; wait a little")


class ServerError(Problem):
    status = 500
    code = "internal_error"
    title = _("Something went wrong on our side; it has been noted")


class Unavailable(Problem):
    status = 503
    code = "unavailable"
    title = _("This is not available for the moment; try again later")


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's `EXCEPTION_HANDLER`. What nobody foresaw is left to `handler500`."""
    problem = as_problem(exc)
    if problem is None:
        return None
    return Response(
        problem.body(),
        status=problem.status,
        headers=problem.headers,
        content_type=CONTENT_TYPE,
    )


def as_problem(exc: Exception) -> Problem | None:
    """The problem that stands for an exception of ours, Django's or DRF's; None for any other."""
    if isinstance(exc, Problem):
        return exc
    for kind, translate in _FOREIGN.items():
        if isinstance(exc, kind):
            return translate(exc)
    return None


def _validation(exc: exceptions.ValidationError) -> Problem:
    errors = [
        {"pointer": pointer, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}
        for pointer, detail in _flat(exc.detail)
    ]
    return Invalid(_("Correct the fields named in “errors” and send it again."), errors=errors)


def _model_validation(exc: ValidationError) -> Problem:
    """A model's own check refused what no serializer or form had stopped."""
    return _validation(exceptions.ValidationError(as_serializer_error(exc)))


def _data(exc: DataError) -> Problem:
    """The database could not hold a value: the caller's doing, and a check that we lack."""
    log.error("value_refused_by_database", exc_info=exc)
    return Problem()


def _flat(detail: Any, pointer: str = "#") -> Iterator[tuple[str, Any]]:
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _flat(value, pointer if key == "non_field_errors" else f"{pointer}/{key}")
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, Mapping | list)
            yield from _flat(value, f"{pointer}/{index}" if nested else pointer)
    else:
        yield pointer, detail


def _with_challenge(kind: type[Problem]) -> Callable[[Any], Problem]:
    def translate(exc: Any) -> Problem:
        challenge = getattr(exc, "auth_header", None)
        return kind(headers={"WWW-Authenticate": challenge} if challenge else None)

    return translate


def _throttled(exc: exceptions.Throttled) -> Problem:
    wait_s = int(getattr(exc, "wait", None) or 0)
    return TooManyRequests(headers={"Retry-After": str(wait_s)}, retry_after_s=wait_s)


# The first match wins: DRF's classes are siblings, so the order matters only for the last one.
_FOREIGN: dict[type[Exception], Callable[[Any], Problem]] = {
    exceptions.ValidationError: _validation,
    exceptions.ParseError: lambda exc: Malformed(),
    exceptions.NotAuthenticated: _with_challenge(NotAuthenticated),
    exceptions.AuthenticationFailed: _with_challenge(AuthenticationFailed),
    exceptions.PermissionDenied: lambda exc: Forbidden(),
    PermissionDenied: lambda exc: Forbidden(),
    exceptions.NotFound: lambda exc: NotFound(),
    Http404: lambda exc: NotFound(),
    exceptions.MethodNotAllowed: lambda exc: MethodNotAllowed(),
    exceptions.NotAcceptable: lambda exc: NotAcceptable(),
    exceptions.UnsupportedMediaType: lambda exc: UnsupportedMediaType(),
    exceptions.Throttled: _throttled,
    RequestDataTooBig: lambda exc: TooLarge(),
    ValidationError: _model_validation,
    DataError: _data,
    exceptions.APIException: lambda exc: ServerError(),
}


class ProblemMiddleware:
    """Turns what a plain Django view refused into its page or its JSON.

    Django's 404 and 403 are left to Django, which asks the handlers below.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        refused = isinstance(exc, Problem | ValidationError | DataError)
        problem = as_problem(exc) if refused else None
        return answer(request, problem) if problem else None


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """JSON under `/api`, else the small error page."""
    if request.path.startswith(API_PREFIX):
        response: HttpResponse = JsonResponse(
            problem.body(), status=problem.status, content_type=CONTENT_TYPE
        )
    else:
        response = render(request, "error.html", {"problem": problem}, status=problem.status)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, as_problem(exception) or Problem())


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, Forbidden())


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, NotFound())


def handler500(request: HttpRequest) -> HttpResponse:
    """Says nothing but the request's id, by which the log can be found.

    The page is rendered without context processors: the database may be what failed.
    """
    problem = ServerError(request_id=get_contextvars().get("request_id", ""))
    if request.path.startswith(API_PREFIX):
        return answer(request, problem)
    page = render_to_string("error.html", {"problem": problem})
    return HttpResponse(page, status=http.HTTPStatus.INTERNAL_SERVER_ERROR)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(
        request, Forbidden(_("The form had expired. Go back, reload the page, try again."))
    )
