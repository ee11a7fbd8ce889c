"""Who consented to what, with which proof, and who took it back.

Records, grants and withdrawals are only ever added; `consent.erasure` alone blanks what a person
could be known by. A storyteller is a pseudonym here; name and contact live in `Identity`, sealed,
behind a role of their own.
"""

from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Replace
from django.utils.translation import gettext_lazy as _

from accounts.models import Programme, User
from audit.append_only import AppendOnlyModel, AppendOnlyQuerySet
from consent.permission import PLACE_CHARS, runs
from consent.uses import MINORS, AgeBand, Use
from uploads.models import Status as UploadStatus
from uploads.models import Upload


class ConsentModel(AppendOnlyModel):
    instead = _("Record a new consent or a withdrawal instead.")

    class Meta:
        abstract = True


class StorytellerQuerySet(models.QuerySet["Storyteller"]):
    def locked(self) -> "StorytellerQuerySet":
        """Hold the rows until the transaction ends: a withdrawal and what arrives wait here.

        Whoever takes stories' rows too takes this one first. Not the key: rows that point at the
        storyteller may be added meanwhile.
        """
        return self.select_for_update(of=("self",), no_key=True)


class Storyteller(models.Model):
    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="storytellers")
    registered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    pseudonym = models.CharField(max_length=80)
    age_band = models.CharField(max_length=16, choices=AgeBand)
    # Keyed digest of the code on the storyteller's slip of paper; the code itself is kept nowhere.
    slip_digest = models.CharField(max_length=64, unique=True)
    declared_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StorytellerQuerySet.as_manager()

    def __str__(self) -> str:
        return self.pseudonym

    @property
    def audit_subject(self) -> str:
        return f"storyteller:{self.pk}"

    def has_withdrawn(self) -> bool:
        """Whether they took everything back; asked of the database each time."""
        return Withdrawal.objects.filter(storyteller=self).exists()


class Identity(models.Model):
    """Name and contact, each sealed by `consent.vault`; read only by protection officers."""

    storyteller = models.OneToOneField(Storyteller, models.CASCADE, primary_key=True)
    name_sealed = models.BinaryField()
    contact_sealed = models.BinaryField()
    written_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Identity of {self.storyteller_id}"


class ConsentText(ConsentModel):
    """What was read aloud; a changed word is a new version."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="consent_texts")
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=12)
    body = models.TextField()
    uses = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "version", "language"], name="consent_text_once_a_version"
            )
        ]

    def __str__(self) -> str:
        return f"v{self.version} {self.language}"


def verified_proof() -> Exists:
    """An upload that stands as proof: complete, verified, of the declared hash, and from a phone
    of the collector who recorded the consent."""
    return Exists(
        Upload.objects.filter(
            pk=OuterRef("proof_id"),
            sha256=OuterRef("proof_sha256"),
            programme=OuterRef("storyteller__programme"),
            device__collector=OuterRef("collector"),
            status=UploadStatus.COMPLETE,
        )
    )


class ConsentRecordQuerySet(AppendOnlyQuerySet["ConsentRecord"]):
    def standing(self) -> "ConsentRecordQuerySet":
        """Records of storytellers who did not withdraw."""
        return self.filter(storyteller__withdrawal=None)

    def permitting(
        self, use: Use, *, at: datetime, place: str | None = None
    ) -> "ConsentRecordQuerySet":
        """The queryset twin of `consent.permission.may`, in one query."""
        grants = Grant.objects.filter(
            Q(not_before=None) | Q(not_before__lte=at),
            Q(expires_at=None) | Q(expires_at__gt=at),
            record=OuterRef("pk"),
            use=use,
            allowed=True,
        )
        if place is not None:
            grants = grants.exclude(_excluding(place))
        adult = ~Q(storyteller__age_band__in=MINORS)
        return self.filter(
            verified_proof(),
            Exists(grants),
            adult | Q(guardian_consented=True, child_assented=True),
        ).standing()


def _excluding(place: str) -> Exists:
    excluded = Exclusion.objects.filter(grant=OuterRef("pk"))
    if not (found := runs(place)):
        return Exists(excluded)
    joined = Replace(F("place"), Value(" "), Value(""))
    return Exists(excluded.alias(joined=joined).filter(joined__in=found))


class Belonging(ConsentModel):
    """Whose an upload is and as what, for good; `consent.belongings` writes and asks it."""

    class Purpose(models.TextChoices):
        PROOF = "proof", _("Proof of consent")
        RECORDING = "recording", _("Recording of a story")

    upload_id = models.UUIDField(primary_key=True)
    storyteller = models.ForeignKey(Storyteller, models.PROTECT, related_name="belongings")
    purpose = models.CharField(max_length=12, choices=Purpose)
    # As the phone declared it, also when the bytes never came.
    sha256 = models.CharField(max_length=64, db_index=True)

    def __str__(self) -> str:
        return str(self.pk)


class ConsentRecord(ConsentModel):
    """One act of consent. The proof is an upload that may arrive later than the record."""

    id = models.UUIDField(primary_key=True)
    storyteller = models.ForeignKey(Storyteller, models.PROTECT, related_name="records")
    text = models.ForeignKey(ConsentText, models.PROTECT, related_name="+")
    collector = models.ForeignKey(User, models.PROTECT, related_name="+")
    spoken_language = models.CharField(max_length=12)
    recorded_at = models.DateTimeField()
    proof_id = models.UUIDField(help_text="The upload that proves it.")
    proof_sha256 = models.CharField(max_length=64)
    may_show_face = models.BooleanField(default=False)
    may_use_voice = models.BooleanField(default=False)
    may_say_name = models.BooleanField(default=False)
    may_name_village = models.BooleanField(default=False)
    may_tell_route = models.BooleanField(default=False)
    guardian_consented = models.BooleanField(default=False)
    child_assented = models.BooleanField(default=False)
    declared_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    # mypy's plugin makes the abstract base's manager a class variable, and not this one.
    objects = ConsentRecordQuerySet.as_manager()  # type: ignore[misc]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def audit_subject(self) -> str:
        return f"consent:{self.pk}"

    def has_proof(self) -> bool:
        """Whether the proof has arrived, complete, with the declared hash."""
        return ConsentRecord.objects.filter(verified_proof(), pk=self.pk).exists()


class Grant(ConsentModel):
    record = models.ForeignKey(ConsentRecord, models.PROTECT, related_name="grants")
    use = models.CharField(max_length=32, choices=Use)
    allowed = models.BooleanField(default=False)
    not_before = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "use"], name="grant_once_a_use"),
            models.CheckConstraint(
                condition=Q(not_before=None)
                | Q(expires_at=None)
                | Q(not_before__lt=models.F("expires_at")),
                name="grant_begins_before_it_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.use}: {self.allowed}"


class Exclusion(ConsentModel):
    """A place where a granted use is still refused; stored as `permission.place_key` writes it."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="exclusions")
    place = models.CharField(max_length=PLACE_CHARS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "place"], name="exclusion_once_a_place")
        ]

    def __str__(self) -> str:
        return self.place


class Withdrawal(ConsentModel):
    """Takes back all that a storyteller ever agreed to, and what they might have sent later.

    It needs no reason, so none is kept.
    """

    class Channel(models.TextChoices):
        SLIP = "slip", _("Code on the slip")
        STAFF = "staff", _("Told to the programme")

    storyteller = models.OneToOneField(Storyteller, models.PROTECT, related_name="withdrawal")
    channel = models.CharField(max_length=8, choices=Channel)
    withdrawn_at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return str(self.storyteller_id)
