"""Entries that are only ever added, each sealed to the one before it.

Actor and subject are text and not foreign keys: the trail outlives what it speaks of.
"""

from django.db import models

from audit.actions import Action
from audit.append_only import AppendOnlyModel, AppendOnlyQuerySet


class EntryQuerySet(AppendOnlyQuerySet["Entry"]):
    def of(self, subject: str) -> "EntryQuerySet":
        """The subject's history, oldest first."""
        return self.filter(subject=subject).order_by("sequence")

    # Rows made in bulk would pass the seal by; and nothing in an entry is ever forgotten.
    bulk_create = forget = AppendOnlyQuerySet._refuse


class Chain(models.Model):
    """One a subject, so that writers on different subjects never wait for each other.

    `head` is the last entry's hash. `seal` is keyed and covers length and head: who removes the
    last entry and winds the chain back without the key is found.
    """

    subject = models.CharField(max_length=200, unique=True)
    length = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return self.subject


class Entry(AppendOnlyModel):
    """`hash` is HMAC-SHA256 under `AUDIT_KEY` over all other fields; see `audit/seals.py`."""

    subject = models.CharField(max_length=200)
    sequence = models.PositiveIntegerField()
    # No `choices`: a new action is no change of the table.
    action = models.CharField(max_length=50)
    actor = models.CharField(max_length=200)
    at = models.DateTimeField()
    data = models.JSONField(default=dict)
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    # mypy's plugin makes the abstract base's manager a class variable, and not this one.
    objects = EntryQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "sequence"], name="audit_entry_sequence")
        ]
        indexes = [
            models.Index(fields=["action", "at"], name="audit_entry_action_at"),
            models.Index(fields=["actor", "at"], name="audit_entry_actor_at"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.sequence} {self.action}"

    def get_action_display(self) -> str:
        """The action in the reader's language; its stored name if it is from a newer version."""
        known = self.action in Action.values
        return str(Action(self.action).label) if known else self.action
