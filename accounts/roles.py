"""Who may do what where, as functions."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import Membership, Programme, Role, User

__all__ = ["EVERY_ROLE", "Role", "has_role", "memberships_of", "programmes_of"]

EVERY_ROLE: tuple[Role, ...] = tuple(Role)


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
    return held.filter(role__in=_with_seniors(roles)) if roles else held


def _with_seniors(roles: tuple[Role, ...]) -> set[Role]:
    senior = {Role.SENIOR_MODERATOR} if Role.MODERATOR in roles else set()
    return set(roles) | senior
