"""Who may open a page."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase

from accounts.models import Programme, User
from accounts.roles import Role, memberships_of, programmes_of
from common.errors import Forbidden

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """What a page behind `page_for` gets: a signed-in user and the programmes it may speak of."""

    user: User
    programmes: QuerySet[Programme]


def page_for(
    *roles: Role,
) -> Callable[
    [Callable[Concatenate[PageRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Open the page to who holds any of `roles` somewhere; without roles, to all who have one.

    Others are sent to sign in, or get a 403. Sets `request.programmes`, by which to scope: rows of
    other programmes are to be a 404.
    """

    def decorate(
        view: Callable[Concatenate[PageRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not memberships_of(request.user, *roles).exists():
                raise Forbidden
            page = cast(PageRequest, request)
            page.programmes = programmes_of(request.user, *roles)
            return view(page, *args, **kwargs)

        guarded.roles = roles or tuple(Role)  # type: ignore[attr-defined]  # For tests/test_routes.py.
        return cast(Callable[Concatenate[HttpRequest, P], HttpResponseBase], guarded)

    return decorate


def public_page(view: Callable[..., Any]) -> Callable[..., Any]:
    """Say that anybody may open this page."""
    view.public = True  # type: ignore[attr-defined]  # Read by tests/test_routes.py.
    return view
