"""Who calls an API view: a person or a phone."""

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from accounts.models import Device, User
from audit import Actor
from common.errors import Forbidden, NotAuthenticated


class PhoneRequired(Forbidden):
    code = "phone_required"
    title = _("Only an enrolled phone does this")


def user_of(request: Request) -> User:
    """The person, or the collector of the phone that calls."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def device_of(request: Request) -> Device:
    """The phone that calls; raises `PhoneRequired` when it is none."""
    if not isinstance(request.auth, Device):
        raise PhoneRequired(_("Enrol this phone and send its token."))
    return request.auth


def actor_of(request: Request) -> Actor:
    """Whom the audit trail names: the phone when there is one, else the person."""
    return request.auth if isinstance(request.auth, Device) else user_of(request)


def person_named(audit_name: str) -> User:
    """The active person behind an audit name such as `user:7`; raises `Forbidden` for any other."""
    kind, _colon, pk = audit_name.partition(":")
    known = User.objects.filter(pk=pk, is_active=True) if pk.isdecimal() else User.objects.none()
    if kind == "user" and (person := known.first()):
        return person
    raise Forbidden(_("Sign in again."))
