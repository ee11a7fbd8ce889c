"""What a handler gets: the job it works on, and the three things it may tell the engine."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from django.db import transaction
from django.utils import timezone

from transcode import leases
from transcode.leases import Lease, LeaseLost
from transcode.models import Job, State


@dataclass(frozen=True)
class Snapshot:
    """The job as it was claimed."""

    id: uuid.UUID
    kind: str
    subject: uuid.UUID
    group: uuid.UUID
    fence: int
    attempts: int

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(
            id=job.pk,
            kind=job.kind,
            subject=job.subject,
            group=job.group,
            fence=job.fence,
            attempts=job.attempts,
        )


class Work:
    """One attempt at a job.

    A handler works outside any transaction, writes files to new keys, asks `should_stop()` often
    enough to stop within a second or two, and calls `finish()` once.
    """

    def __init__(self, job: Job, lease: Lease) -> None:
        self.job = Snapshot.of(job)
        self.finished = False
        self._row = job
        self._lease = lease

    def progress(self, fraction: float) -> None:
        """Report how much is done, from 0 to 1; cheap enough to call with every frame.

        The lease's thread writes the highest value once a second.
        """
        self._lease.report(fraction)

    def should_stop(self) -> bool:
        """Tell whether the job was cancelled or taken back; known a second later, asks nothing.

        Whoever sees True kills what it started and returns or raises: its results are not wanted.
        """
        return self._lease.lost

    def finish(self, record: Callable[[], object]) -> None:
        """Write the results by `record()` and mark the job done, in one transaction, or neither.

        Raises LeaseLost when the job is not this worker's any more; whatever `record` wrote is
        then rolled back. `record` only writes rows: it locks what it changes (the job's own row
        comes last, see `leases.settle`) and may raise PermanentFailure or Retry itself.
        """
        with transaction.atomic(durable=True):
            if not Job.objects.held(self._row).exists():
                raise LeaseLost(str(self.job.id))
            record()
            leases.settle(self._row, state=State.DONE, progress=1.0, ended_at=timezone.now())
        self.finished = True
