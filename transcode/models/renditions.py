"""What the machines made of a recording."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from stories.models import Story


class RenditionSet(models.Model):
    """One pass over a recording; an approval names the set it saw, and only that is shown."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    story = models.ForeignKey(Story, models.CASCADE, related_name="rendition_sets")
    duration_s = models.FloatField()
    has_video = models.BooleanField()
    has_audio = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(duration_s__gt=0), name="rendition_set_lasts_some_time"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Rendition(models.Model):
    """A file in the private store, clean of the source's metadata. Rows are never changed."""

    class Profile(models.TextChoices):
        FIRST_LOOK = "first_look", _("First look (240p)")
        FIRST_LISTEN = "first_listen", _("First listen")
        WEB_480 = "web_480", _("480p")
        WEB_720 = "web_720", _("720p")
        AUDIO = "audio", _("Sound only")
        POSTER = "poster", _("Poster")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    set = models.ForeignKey(RenditionSet, models.CASCADE, related_name="renditions")
    profile = models.CharField(max_length=16, choices=Profile)
    key = models.CharField(max_length=200, unique=True)
    content_type = models.CharField(max_length=40)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    duration_s = models.FloatField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["set", "profile"], name="rendition_once_a_profile"),
        ]

    def __str__(self) -> str:
        return f"{self.profile} of {self.set_id}"
