"""The sweep: what a killed worker, a lost message or a forgotten timer left lying is taken up."""

from collections.abc import Callable
from datetime import datetime

import structlog
from django.utils import timezone

from transcode import doorbell, endings, kinds, workers
from transcode.leases import LeaseLost
from transcode.models import Job

Chore = Callable[[], object]

log = structlog.get_logger(__name__)

_chores: list[Chore] = []


def every_sweep(chore: Chore) -> Chore:
    """Run `chore` with each sweep (every `SWEEP_EVERY_S` seconds). It must be quick, and may run
    twice at once. Usable as a decorator."""
    _chores.append(chore)
    return chore


def sweep(now: datetime | None = None) -> int:
    """Take back expired leases, ring for what is due, run the chores; return the leases taken."""
    at = now or timezone.now()
    taken = sum(_took_back(job, at=at) for job in _expired(at))
    _ring_for_due(at)
    for chore in [workers.forget_silent, *_chores]:
        _run(chore)
    return taken


def _expired(at: datetime) -> list[Job]:
    return list(Job.objects.expired(at=at).filter(kind__in=kinds.registry))


def _took_back(job: Job, *, at: datetime) -> bool:
    try:
        endings.take_back(job, at=at)
    except LeaseLost:
        # Renewed, ended or swept by somebody else between the look and the write.
        return False
    except Exception:
        # A failure hook that breaks must not keep the other leases from being swept.
        log.exception("take_back_failed", job=str(job.pk), kind=job.kind)
        return False
    return True


def _ring_for_due(at: datetime) -> None:
    due = Job.objects.due(at=at).filter(kind__in=kinds.registry)
    for queue in due.order_by().values_list("queue", flat=True).distinct():
        doorbell.ring(queue)


def _run(chore: Chore) -> None:
    try:
        chore()
    except Exception:
        # Nor must one room's broken chore keep the others' from running.
        log.exception("chore_failed", chore=getattr(chore, "__qualname__", repr(chore)))
