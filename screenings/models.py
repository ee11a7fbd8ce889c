"""What organizers take to a town hall: playlists, and the packages made of them."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Programme, User
from consent.permission import place_key
from stories.models import Story
from transcode.models import Rendition, Revision


class Playlist(models.Model):
    """Films in the order of an evening. `place` is where it is shown; consent may exclude it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="playlists")
    name = models.CharField(_("name"), max_length=120)
    place = models.CharField(_("place"), max_length=120, blank=True)
    language = models.CharField(_("language of the debate"), max_length=12, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["programme", "-changed_at"], name="playlist_by_change")]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="playlist_has_a_name")]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def audit_subject(self) -> str:
        return f"playlist:{self.pk}"

    @property
    def has_place(self) -> bool:
        """Whether `place` names one: by signs alone no storyteller's exclusion is met."""
        return bool(place_key(self.place))


class PlaylistItem(models.Model):
    playlist = models.ForeignKey(Playlist, models.CASCADE, related_name="items")
    story = models.ForeignKey(Story, models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(help_text="Counts from 1.")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["playlist", "position"], name="playlist_item_once_a_position"
            ),
            models.UniqueConstraint(
                fields=["playlist", "story"], name="playlist_item_once_a_story"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} of {self.playlist_id}"


class PackageQuerySet(models.QuerySet["Package"]):
    def made(self) -> "PackageQuerySet":
        return self.filter(state=Package.State.MADE)

    def with_leftovers(self) -> "PackageQuerySet":
        """Packages that ended and still name bytes in the store."""
        ended = self.filter(state__in=[Package.State.FAILED, Package.State.RECALLED])
        return ended.exclude(key="", draft_key="")


class Package(models.Model):
    """A ZIP made of a playlist for one place, and what became of it.

    `wanted` lists the story ids that the playlist had when it was asked for, in order; `items`
    are those that it really holds. `draft_key` names bytes that are being written, so that none
    is ever forgotten in the store.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Being made")
        MADE = "made", _("Ready")
        FAILED = "failed", _("Failed")
        RECALLED = "recalled", _("Recalled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    playlist = models.ForeignKey(Playlist, models.PROTECT, related_name="packages")
    place = models.CharField(max_length=120, blank=True)
    wanted = models.JSONField(default=list)
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    key = models.CharField(max_length=200, blank=True)
    draft_key = models.CharField(max_length=200, blank=True)
    size_bytes = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=64, blank=True)
    failure_reason = models.CharField(max_length=400, blank=True)
    manifest = models.JSONField(default=dict, help_text="The one in the ZIP.")
    left_out = models.JSONField(default=list, help_text="Of `wanted`, what could not be taken.")

    objects = PackageQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["playlist", "-requested_at"], name="package_by_request")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="made")
                | (Q(made_at__isnull=False, size_bytes__gt=0) & ~Q(key="") & ~Q(sha256="")),
                name="package_made_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(failure_code=""),
                name="package_failed_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.state})"

    @property
    def audit_subject(self) -> str:
        return f"package:{self.pk}"

    @property
    def has_place(self) -> bool:
        """As `Playlist.has_place`."""
        return bool(place_key(self.place))


class PackageItem(models.Model):
    """A film that is in the package: exactly the rendition and words that `case_id` approved.

    The machine's rows may go with a withdrawn story; that it was in here stays known.
    """

    package = models.ForeignKey(Package, models.CASCADE, related_name="items")
    story = models.ForeignKey(Story, models.CASCADE, related_name="package_items")
    position = models.PositiveSmallIntegerField(help_text="Counts from 1.")
    case_id = models.UUIDField()
    rendition = models.ForeignKey(Rendition, models.SET_NULL, null=True, related_name="+")
    revision = models.ForeignKey(Revision, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["package", "position"], name="package_item_once_a_position"
            ),
            models.UniqueConstraint(fields=["package", "story"], name="package_item_once_a_story"),
        ]

    def __str__(self) -> str:
        return f"{self.position} of {self.package_id}"
