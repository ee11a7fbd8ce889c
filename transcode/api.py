"""What the machines made, over HTTP: for the people who review and coordinate."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import user_of
from accounts.permissions import scope
from accounts.roles import Role
from common.errors import NotFound
from common.fields import SentenceField
from stories.models import Story
from transcode import cues, jobs, subtitles
from transcode.models import Job, Rendition, Revision, Transcript
from transcode.outcome import latest_set, progress_of, rendition_url, transcript_of
from transcode.serving import REVIEWERS

WRITERS = {
    "vtt": (subtitles.write_vtt, "text/vtt; charset=utf-8"),
    "srt": (subtitles.write_srt, "application/x-subrip; charset=utf-8"),
}


class RenditionSerializer(serializers.ModelSerializer[Rendition]):
    url = serializers.SerializerMethodField()

    class Meta:
        model = Rendition
        fields = [
            "profile",
            "content_type",
            "size_bytes",
            "sha256",
            "width",
            "height",
            "duration_s",
            "url",
        ]
        read_only_fields = fields

    def get_url(self, rendition: Rendition) -> str:
        return rendition_url(rendition, use="review", viewer=self.context["viewer"])


class StageSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    title = serializers.CharField(source="label")
    state = serializers.CharField()
    progress = serializers.FloatField(help_text="From 0 to 1.")
    reason = SentenceField()


class ProcessingSerializer(serializers.Serializer[Any]):
    stages = StageSerializer(many=True)
    renditions = RenditionSerializer(many=True)


class CueSerializer(serializers.Serializer[Any]):
    start_ms = serializers.IntegerField()
    end_ms = serializers.IntegerField()
    text = serializers.CharField()


class TranscriptSerializer(serializers.Serializer[Any]):
    language = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Transcript.Outcome.choices)
    note = SentenceField()
    detected_language = serializers.CharField()
    revision = serializers.IntegerField(allow_null=True)
    cues = CueSerializer(many=True)


def reviewable(request: Request, pk: str) -> Story:
    """The story if it is present in a programme that the caller reviews; 404 otherwise."""
    programmes = scope(request, *REVIEWERS)
    return get_object_or_404(Story.objects.present().of_programmes(programmes), pk=pk)


class ProcessingView(GenericAPIView[Story]):
    roles = REVIEWERS
    serializer_class = ProcessingSerializer

    def get(self, request: Request, pk: str) -> Response:
        """The machines' steps with their progress, and signed URLs of what is there already."""
        story = reviewable(request, pk)
        made = latest_set(story)
        answer = {
            "stages": progress_of(story),
            "renditions": made.renditions.order_by("profile") if made else [],
        }
        context = {"viewer": user_of(request)}
        return Response(ProcessingSerializer(answer, context=context).data)


class TranscriptView(GenericAPIView[Story]):
    roles = REVIEWERS
    serializer_class = TranscriptSerializer

    def get(self, request: Request, pk: str) -> Response:
        """The transcript's latest revision."""
        transcript, revision = _latest(reviewable(request, pk))
        answer = {
            "language": transcript.language,
            "outcome": transcript.outcome,
            "note": transcript.note,
            "detected_language": transcript.detected_language,
            "revision": revision.number if revision else None,
            "cues": cues.from_json(revision.cues) if revision else [],
        }
        return Response(TranscriptSerializer(answer).data)


class SubtitlesView(GenericAPIView[Story]):
    roles = REVIEWERS

    @extend_schema(responses={(200, "text/vtt"): OpenApiTypes.STR})
    def get(self, request: Request, pk: str, form: str) -> HttpResponse:
        """The latest revision as WebVTT or SubRip."""
        _transcript, revision = _latest(reviewable(request, pk))
        if revision is None:
            raise NotFound
        write, content_type = WRITERS[form]
        answer = HttpResponse(write(cues.from_json(revision.cues)), content_type=content_type)
        answer["Cache-Control"] = "private, no-store"
        return answer


def _latest(story: Story) -> tuple[Transcript, Revision | None]:
    transcript = transcript_of(story)
    if transcript is None:
        raise NotFound
    return transcript, transcript.latest


class JobRetryView(GenericAPIView[Job]):
    """Failed work is wanted again, as a new job."""

    roles = (Role.COORDINATOR, Role.SENIOR_MODERATOR)
    serializer_class = StageSerializer

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, pk: str, kind: str) -> Response:
        programmes = scope(request, *self.roles)
        story = get_object_or_404(Story.objects.present().of_programmes(programmes), pk=pk)
        failed = Job.objects.filter(group=story.pk, kind=kind).order_by("-created_at").first()
        if failed is None:
            raise NotFound
        jobs.retry(failed, by=user_of(request))
        return Response(status=204)
