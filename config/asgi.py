"""The one ASGI app: bytes go to Starlette's routes, everything else to Django."""

import os
from typing import cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# First: the routes below import models.
django_app = get_asgi_application()

from starlette.routing import Router  # noqa: E402
from starlette.types import ASGIApp  # noqa: E402

from common import media  # noqa: E402
from common.bodies import BoundedBodies  # noqa: E402
from uploads import tus  # noqa: E402

# The routers' order is the order of matching; `default` is what no route of theirs matches.
application = Router(
    routes=[*tus.routes, *media.routes],
    default=BoundedBodies(cast(ASGIApp, django_app)),
    redirect_slashes=False,
)
