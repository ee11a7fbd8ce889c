"""A piece of machine work as a row: the truth of what must be done, by whom, and how it ended."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Queue(models.TextChoices):
    """Queues are named by what the work costs, so that cheap work never waits behind dear work."""

    MEDIA = "media", _("Video")
    SPEECH = "speech", _("Speech")
    LIGHT = "light", _("Light work")


class State(models.TextChoices):
    DUE = "due", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


OPEN = (State.DUE, State.RUNNING)


class JobQuerySet(models.QuerySet["Job"]):
    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def due(self, *, at: datetime | None = None) -> Self:
        """Return what may be claimed now, the best first."""
        ready = Q(not_before__isnull=True) | Q(not_before__lte=at or timezone.now())
        return self.filter(ready, state=State.DUE).order_by("priority", "created_at")

    def held(self, job: "Job") -> Self:
        """Return `job`'s row as long as its claim is the newest: none once it was taken away."""
        return self.filter(pk=job.pk, state=State.RUNNING, fence=job.fence)

    def expired(self, *, at: datetime) -> Self:
        return self.filter(state=State.RUNNING, lease_until__lt=at)


class Job(models.Model):
    """One piece of work of one `kind` on one `subject`.

    `fence` grows with every claim: who holds an older number has lost the job, and whatever it
    brings is refused. `group` is the story it belongs to, for cancelling and listing.
    `progress` runs from 0 to 1 and never back. `reason` says in a sentence why the job failed,
    or what it waits for.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    queue = models.CharField(max_length=16, choices=Queue)
    kind = models.CharField(max_length=64)
    subject = models.UUIDField()
    group = models.UUIDField(db_index=True)
    priority = models.IntegerField(default=100)
    state = models.CharField(max_length=16, choices=State, default=State.DUE)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=3)
    not_before = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    worker = models.CharField(max_length=255, blank=True)
    progress = models.FloatField(default=0.0)
    reason_code = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["queue", "state", "priority", "created_at"], name="job_claim"),
            models.Index(fields=["state", "lease_until"], name="job_lease"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(state__in=OPEN),
                name="job_open_once_per_kind_and_subject",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.RUNNING) | (Q(lease_until__isnull=False) & ~Q(worker="")),
                name="job_running_has_a_lease_and_a_worker",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN) | Q(ended_at__isnull=False),
                name="job_ended_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(progress__gte=0.0) & Q(progress__lte=1.0),
                name="job_progress_is_a_fraction",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} ({self.state})"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN
