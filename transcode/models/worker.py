"""Who listens to which queue, as far as the database has heard."""

from django.db import models
from django.utils import timezone


class Worker(models.Model):
    """One row a listening process and queue. `detail` says why it is not ready, in a sentence."""

    class State(models.TextChoices):
        READY = "ready"
        UNREADY = "unready"

    name = models.CharField(max_length=255)
    queue = models.CharField(max_length=16)
    seen_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=16, choices=State, default=State.READY)
    detail = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "queue"], name="worker_once_per_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.queue}, {self.state})"
