"""What the screenings API reads and writes."""

import uuid
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.callers import user_of
from common.fields import LanguageField, SentenceField
from screenings import packages, playlists
from screenings.catalogue import Entry
from screenings.models import Package, Playlist

MOST_CHARS = playlists.MOST_NAME_CHARS


class CatalogueQuery(serializers.Serializer[Any]):
    language = LanguageField(required=False)
    place = serializers.CharField(
        required=False,
        max_length=MOST_CHARS,
        help_text="Where it is to be shown: leaves out what storytellers excluded there.",
    )
    max_duration_s = serializers.IntegerField(required=False, min_value=1)


class CatalogueEntrySerializer(serializers.Serializer[Entry]):
    id = serializers.UUIDField(source="story.pk")
    title = serializers.CharField(source="story.title")
    programme = serializers.SlugField(source="story.programme.slug")
    language = serializers.CharField(source="story.language")
    published_at = serializers.DateTimeField(source="story.published_at")
    duration_s = serializers.FloatField()
    has_subtitles = serializers.BooleanField()
    poster_url = serializers.SerializerMethodField()
    preview_url = serializers.SerializerMethodField()

    def get_poster_url(self, entry: Entry) -> str | None:
        return entry.poster_url(user_of(self.context["request"]))

    def get_preview_url(self, entry: Entry) -> str | None:
        return entry.preview_url(user_of(self.context["request"]))


class PlaylistSerializer(serializers.ModelSerializer[Playlist]):
    programme = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = Playlist
        fields = ["id", "programme", "name", "place", "language", "created_at", "changed_at"]
        read_only_fields = fields


class PlaylistItemSerializer(serializers.Serializer[Any]):
    """A film of a playlist; one that may not be shown there now names nothing but its id."""

    story = serializers.UUIDField()
    position = serializers.IntegerField()
    may_be_shown = serializers.BooleanField()
    title = serializers.CharField(allow_null=True)
    language = serializers.CharField(allow_null=True)
    duration_s = serializers.FloatField(allow_null=True)


class PlaylistDetailSerializer(PlaylistSerializer):
    items = serializers.SerializerMethodField()
    duration_s = serializers.SerializerMethodField()
    packages = serializers.SerializerMethodField()

    class Meta(PlaylistSerializer.Meta):
        fields = [*PlaylistSerializer.Meta.fields, "duration_s", "items", "packages"]
        read_only_fields = fields

    def to_representation(self, playlist: Playlist) -> Any:
        # Two fields speak of the lines, which are asked for once.
        self.lines = playlists.lines(playlist, at=timezone.now())
        return super().to_representation(playlist)

    @extend_schema_field(PlaylistItemSerializer(many=True))
    def get_items(self, playlist: Playlist) -> Any:
        return PlaylistItemSerializer(self.lines, many=True).data

    def get_duration_s(self, playlist: Playlist) -> float:
        return playlists.duration_s(self.lines)

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_packages(self, playlist: Playlist) -> list[uuid.UUID]:
        """Newest first."""
        return list(playlist.packages.order_by("-requested_at").values_list("pk", flat=True))


class PlaylistFacts(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=MOST_CHARS)
    place = serializers.CharField(max_length=MOST_CHARS, required=False, allow_blank=True)
    language = LanguageField(required=False, help_text="Of the debate.")


class NewPlaylist(PlaylistFacts):
    programme = serializers.SlugField()


class PlaylistItemsSerializer(serializers.Serializer[Any]):
    stories = serializers.ListField(
        child=serializers.UUIDField(), max_length=playlists.MOST_ITEMS, help_text="In order."
    )


class PackageSerializer(serializers.ModelSerializer[Package]):
    """Needs the context's `download_url`, which is None as long as nobody may have it."""

    failure_reason = SentenceField(read_only=True)
    progress = serializers.SerializerMethodField()
    is_current = serializers.SerializerMethodField()
    download_url = serializers.SerializerMethodField()

    class Meta:
        model = Package
        fields = [
            "id",
            "playlist",
            "place",
            "state",
            "progress",
            "requested_at",
            "made_at",
            "is_current",
            "size_bytes",
            "sha256",
            "manifest",
            "left_out",
            "failure_code",
            "failure_reason",
            "download_url",
        ]
        read_only_fields = fields

    def get_progress(self, package: Package) -> float:
        """From 0 to 1."""
        return packages.progress(package)

    def get_is_current(self, package: Package) -> bool:
        """Whether all that is in it may still be shown there."""
        return self.get_download_url(package) is not None

    def get_download_url(self, package: Package) -> str | None:
        """A signed path, once it is made and as long as it is current."""
        address: str | None = self.context["download_url"]
        return address
