"""How a phone shows who it is: `Authorization: Device <token>`."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from accounts import devices
from accounts.models import Device, User

SCHEME = "device"


class DeviceAuthentication(BaseAuthentication):
    """`request.user` is the collector, `request.auth` the device."""

    def authenticate(self, request: Request) -> tuple[User, Device] | None:
        scheme, _space, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        device = devices.authenticate(token.strip())
        return device.collector, device

    def authenticate_header(self, request: Request) -> str:
        return "Device"
