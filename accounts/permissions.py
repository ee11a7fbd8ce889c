"""Every view says who may call it; one that says nothing is closed."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import Device, Programme
from accounts.roles import Role, memberships_of, programmes_of

Roles = tuple[Role, ...]


def roles_for(view: Any, method: str) -> Roles:
    """The view's `roles`: a tuple, or a mapping from HTTP method to tuple. Empty: nobody."""
    declared = getattr(view, "roles", ())
    if isinstance(declared, Mapping):
        return tuple(declared.get(method, ()))
    return tuple(declared)


def is_public(view: Any, method: str) -> bool:
    """The view's `public`: True, or the methods that anybody may call."""
    declared = getattr(view, "public", False)
    return declared if isinstance(declared, bool) else method in declared


class RolePermission(BasePermission):
    """Lets through who holds one of the view's `roles` in any programme.

    Which rows they may touch is the queryset's business: scope it by `scope(request, …)`. A phone
    is let through only where collectors are, whatever else its collector may be.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        method = request.method or ""
        if is_public(view, method):
            return True
        roles = roles_for(view, method)
        if not roles or not request.user.is_authenticated:
            return False
        if isinstance(request.auth, Device):
            return Role.COLLECTOR in roles
        return memberships_of(request.user, *roles).exists()


def scope(request: Request, *roles: Role) -> QuerySet[Programme]:
    """Programmes that the caller may touch as one of `roles`; for a phone its own and no other."""
    if isinstance(request.auth, Device):
        allowed = not roles or Role.COLLECTOR in roles
        own = Programme.objects.filter(pk=request.auth.programme_id)
        return own if allowed else own.none()
    return programmes_of(request.user, *roles)
