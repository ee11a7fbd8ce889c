"""A character that no database, file name or person has a use for."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from common.errors import Problem, answer


class NulMiddleware:
    """Refuses addresses with a NUL in them; PostgreSQL would fail on it wherever it is asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path or "\0" in query or "%00" in query:
            return answer(request, Problem(_("Leave the NUL character out of the address.")))
        return self.get_response(request)
