"""Where each role works: the navigation, and where `/` leads."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role


@dataclass(frozen=True)
class Place:
    url_name: str
    label: str | Promise
    roles: frozenset[Role]

    @property
    def url(self) -> str:
        return reverse(self.url_name)


# Named by text only: the rooms behind these names come after this one.
PLACES = (
    Place("stories:list", _("Stories"), frozenset({Role.COORDINATOR})),
    Place(
        "moderation:queue",
        _("Review"),
        frozenset({Role.MODERATOR, Role.SENIOR_MODERATOR, Role.COORDINATOR}),
    ),
    Place("screenings:catalogue", _("Screenings"), frozenset({Role.ORGANIZER, Role.COORDINATOR})),
    Place("accounts:programmes", _("Phones"), frozenset({Role.COORDINATOR})),
)


def places_for(roles: Iterable[str]) -> list[Place]:
    held = set(roles)
    return [place for place in PLACES if held & place.roles and _exists(place)]


def _exists(place: Place) -> bool:
    """A deployment may leave a room's pages out."""
    try:
        return bool(place.url)
    except NoReverseMatch:
        return False
