"""What is known of each file that a phone sends. The bytes are in the store, which is the truth."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Device, Programme


class Status(models.TextChoices):
    RECEIVING = "receiving", _("Receiving")
    COMPLETE = "complete", _("Complete and verified")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")
    TERMINATED = "terminated", _("Given up by the phone")
    ERASED = "erased", _("Erased")


class UploadQuerySet(models.QuerySet["Upload"]):
    def receiving(self) -> "UploadQuerySet":
        return self.filter(status=Status.RECEIVING)

    def given_up(self) -> "UploadQuerySet":
        """Expired, terminated or erased: their bytes have to go."""
        return self.filter(status__in=[Status.EXPIRED, Status.TERMINATED, Status.ERASED])


class Upload(models.Model):
    """A file on its way from a phone, under the UUID that the phone gave it.

    While it is receiving, `offset` is what was durable when the newest PATCH began; ask the store
    for the present number. `sha256` is what the phone declared, in hex, and what a complete upload
    was verified to have. `content_key` is set once every byte is there, in `common.storage`; a
    failed upload keeps it, so that a coordinator can look at what arrived.

    `device` is the phone that sent last: who enrols another phone in the same programme goes on
    with it.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="uploads")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="uploads")
    length = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.RECEIVING)
    failure_code = models.CharField(max_length=40, blank=True)
    # The newest PATCH's number. An older one can't write any more, in whichever process it runs.
    fence = models.BigIntegerField(default=0)
    content_key = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    # When the bytes of an upload that was given up or erased were off the store.
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(status="receiving"),
                name="uploads_receiving_expiry",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="uploads_status_known"
            ),
            models.CheckConstraint(condition=Q(length__gt=0), name="uploads_not_empty"),
            models.CheckConstraint(
                condition=Q(offset__gte=0, offset__lte=F("length")),
                name="uploads_offset_within_length",
            ),
            models.CheckConstraint(
                condition=~Q(status="complete")
                | (Q(offset=F("length"), completed_at__isnull=False) & ~Q(content_key="")),
                name="uploads_complete_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(status="failed", failure_code__gt="")
                | (~Q(status="failed") & Q(failure_code="")),
                name="uploads_failed_has_a_code",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def audit_subject(self) -> str:
        return f"upload:{self.pk}"

    @property
    def is_verified(self) -> bool:
        """Whether all bytes are durable and as declared: then the phone may delete its copy."""
        return self.status == Status.COMPLETE
