"""All of Django's addresses; the byte plane's are in `config/asgi.py`."""

from django.urls import include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

handler400 = "common.errors.handler400"
handler403 = "common.errors.handler403"
handler404 = "common.errors.handler404"
handler500 = "common.errors.handler500"

api_v1 = [
    path("", include("accounts.api_urls")),
    path("", include("consent.api_urls")),
    path("", include("stories.api_urls")),
    path("", include("transcode.api_urls")),
    path("", include("moderation.api_urls")),
    path("", include("screenings.api_urls")),
]

urlpatterns = [
    path("", include("common.urls")),
    path("", include("accounts.urls")),
    path("", include("consent.urls")),
    path("", include("stories.urls")),
    path("", include("moderation.urls")),
    path("", include("screenings.urls")),
    path("language", set_language, name="set_language"),
    path("api/v1/", include(api_v1)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="docs.html"),
        name="docs",
    ),
]
