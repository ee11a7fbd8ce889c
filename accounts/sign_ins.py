"""Username and password, for the pages and the API alike."""

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import throttles
from accounts.models import User
from audit import ANONYMOUS, Action
from audit.trail import record
from common.errors import Problem


class SignInRefused(Problem):
    """The same for an unknown name, a wrong password and a closed account."""

    status = 401
    code = "sign_in_refused"
    title = _("Username and password do not match")


def check(request: HttpRequest, *, username: str, password: str) -> User:
    """The active user with this password; audited either way.

    Only failures count towards the limits by address, by username, and by both. Raises
    SignInRefused, or TooManyRequests, which does not look at the password any more.
    """
    name, address = username.casefold(), throttles.address(request)
    limits = (
        (throttles.SIGN_IN_BY_ADDRESS, address),
        (throttles.SIGN_IN_BY_USERNAME, f"{address} {name}"),
        (throttles.SIGN_IN_ANYWHERE, name),
    )
    for limit, key in limits:
        limit.check(key)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        for limit, key in limits:
            limit.count(key)
        record(Action.SIGN_IN_FAILED, _subject(username), by=ANONYMOUS)
        raise SignInRefused(headers={"WWW-Authenticate": "Token"})
    record(Action.SIGNED_IN, user.audit_name, by=user)
    return user


def _subject(username: str) -> str:
    """An unknown name is not written down: people type passwords into the wrong field."""
    pk = User.objects.filter(username=username).values_list("pk", flat=True).first()
    return f"user:{pk}" if pk else "user:unknown"
