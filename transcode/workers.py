"""Workers announce themselves in the database, so that a queue nobody listens to is noticed."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import close_old_connections
from django.utils import timezone
from django.utils.translation import gettext as _

from common.health import Health
from transcode import doorbell
from transcode.models import Queue, Worker

PULSE_S = 10
# Three pulses missed, and a little for a busy database.
ALIVE_S = 3 * PULSE_S + 5
FORGOTTEN_AFTER = timedelta(days=1)

log = structlog.get_logger(__name__)

Check = Callable[[], None]


@dataclass(frozen=True)
class _Checks:
    first: Check
    again: Check


_checks: dict[str, list[_Checks]] = defaultdict(list)


class Unready(Exception):
    """Raised by a start check: what is missing and what to do, in a sentence for `/readyz`."""


def on_worker_start(queue: str, check: Check, *, again: Check | None = None) -> None:
    """Run `check` when a worker that listens to `queue` starts.

    When it raises Unready the worker listens all the same, and `/readyz` shows the sentence. Then
    `again` (else `check`) runs with every pulse until nothing is missing: it must be quick.
    """
    _checks[queue].append(_Checks(check, again or check))


def started(name: str, queues: Iterable[str]) -> None:
    """Announce a worker, run its checks, and ring for what was due before it came."""
    for queue in queues:
        missing = _missing(checks.first for checks in _checks[queue])
        if missing:
            log.error("worker_unready", queue=queue, detail=missing)
        found = _condition(missing) | {"seen_at": timezone.now()}
        Worker.objects.update_or_create(name=name, queue=queue, defaults=found)
        doorbell.ring(queue)


def _missing(checks: Iterable[Check]) -> str:
    """What the first check that fails has to say; empty when all is there."""
    for check in checks:
        try:
            check()
        except Unready as missing:
            return str(missing)
    return ""


def _condition(missing: str) -> dict[str, object]:
    state = Worker.State.UNREADY if missing else Worker.State.READY
    return {"state": state, "detail": missing}


def touch(name: str, queues: Iterable[str]) -> None:
    """Note that the worker is alive; its state stays what the last check found."""
    now = timezone.now()
    Worker.objects.bulk_create(
        [Worker(name=name, queue=queue, seen_at=now) for queue in queues],
        update_conflicts=True,
        unique_fields=["name", "queue"],
        update_fields=["seen_at"],
    )


def pulse(name: str, queues: Iterable[str]) -> None:
    """Touch from a timer's thread, which keeps no connection between two pulses.

    A worker that was not ready looks whether it is now, and rings for what waited for that.
    """
    try:
        touch(name, queues)
        for worker in Worker.objects.filter(name=name, state=Worker.State.UNREADY):
            _look_again(worker)
    finally:
        close_old_connections()


def _look_again(worker: Worker) -> None:
    missing = _missing(checks.again for checks in _checks[worker.queue])
    Worker.objects.filter(pk=worker.pk).update(**_condition(missing))
    if not missing:
        log.info("worker_ready", queue=worker.queue)
        doorbell.ring(worker.queue)


def gone(name: str) -> None:
    """Note that a worker stopped in good order."""
    Worker.objects.filter(name=name).delete()


def forget_silent() -> None:
    Worker.objects.filter(seen_at__lt=timezone.now() - FORGOTTEN_AFTER).delete()


def workers_health() -> Health:
    """Tell whether every queue has a ready worker that was heard of in the last 35 s."""
    alive = list(Worker.objects.filter(seen_at__gte=timezone.now() - timedelta(seconds=ALIVE_S)))
    ready = {worker.queue for worker in alive if worker.state == Worker.State.READY}
    missing = [queue for queue in Queue.values if queue not in ready]
    reasons = sorted({worker.detail for worker in alive if worker.detail})
    return Health(ok=not missing, detail=_detail(missing, reasons))


def _detail(missing: list[str], reasons: list[str]) -> str:
    if not missing:
        return _("Every queue has a worker.")
    silent = _("No ready worker for: %(queues)s.") % {"queues": ", ".join(missing)}
    return " ".join([silent, *reasons])
