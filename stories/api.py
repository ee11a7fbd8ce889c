"""Stories over HTTP: intake for phones, reading for staff."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import actor_of, device_of, user_of
from accounts.models import Device
from accounts.permissions import scope
from accounts.roles import Role
from common.fields import SentenceField
from common.languages import is_known
from consent.models import ConsentRecord
from stories import intake
from stories.models import Recording, Story
from stories.originals import open_original

STAFF = (Role.MODERATOR, Role.SENIOR_MODERATOR, Role.COORDINATOR)
CHANGES_A_PAGE = 100


class RecordingSerializer(serializers.Serializer[Recording]):
    id = serializers.UUIDField()
    upload = serializers.UUIDField(source="upload_declared")
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")
    size_bytes = serializers.IntegerField(min_value=1)


class StoryDeclaration(serializers.Serializer[Story]):
    id = serializers.UUIDField()
    consent = serializers.UUIDField()
    title = serializers.CharField(max_length=120)
    language = serializers.CharField(max_length=12)
    recorded_at = serializers.DateTimeField()
    recording = RecordingSerializer()

    def validate_language(self, value: str) -> str:
        if not is_known(value):
            raise serializers.ValidationError(
                _("Not a language code that we know; send a BCP 47 code such as fr, wo or ff."),
                code="language_unknown",
            )
        return value


class StorySerializer(serializers.ModelSerializer[Story]):
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


class ChangeSerializer(serializers.ModelSerializer[Story]):
    failure_reason = SentenceField(read_only=True)

    class Meta:
        model = Story
        fields = ["id", "status", "failure_code", "failure_reason", "note_for_collector", "change"]


class ChangesSerializer(serializers.Serializer[Any]):
    changes = ChangeSerializer(many=True)
    cursor = serializers.IntegerField()
    more = serializers.BooleanField()


def visible_stories(request: Request) -> QuerySet[Story]:
    """Stories that the asker may know of: a phone its collector's own, staff their programmes'."""
    stories = Story.objects.select_related("programme").prefetch_related("recordings")
    if isinstance(request.auth, Device):
        stories = stories.of_collector(request.auth.collector)
        return stories.of_programmes(scope(request, Role.COLLECTOR))
    return stories.of_programmes(scope(request, *STAFF))


class StoryView(RetrieveAPIView[Story]):
    roles = (Role.COLLECTOR, *STAFF)
    serializer_class = StorySerializer

    def get_queryset(self) -> QuerySet[Story]:
        return visible_stories(self.request)


class StoriesView(ListAPIView[Story]):
    ordering = ("-created_at", "pk")
    roles = (Role.COLLECTOR, *STAFF)
    serializer_class = StorySerializer

    def get_queryset(self) -> QuerySet[Story]:
        return visible_stories(self.request)

    @extend_schema(request=StoryDeclaration, responses={201: StorySerializer, 200: StorySerializer})
    def post(self, request: Request) -> Response:
        """Declare a story under the phone's own id. A replay answers 200 with the first result."""
        declaration = StoryDeclaration(data=request.data)
        declaration.is_valid(raise_exception=True)
        device = device_of(request)
        facts = _facts(declaration.validated_data)
        consent = get_object_or_404(
            ConsentRecord,
            pk=declaration.validated_data["consent"],
            collector=device.collector,
            storyteller__programme=device.programme,
        )
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
        story = get_object_or_404(visible_stories(request), pk=pk)
        intake.submit(story, by=device_of(request))
        return Response(StorySerializer(story).data)


class ResumeReviewView(GenericAPIView[Story]):
    roles = (Role.COLLECTOR, *STAFF)
    serializer_class = StorySerializer

    @extend_schema(request=None, responses=StorySerializer)
    def post(self, request: Request, pk: str) -> Response:
        """Say that the changes which a moderator asked for are made."""
        story = get_object_or_404(visible_stories(request), pk=pk)
        story.resume_review(by=actor_of(request))
        return Response(StorySerializer(story).data)


class RetryView(GenericAPIView[Story]):
    roles = (Role.COORDINATOR,)
    serializer_class = StorySerializer

    @extend_schema(request=None, responses=StorySerializer)
    def post(self, request: Request, pk: str) -> Response:
        """Let the machines try a failed story again."""
        story = get_object_or_404(visible_stories(request), pk=pk)
        story.retry(by=user_of(request))
        return Response(StorySerializer(story).data)


class OriginalSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="A signed path for the caller, for some minutes.")


class OriginalView(GenericAPIView[Story]):
    roles = (Role.COORDINATOR,)
    serializer_class = OriginalSerializer

    @extend_schema(request=None, responses=OriginalSerializer)
    def post(self, request: Request, pk: str) -> Response:
        """An address of the phone's own file, untouched; each opening is audited."""
        programmes = scope(request, *self.roles)
        story = get_object_or_404(Story.objects.of_programmes(programmes), pk=pk)
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
        cursor = serializers.IntegerField(min_value=0).run_validation(
            request.query_params.get("cursor", "0")
        )
        stories = visible_stories(request).filter(change__gt=cursor).order_by("change")
        found = list(stories[: CHANGES_A_PAGE + 1])
        shown = found[:CHANGES_A_PAGE]
        answer = {
            "changes": shown,
            "cursor": shown[-1].change if shown else cursor,
            "more": len(found) > len(shown),
        }
        return Response(ChangesSerializer(answer).data)
