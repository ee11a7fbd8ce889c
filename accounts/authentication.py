"""How phones and people's programs show who they are."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.auth import TokenAuthentication
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import devices
from accounts.models import Device, User
from common.errors import Problem


class TokenExpired(Problem):
    status = 401
    code = "token_expired"
    title = _("This sign-in has ended")


class DeviceAuthentication(BaseAuthentication):
    """`request.user` is the collector, `request.auth` the device."""

    def authenticate(self, request: Request) -> tuple[User, Device] | None:
        token = devices.token_in(request.headers.get("Authorization", ""))
        if not token:
            return None
        device = devices.authenticate(token)
        return device.collector, device

    def authenticate_header(self, request: Request) -> str:
        return devices.SCHEME


class StaffAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox has no types.
    """knox's tokens; one that is too old says so, as often as it is sent.

    knox would answer "invalid", and remove it. The row goes when its owner uses a newer one.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, Any]:
        # knox decodes it, and would fail.
        if not token.isascii():
            raise AuthenticationFailed
        user, kept = super().authenticate_credentials(token)
        return user, kept

    def _cleanup_token(self, auth_token: Any) -> bool:
        if auth_token.expiry and auth_token.expiry < timezone.now():
            challenge = {"WWW-Authenticate": self.authenticate_header(None)}
            raise TokenExpired(_("Sign in again."), headers=challenge)
        return bool(super()._cleanup_token(auth_token))
