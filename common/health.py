"""Is the service alive, and is every part it needs there?

Each room registers a probe for what it depends on in `AppConfig.ready()`.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Health:
    """`detail` is public: a state or a code, never an address, a path or a key."""

    ok: bool
    detail: str


Probe = Callable[[], Health]
_probes: dict[str, Probe] = {}


def register(name: str, probe: Probe) -> None:
    """Add a part to `/readyz`. The probe should answer within a second; it may raise."""
    _probes[name] = probe


def check() -> dict[str, Health]:
    return {name: _ask(name, probe) for name, probe in sorted(_probes.items())}


def _ask(name: str, probe: Probe) -> Health:
    try:
        return probe()
    # Whatever breaks a part is what this page exists to say; the others still have to be asked.
    except Exception as error:
        log.exception("health.probe_failed", part=name)
        return Health(ok=False, detail=type(error).__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Alive: the process answers. Asks nothing else, so that a slow database restarts nobody."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready: every registered part answers; 503 when one does not."""
    parts = check()
    ready = all(part.ok for part in parts.values())
    body = {
        "status": "ok" if ready else "unavailable",
        "parts": {name: asdict(part) for name, part in parts.items()},
    }
    return JsonResponse(body, status=200 if ready else 503)


def database() -> Health:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Health(ok=True, detail=connection.vendor)


def storage() -> Health:
    """Writes a few bytes and removes them: a full or read-only store must show."""
    private = storages["private"]
    key = private.save(f"probe/{get_random_string(16)}", ContentFile(b"probe"))
    private.delete(key)
    return Health(ok=True, detail="writable")
