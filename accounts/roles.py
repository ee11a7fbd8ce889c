"""Who may do what where, as functions."""

from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import Membership, Programme, Role, User

__all__ = [
    "DECIDERS",
    "EVERY_ROLE",
    "REVIEWERS",
    "SCREENERS",
    "Role",
    "has_role",
    "memberships_of",
    "programmes_of",
]

# A senior moderator is implied wherever a moderator is named.
EVERY_ROLE: Final[tuple[Role, ...]] = tuple(Role)
# Who looks at stories before they are shown to anybody.
REVIEWERS: Final = (Role.MODERATOR, Role.COORDINATOR)
# Who approves, rejects or sends back.
DECIDERS: Final = (Role.MODERATOR,)
# Who looks for stories to show, and makes packages of them.
SCREENERS: Final = (Role.ORGANIZER, Role.COORDINATOR)


def has_role(user: User | AnonymousUser, programme: Programme, *roles: Role) -> bool:
    """Whether the user holds any of `roles` (none given: any role at all) in the programme."""
    return memberships_of(user, *roles).filter(programme=programme).exists()


def programmes_of(user: User | AnonymousUser, *roles: Role) -> QuerySet[Programme]:
    """Programmes in which the user holds any of `roles`; what is outside is to be a 404."""
    held = memberships_of(user, *roles)
    return Programme.objects.filter(pk__in=held.values("programme"))


def memberships_of(user: User | AnonymousUser, *roles: Role) -> QuerySet[Membership]:
    """A senior moderator counts as a moderator; a deactivated user holds nothing."""
    if not user.is_authenticated or not user.is_active:
        return Membership.objects.none()
    held = Membership.objects.filter(user=user)
    return held.filter(role__in=with_seniors(roles)) if roles else held


def with_seniors(roles: tuple[Role, ...]) -> frozenset[Role]:
    """The roles, with the senior moderator's where the moderator's is among them."""
    senior = {Role.SENIOR_MODERATOR} if Role.MODERATOR in roles else set()
    return frozenset(roles) | senior
