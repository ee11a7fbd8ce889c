"""Stories over HTTP: intake for phones, reading for staff."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import actor_of, device_of, user_of
from accounts.models import Device, Programme
from accounts.permissions import scope
from accounts.roles import REVIEWERS, Role
from common.fields import LanguageField, SentenceField
from consent.intake import consent_of
from stories import erasure, intake
from stories.models import Recording, Story, StoryQuerySet
from stories.originals import open_original

# What a database takes as a whole number.
MOST_INTEGER = 2**63 - 1
CHANGES_A_PAGE = 100


class RecordingSerializer(serializers.Serializer[Recording]):
    id = serializers.UUIDField()
    upload = serializers.UUIDField(source="upload_declared")
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")
    size_bytes = serializers.IntegerField(min_value=1)

    def validate_size_bytes(self, value: int) -> int:
        if value > settings.UPLOAD_MAX_BYTES:
            raise serializers.ValidationError(
                _("This is more than the server takes. Record in shorter parts."), code="max_value"
            )
        return value


class StoryDeclaration(serializers.Serializer[Story]):
    id = serializers.UUIDField()
    consent = serializers.UUIDField()
    title = serializers.CharField(max_length=120)
    language = LanguageField()
    recorded_at = serializers.DateTimeField()
    recording = RecordingSerializer()


class StorySerializer(serializers.ModelSerializer[Story]):
    """Of a story that is gone, neither its title, nor a note, nor the hash of its recording."""

    programme = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    failure_reason = SentenceField(read_only=True)
    recording = RecordingSerializer(read_only=True)

    class Meta:
        model = Story
        fields = [
            "id",
            "programme",
            "consent",
            "title",
            "language",
            "recorded_at",
            "status",
            "failure_code",
            "failure_reason",
            "note_for_collector",
            "created_at",
            "submitted_at",
            "published_at",
            "recording",
        ]
        read_only_fields = fields

    def to_representation(self, story: Story) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(story)
        if story.is_gone:
            shown |= {"title": "", "note_for_collector": ""}
            shown["recording"] |= {"sha256": ""}
        return shown


class ChangeSerializer(serializers.ModelSerializer[Story]):
    failure_reason = SentenceField(read_only=True)

    class Meta:
        model = Story
        fields = ["id", "status", "failure_code", "failure_reason", "note_for_collector", "change"]

    def to_representation(self, story: Story) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(story)
        return shown | {"note_for_collector": ""} if story.is_gone else shown


class ChangesSerializer(serializers.Serializer[Any]):
    changes = ChangeSerializer(many=True)
    cursor = serializers.IntegerField()
    more = serializers.BooleanField()


def own_stories(device: Device) -> QuerySet[Story]:
    """What the phone's collector recorded in its programme, with whichever phone."""
    programmes = Programme.objects.filter(pk=device.programme_id)
    return _with_facts().of_collector(device.collector).of_programmes(programmes)


def visible_stories(request: Request, *roles: Role) -> QuerySet[Story]:
    """A phone's own stories; for a person those of the programmes where they hold one of `roles`.

    Each view names the roles that it is for: who coordinates here may be less elsewhere.
    """
    if isinstance(request.auth, Device):
        return own_stories(request.auth)
    return _with_facts().of_programmes(scope(request, *roles))


def _with_facts() -> StoryQuerySet:
    return Story.objects.select_related("programme", "recording")


class StoryView(RetrieveAPIView[Story]):
    roles = (Role.COLLECTOR, *REVIEWERS)
    serializer_class = StorySerializer

    def get_queryset(self) -> QuerySet[Story]:
        return visible_stories(self.request, *REVIEWERS)


