"""The one ASGI app: bytes go to Starlette's routes, everything else to Django."""

import os
from typing import Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# First: the routes below import models.
django_app = get_asgi_application()

from django.conf import settings  # noqa: E402
from starlette.routing import Router  # noqa: E402
from starlette.types import ASGIApp  # noqa: E402
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware  # noqa: E402

from common import media  # noqa: E402
from common.bodies import BoundedBodies  # noqa: E402
from uploads import tus  # noqa: E402

# The routers' order is the order of matching; `default` is what no route of theirs matches.
router = Router(
    routes=[*tus.routes, *media.routes],
    default=BoundedBodies(cast(ASGIApp, django_app)),
    redirect_slashes=False,
)


def behind(proxies: list[str], app: ASGIApp) -> ASGIApp:
    """Takes the client's address from what these proxies say of it, and from nobody else.

    Here and not in uvicorn, which believes everybody on this machine unless told
    `--no-proxy-headers`.
    """
    if not proxies:
        return app
    return cast(ASGIApp, ProxyHeadersMiddleware(cast(Any, app), trusted_hosts=proxies))


application = behind(settings.TRUSTED_PROXIES, router)
