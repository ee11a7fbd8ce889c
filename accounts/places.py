"""Where each role works: the navigation, and where `/` leads."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise

from accounts.roles import Role, with_seniors


@dataclass(frozen=True)
class Place:
    """A page where any of `roles` works; places are shown from the lowest `order` on."""

    url_name: str
    label: str | Promise
    roles: tuple[Role, ...]
    order: int

    @property
    def url(self) -> str:
        return reverse(self.url_name)


_places: dict[str, Place] = {}


def register(place: Place) -> None:
    """Add a room's page to the navigation. Called in `ready()`."""
    _places[place.url_name] = place


def places_for(roles: Iterable[str]) -> list[Place]:
    held = set(roles)
    places = sorted(_places.values(), key=lambda place: place.order)
    return [place for place in places if held & with_seniors(place.roles)]
