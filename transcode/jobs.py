"""The job engine: work is a row, a message is a doorbell.

    register("probe", queue=Queue.MEDIA, handler=probe)     # in AppConfig.ready()
    enqueue("probe", upload.pk, group=story.pk)             # in the transaction that wants it

    def probe(work: Work) -> None:
        found = look_at_the_file(stop=work.should_stop, progress=work.progress)
        work.finish(lambda: save(found))

A handler may run twice, and at the same time as a predecessor that lost its lease: it writes
files to new keys and rows only in `finish`.
"""

import socket
import traceback
import uuid
from datetime import datetime
from functools import partial
from time import monotonic

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import Action, Actor, trail
from common.errors import Conflict
from transcode import doorbell, endings, kinds, leases, workers
from transcode.kinds import PermanentFailure, Retry, register
from transcode.leases import Lease, LeaseLost
from transcode.models import Job, Queue, State
from transcode.sweeping import every_sweep, sweep
from transcode.work import Work
from transcode.workers import on_worker_start

__all__ = [
    "JobNotFailed",
    "LeaseLost",
    "PermanentFailure",
    "Queue",
    "Retry",
    "Work",
    "cancel",
    "enqueue",
    "every_sweep",
    "on_worker_start",
    "register",
    "retry",
    "run_next",
    "sweep",
]

log = structlog.get_logger(__name__)


class JobNotFailed(Conflict):
    code = "job_not_failed"
    title = _("This work has not failed")


class NotFinished(Exception):
    """A handler returned without `finish()`: nobody knows whether its results were written."""


def enqueue(
    kind: str,
    subject: uuid.UUID,
    *,
    group: uuid.UUID,
    priority: int | None = None,
    not_before: datetime | None = None,
) -> Job:
    """Want `kind` done to `subject`; the doorbell rings when the caller's transaction commits.

    A job of the same kind and subject that is still open is returned as it is, even if it
    already runs: what changes must have a new subject to be worked on anew. Raises KeyError for
    a kind nobody registered.
    """
    job = _open(kind, subject) or _insert(
        _new(kind, subject=subject, group=group, priority=priority, not_before=not_before)
    )
    if not_before is None:
        transaction.on_commit(partial(doorbell.ring, job.queue))
    return job


def _open(kind: str, subject: uuid.UUID) -> Job | None:
    return Job.objects.open().filter(kind=kind, subject=subject).first()


def _new(
    kind: str,
    *,
    subject: uuid.UUID,
    group: uuid.UUID,
    priority: int | None,
    not_before: datetime | None,
) -> Job:
    registered = kinds.registry[kind]
    return Job(
        queue=registered.queue,
        kind=kind,
        subject=subject,
        group=group,
        priority=registered.priority if priority is None else priority,
        max_attempts=registered.max_attempts,
        not_before=not_before,
    )


def _insert(job: Job) -> Job:
    try:
        with transaction.atomic():
            job.save(force_insert=True)
    except IntegrityError:
        # Somebody enqueued the same between our look and our write.
        if made := _open(job.kind, job.subject):
            return made
        raise
    return job


def cancel(group: uuid.UUID, *, spare: uuid.UUID | None = None) -> int:
    """End all open work of `group` and return how many jobs that were.

    Running handlers see it by `should_stop()` within a second or so; whatever they still bring
    is refused at once. A failure hook or a `record` that cancels the rest of its group spares
    its own job: it is still open then, and would lose the claim it is about to settle.
    """
    now = timezone.now()
    unwanted = Job.objects.open().filter(group=group)
    if spare:
        unwanted = unwanted.exclude(pk=spare)
    return unwanted.update(state=State.CANCELLED, ended_at=now, lease_until=None)


def retry(job: Job, *, by: Actor) -> Job:
    """Want a failed job's work again, as a new row: the failed one stays as it ended.

    Raises JobNotFailed. Asked twice it returns the same open job.
    """
    if job.state != State.FAILED:
        raise JobNotFailed(_("Only failed work can be tried again."))
    with transaction.atomic():
        again = enqueue(job.kind, job.subject, group=job.group, priority=job.priority)
        trail.record(Action.JOB_RETRIED, f"job:{job.pk}", by=by, again=str(again.pk))
    return again


def run_next(queue: str, *, worker: str = "") -> bool:
    """Do the best due job of `queue`, if there is one; return whether there was.

    `worker` names the caller on the row and in `Worker`; the host's name by default. The outcome
    is on the row: whatever the handler raises ends here.
    """
    name = worker or socket.gethostname()
    workers.touch(name, [queue])
    job = leases.claim(queue, list(kinds.registry), worker=name)
    if job is None:
        return False
    # Before the work, so that an idle colleague starts on the next; if nobody was idle, the bell
    # may have gone unheard by the time this one is done.
    rung_at = monotonic()
    _ring_for_more(queue)
    _run(job, worker=name)
    if monotonic() - rung_at > doorbell.UNHEARD_AFTER_S / 2:
        _ring_for_more(queue)
    return True


def _ring_for_more(queue: str) -> None:
    if Job.objects.due().filter(queue=queue, kind__in=kinds.registry).exists():
        doorbell.ring(queue)


def _run(job: Job, *, worker: str) -> None:
    try:
        _attempt(job, worker=worker)
    except LeaseLost:
        log.info("job_lost", job=str(job.pk), kind=job.kind, fence=job.fence)


def _attempt(job: Job, *, worker: str) -> None:
    try:
        _handle(job, Lease(job, worker=worker))
    except LeaseLost:
        raise
    except PermanentFailure as refused:
        endings.fail(job, refused.code, refused.detail)
    except Retry as unready:
        endings.wait(job, unready.code, unready.detail, after_s=unready.after_s)
    # Whatever a handler trips over, the row has to say so; the frames go to the log.
    except Exception as error:
        _log_crash(job, error)
        endings.crash(job, error)


def _handle(job: Job, lease: Lease) -> None:
    work = Work(job, lease)
    with lease.kept():
        kinds.registry[job.kind].handler(work)
    if work.finished:
        log.info("job_done", job=str(job.pk), kind=job.kind, attempts=job.attempts)
    elif work.should_stop():
        raise LeaseLost(str(job.pk))
    else:
        raise NotFinished(job.kind)


def _log_crash(job: Job, error: Exception) -> None:
    """Frames and the error's type, not its message: that may quote what a person said."""
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
    log.error(
        "job_crashed", job=str(job.pk), kind=job.kind, error=type(error).__name__, frames=frames
    )
