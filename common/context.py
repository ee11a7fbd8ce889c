"""What every page knows of the service itself."""

from django.conf import settings
from django.http import HttpRequest


def service(request: HttpRequest) -> dict[str, str]:
    return {"source_url": settings.SOURCE_URL}
