"""What every page knows about the person who looks at it."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.places import Place, places_for
from accounts.roles import memberships_of, programmes_of


def memberships(request: HttpRequest) -> dict[str, Any]:
    """`places`, where to go, and `programme_name`, if the person has only one.

    Asked of the database only by a page that shows them.
    """
    return {
        "places": SimpleLazyObject(lambda: _places(request)),
        "programme_name": SimpleLazyObject(lambda: _programme_name(request)),
    }


def _places(request: HttpRequest) -> list[dict[str, Any]]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    places = places_for(memberships_of(user).values_list("role", flat=True))
    return [_link(place, request.path) for place in places]


def _link(place: Place, path: str) -> dict[str, Any]:
    return {"label": place.label, "url": place.url, "is_current": path.startswith(place.url)}


def _programme_name(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if user is None:
        return ""
    names = programmes_of(user).values_list("name", flat=True)[:2]
    return names[0] if len(names) == 1 else ""
