"""The real ASGI app with a slow Django view and a kind of media that files allow or refuse."""

import os
import time

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
settings.ROOT_URLCONF = "tests.common.probe_app"
django.setup()

# E402: what follows needs the settings from above.
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

from common import media  # noqa: E402
from common.errors import Forbidden  # noqa: E402
from config.asgi import application  # noqa: E402

__all__ = ["application"]


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(1)
    return HttpResponse("done")


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("slow", slow), path("healthz", ready)]


def authorise(claim: media.Claim) -> media.Servable:
    """Serves the key `probe/<pk>` unless a file `withdrawn` lies in the store."""
    if (settings.STORE_ROOT / "withdrawn").exists() or claim.viewer != "user:1":
        raise Forbidden("withdrawn in between")
    return media.Servable(f"probe/{claim.pk}", "video/mp4", "story.mp4", etag="v1")


media.register("probe", authorise)
