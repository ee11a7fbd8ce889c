"""How an attempt ends when it doesn't finish: failed for good, or due again after a while."""

import errno
import random
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from transcode import kinds, leases
from transcode.models import Job, State

# 10 s, 20 s and, for kinds with more attempts than three, up to a quarter of an hour; less up to a
# half, so that jobs which crashed together don't come back together.
BACK_OFF_S = 10
LONGEST_BACK_OFF_S = 15 * 60
DISK_FULL_S = 60

DISK_FULL = _("The server's disk is full. The work goes on by itself once there is room.")
CRASHED = _("Something went wrong on the server. It is tried again by itself.")
CRASHED_TOO_OFTEN = _("Something went wrong on the server, several times. Tell the coordinator.")
WORKER_DIED = _(
    "The server stopped in the middle of this work, several times. Tell the coordinator."
)

log = structlog.get_logger(__name__)


def fail(job: Job, code: str, reason: str | Promise, *, expired_at: datetime | None = None) -> None:
    """Mark `job` failed and tell its kind, in one transaction; raises LeaseLost."""
    ending: dict[str, Any] = {
        "state": State.FAILED,
        "reason_code": code,
        "reason": str(reason),
        "ended_at": timezone.now(),
    }
    with transaction.atomic():
        _tell(job, ending)
        leases.settle(job, expired_at=expired_at, **ending)
    log.warning("job_failed", job=str(job.pk), kind=job.kind, failure_code=code)


def _tell(job: Job, ending: dict[str, Any]) -> None:
    hook = kinds.registry[job.kind].on_failed
    if hook is None:
        return
    told = Job.objects.get(pk=job.pk)
    for name, value in ending.items():
        setattr(told, name, value)
    hook(told)


def crash(job: Job, error: Exception) -> None:
    """Try again after a back-off that doubles, until the attempts are used up.

    A full disk is not the job's fault: it waits for room, as if its handler had raised Retry.
    """
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        wait(job, "disk_full", DISK_FULL, after_s=DISK_FULL_S)
    elif job.attempts >= job.max_attempts:
        fail(job, "internal", CRASHED_TOO_OFTEN)
    else:
        _put_back(job, "internal", CRASHED, after_s=back_off_s(job.attempts))


def wait(job: Job, code: str, reason: str | Promise, *, after_s: float) -> None:
    """Put `job` back for at least `after_s` without counting the attempt."""
    _put_back(job, code, reason, after_s=after_s, attempts=job.attempts - 1)


def _put_back(job: Job, code: str, reason: str | Promise, *, after_s: float, **fields: Any) -> None:
    leases.settle(
        job,
        state=State.DUE,
        not_before=timezone.now() + timedelta(seconds=after_s),
        reason_code=code,
        reason=str(reason),
        **fields,
    )
    log.info("job_put_back", job=str(job.pk), kind=job.kind, failure_code=code)


def back_off_s(attempts: int) -> float:
    """Return the seconds to wait after the `attempts`-th crash, with jitter."""
    longest = min(BACK_OFF_S * 2.0 ** (attempts - 1), LONGEST_BACK_OFF_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  Spreads load, guards nothing.


def take_back(job: Job, *, at: datetime) -> None:
    """End the claim of a worker that was not heard of since its lease ran out; raises LeaseLost."""
    if job.attempts >= job.max_attempts:
        fail(job, "worker_died", WORKER_DIED, expired_at=at)
    else:
        leases.settle(job, expired_at=at, state=State.DUE)
    log.warning("lease_expired", job=str(job.pk), kind=job.kind, attempts=job.attempts)