class StoriesView(ListAPIView[Story]):
    ordering = ("-created_at", "pk")
    roles = (Role.COLLECTOR, *REVIEWERS)
    serializer_class = StorySerializer

    def get_queryset(self) -> QuerySet[Story]:
        return visible_stories(self.request, *REVIEWERS)

    @extend_schema(request=StoryDeclaration, responses={201: StorySerializer, 200: StorySerializer})
    def post(self, request: Request) -> Response:
        """Declare a story under the phone's own id. A replay answers 200 with the first result."""
        declaration = StoryDeclaration(data=request.data)
        declaration.is_valid(raise_exception=True)
        device = device_of(request)
        facts = _facts(declaration.validated_data)
        consent = consent_of(device, declaration.validated_data["consent"])
        story, created = intake.declare_story(
            consent, by=device, pk=declaration.validated_data["id"], facts=facts
        )
        return Response(StorySerializer(story).data, status=201 if created else 200)


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    recording = data["recording"]
    return {
        "title": data["title"],
        "language": data["language"],
        "recorded_at": data["recorded_at"],
        "recording": {
            "id": recording["id"],
            "upload": recording["upload_declared"],
            "sha256": recording["sha256"],
            "size_bytes": recording["size_bytes"],
        },
    }


class SubmitView(GenericAPIView[Story]):
    roles = (Role.COLLECTOR,)
    serializer_class = StorySerializer

    @extend_schema(request=None, responses=StorySerializer)
    def post(self, request: Request, pk: str) -> Response:
        """Hand the story over once its bytes are verified. A replay returns the story as it is."""
        device = device_of(request)
        story = get_object_or_404(own_stories(device), pk=pk)
        intake.submit(story, by=device)
        return Response(StorySerializer(story).data)


class ResumeReviewView(GenericAPIView[Story]):
    roles = (Role.COLLECTOR, *REVIEWERS)
    serializer_class = StorySerializer

    @extend_schema(request=None, responses=StorySerializer)
    def post(self, request: Request, pk: str) -> Response:
        """Say that the changes which a moderator asked for are made."""
        story = get_object_or_404(visible_stories(request, *REVIEWERS), pk=pk)
        story.resume_review(by=actor_of(request))
        return Response(StorySerializer(story).data)


class RetryView(GenericAPIView[Story]):
    roles = (Role.COORDINATOR,)
    serializer_class = StorySerializer

    @extend_schema(request=None, responses=StorySerializer)
    def post(self, request: Request, pk: str) -> Response:
        """Let the machines try a failed story again."""
        story = get_object_or_404(visible_stories(request, *self.roles), pk=pk)
        story.retry(by=user_of(request))
        return Response(StorySerializer(story).data)


class EraseView(GenericAPIView[Story]):
    roles = (Role.COORDINATOR,)
    serializer_class = StorySerializer

    @extend_schema(request=None, responses=StorySerializer)
    def post(self, request: Request, pk: str) -> Response:
        """Erase a withdrawn story for good: its bytes, all that was made of it, its words."""
        story = get_object_or_404(visible_stories(request, *self.roles), pk=pk)
        erasure.erase(story, by=user_of(request))
        return Response(StorySerializer(story).data)


class OriginalSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="A signed path for the caller, for some minutes.")


class OriginalView(GenericAPIView[Story]):
    roles = (Role.COORDINATOR,)
    serializer_class = OriginalSerializer

    @extend_schema(request=None, responses=OriginalSerializer)
    def post(self, request: Request, pk: str) -> Response:
        """An address of the phone's own file, untouched; each opening is audited."""
        story = get_object_or_404(visible_stories(request, *self.roles), pk=pk)
        return Response({"url": open_original(story, by=user_of(request))})


class ChangesView(GenericAPIView[Story]):
    roles = (Role.COLLECTOR,)
    serializer_class = ChangesSerializer
    pagination_class = None

    @extend_schema(
        parameters=[OpenApiParameter("cursor", int, description="The last answer's cursor.")]
    )
    def get(self, request: Request) -> Response:
        """What changed for this collector since `cursor`, oldest first; each story once."""
        device = device_of(request)
        cursor = serializers.IntegerField(min_value=0, max_value=MOST_INTEGER).run_validation(
            request.query_params.get("cursor", "0")
        )
        # One collector's alone: each counts for itself, so several have no common order.
        stories = own_stories(device).filter(change__gt=cursor).order_by("change")
        found = list(stories[: CHANGES_A_PAGE + 1])
        shown = found[:CHANGES_A_PAGE]
        answer = {
            "changes": shown,
            "cursor": shown[-1].change if shown else cursor,
            "more": len(found) > len(shown),
        }
        return Response(ChangesSerializer(answer).data)
