"""What was said, as revisions: the machine's first, then people's."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from stories.models import Story


class Transcript(models.Model):
    """A story's words in one language. `ended_at` says that the machine is done with it."""

    class Outcome(models.TextChoices):
        PENDING = "pending", _("Being transcribed")
        MADE = "made", _("Transcribed")
        EMPTY = "empty", _("No speech found")
        NEEDS_PERSON = "needs_person", _("A person transcribes")
        NOT_GRANTED = "not_granted", _("Transcription was not granted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    story = models.ForeignKey(Story, models.CASCADE, related_name="transcripts")
    language = models.CharField(max_length=12)
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.PENDING)
    note = models.CharField(
        max_length=400, blank=True, help_text="Why a person is needed, or what to check."
    )
    detected_language = models.CharField(max_length=12, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["story", "language"], name="transcript_once_a_language"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="pending", ended_at=None)
                | (~models.Q(outcome="pending") & models.Q(ended_at__isnull=False)),
                name="transcript_ended_or_pending",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def latest(self) -> "Revision | None":
        return self.revisions.order_by("-number").first()


class Revision(models.Model):
    """One state of the cues, as `cues.to_json` writes them; never changed.

    `words` are the machine's, as `speech.to_json` writes them: what a person's revision is held
    against, and where to doubt. A person's revision has none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    transcript = models.ForeignKey(Transcript, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    cues = models.JSONField()
    words = models.JSONField(null=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    engine = models.CharField(max_length=40, blank=True)
    model = models.CharField(max_length=120, blank=True)
    based_on = models.ForeignKey("self", models.RESTRICT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transcript", "number"], name="revision_once_a_number"),
        ]

    def __str__(self) -> str:
        return f"{self.transcript_id} r{self.number}"
