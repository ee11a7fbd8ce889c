"""Is the service alive, and is every part it needs there?

Each room registers a probe for what it depends on in `AppConfig.ready()`.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Final

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = structlog.get_logger(__name__)

# Asking takes a third of a second and writes to the store, and anybody may ask.
REMEMBERED_S: Final = 2.0


@dataclass(frozen=True)
class Health:
    """`detail` is public: a state or a code, never a path, an address or a key."""

    ok: bool
    detail: str


Probe = Callable[[], Health]
_probes: dict[str, Probe] = {}
_asking = threading.Lock()
_answers: list[tuple[float, dict[str, Health]]] = []


def register(name: str, probe: Probe) -> None:
    """Add a part to `/readyz`. The probe should answer within a second; it may raise."""
    _probes[name] = probe
    forget()


def check() -> dict[str, Health]:
    return {name: _ask(name, probe) for name, probe in sorted(_probes.items())}


def recent() -> dict[str, Health]:
    """What `check` said at most two seconds ago, in this process; who comes meanwhile waits."""
    with _asking:
        if not _answers or time.monotonic() - _answers[-1][0] >= REMEMBERED_S:
            _answers[:] = [(time.monotonic(), check())]
        return _answers[-1][1]


def forget() -> None:
    _answers.clear()


def _ask(name: str, probe: Probe) -> Health:
    try:
        return _public(name, probe())
    # Whatever breaks a part is what this page exists to say; the others still have to be asked.
    except Exception as error:
        log.exception("health.probe_failed", part=name)
        return Health(ok=False, detail=type(error).__name__)


def _public(name: str, health: Health) -> Health:
    """A net, as in the logs: a detail with a path in it is told to the log only."""
    if "/" not in health.detail:
        return health
    log.warning("health.detail_withheld", part=name, detail=health.detail)
    return replace(health, detail="")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Alive: the process answers. Asks nothing else, so that a slow database restarts nobody."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready: every registered part answers; 503 when one does not."""
    parts = recent()
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
