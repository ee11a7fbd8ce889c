"""Country missions, the people in them, and their phones."""

import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.languages import is_known

COUNTRY = RegexValidator(r"^[A-Z]{2}\Z", message=_("Use an ISO 3166-1 code such as “SN”."))


class Role(models.TextChoices):
    """What a person may do in one programme."""

    COLLECTOR = "collector", _("Collector")
    MODERATOR = "moderator", _("Moderator")
    SENIOR_MODERATOR = "senior_moderator", _("Senior moderator")
    ORGANIZER = "organizer", _("Organizer")
    COORDINATOR = "coordinator", _("Coordinator")
    PROTECTION_OFFICER = "protection_officer", _("Protection officer")


class PublishPolicy(models.TextChoices):
    ON_APPROVAL = "on_approval", _("At once on approval")
    BY_COORDINATOR = "by_coordinator", _("When a coordinator says so")


def language_list(value: object) -> None:
    """Validates a JSON list of codes of `common.languages`."""
    if not isinstance(value, list):
        raise ValidationError(_("Give a list of language codes."))
    if unknown := [str(code) for code in value if not is_known(str(code))]:
        raise ValidationError(
            _("Not language codes that we know: %(codes)s. Use BCP 47 codes such as fr, wo or ff."),
            params={"codes": ", ".join(unknown)},
        )


class Programme(models.Model):
    """A country mission. Nobody sees anything of a programme they have no role in."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2, validators=[COUNTRY])
    languages = models.JSONField(default=list, blank=True, validators=[language_list])
    publish_policy = models.CharField(
        max_length=20, choices=PublishPolicy.choices, default=PublishPolicy.ON_APPROVAL
    )

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def audit_subject(self) -> str:
        return f"programme:{self.pk}"


class User(AbstractUser):
    """`language` is the one for pages and messages."""

    language = models.CharField(
        max_length=2, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )

    @property
    def audit_name(self) -> str:
        return f"user:{self.pk}"

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username


class Membership(models.Model):
    """One role of one person in one programme; a person may hold several."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "programme", "role"], name="accounts_membership_once"
            )
        ]
        indexes = [models.Index(fields=["user", "role"], name="accounts_membership_role")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} in {self.programme_id}"


class Device(models.Model):
    """A phone in a collector's hands. Its token does a collector's work until it is revoked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="devices")
    collector = models.ForeignKey(User, on_delete=models.PROTECT, related_name="devices")
    name = models.CharField(max_length=100)
    token_digest = models.CharField(max_length=64, unique=True)
    enrolled_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-enrolled_at", "pk"]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def audit_name(self) -> str:
        return f"device:{self.pk}"

    @property
    def audit_subject(self) -> str:
        return self.audit_name

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None


class EnrolmentCode(models.Model):
    """Lets one phone in, once, before `expires_at`. Only a keyed digest of the code is kept."""

    code_digest = models.CharField(max_length=64, unique=True)
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="+")
    collector = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    device_name = models.CharField(max_length=100, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    device = models.OneToOneField(
        Device, null=True, blank=True, on_delete=models.PROTECT, related_name="enrolment_code"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at__isnull=True, device__isnull=True)
                | Q(used_at__isnull=False, device__isnull=False),
                name="accounts_code_used_by_a_device",
            )
        ]

    def __str__(self) -> str:
        return f"code {self.pk}"
