"""Tells drf-spectacular what tokens look like."""

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension


class StaffScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]  # Not theirs.
    target_class = "accounts.authentication.StaffAuthentication"


class DeviceScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # Not theirs.
    target_class = "accounts.authentication.DeviceAuthentication"
    name = "device"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "A phone's token: `Device <token>`.",
        }
