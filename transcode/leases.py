"""Claims on jobs: one conditional UPDATE takes a row, a lease with a fencing number keeps it.

No row lock outlives a statement or the short transaction that records a result, so ffmpeg and
Whisper run for hours without holding anybody up.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from transcode import workers
from transcode.models import Job, State

# How soon a running job notices that it was cancelled.
LOOK_EVERY_S = 1.0

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """The job is no longer this worker's: cancelled, or taken back after the lease ran out."""


def claim(queue: str, kinds: list[str], *, worker: str) -> Job | None:
    """Take the best due job of `queue`, or return None. Of many callers one gets a row.

    Raises RuntimeError inside a transaction: nobody else would see the claim.
    """
    while job := Job.objects.due().filter(queue=queue, kind__in=kinds).first():
        if _take(job, worker=worker):
            return job
    return None


def _take(job: Job, *, worker: str) -> bool:
    now = timezone.now()
    claimed = {
        "state": State.RUNNING,
        "fence": job.fence + 1,
        "attempts": job.attempts + 1,
        "lease_until": _until(now),
        "worker": f"{worker}:{os.getpid()}",
        "started_at": now,
        "reason_code": "",
        "reason": "",
    }
    with transaction.atomic(durable=True):
        unclaimed = Job.objects.filter(pk=job.pk, state=State.DUE, fence=job.fence)
        taken = unclaimed.update(**claimed)
    for name, value in claimed.items():
        setattr(job, name, value)
    return bool(taken)


def settle(job: Job, *, expired_at: datetime | None = None, **fields: Any) -> None:
    """End `job`'s claim by writing `fields`, if it still holds; raises LeaseLost otherwise.

    Comes last in the transaction that writes a result: what was written before it goes when it
    raises. The order matters, too. Results lock their story first and the job last, just as a
    withdrawal does, so the two never wait for each other. With `expired_at` it settles only a
    claim whose lease had run out by then.
    """
    claims = Job.objects.held(job)
    if expired_at is not None:
        claims = claims.filter(lease_until__lt=expired_at)
    if not claims.update(lease_until=None, **fields):
        raise LeaseLost(str(job.pk))


def _until(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.JOB_LEASE_S)


class Lease:
    """Keeps one claim alive from its own thread, with its own database connection.

    The thread looks at the row each second, and writes when there is progress or a third of the
    lease has passed. A worker that could not reach the database for the length of a lease must
    presume that the job was taken back.
    """

    def __init__(self, job: Job, *, worker: str) -> None:
        self._job = job
        self._worker = worker
        self._lost = threading.Event()
        self._over = threading.Event()
        self._progress = self._written = job.progress
        self._renewed = monotonic()

    @property
    def lost(self) -> bool:
        return self._lost.is_set() or self._age_s() > settings.JOB_LEASE_S

    def report(self, fraction: float) -> None:
        self._progress = max(self._progress, min(fraction, 1.0))

    @contextmanager
    def kept(self) -> Iterator[None]:
        keeper = threading.Thread(target=self._keep, name=f"lease-{self._job.pk}", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._over.set()
            keeper.join()

    def _keep(self) -> None:
        try:
            while not self.lost and not self._over.wait(self._pause_s()):
                self._look()
        finally:
            connection.close()

    def _look(self) -> None:
        try:
            held = self._renew() if self._has_news() else Job.objects.held(self._job).exists()
        except Error as error:
            # The next look gets a fresh connection; the lease's age decides meanwhile.
            log.warning("lease_unreachable", job=str(self._job.pk), error=type(error).__name__)
            connection.close()
        else:
            if not held:
                self._lost.set()

    def _renew(self) -> bool:
        asked, progress = monotonic(), self._progress
        held = Job.objects.held(self._job).update(
            lease_until=_until(timezone.now()),
            # A second attempt starts from nothing; what people were shown does not go back.
            progress=Greatest(F("progress"), Value(progress)),
        )
        workers.touch(self._worker, [self._job.queue])
        self._renewed, self._written = asked, progress
        return bool(held)

    def _has_news(self) -> bool:
        return self._progress > self._written or self._age_s() >= settings.JOB_LEASE_S / 3

    def _pause_s(self) -> float:
        return min(LOOK_EVERY_S, settings.JOB_LEASE_S / 3)

    def _age_s(self) -> float:
        return monotonic() - self._renewed
