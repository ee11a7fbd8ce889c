"""What the machines made, over HTTP: for the people who review and coordinate."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import user_of
from accounts.permissions import scope
from accounts.roles import REVIEWERS, Role
from common.fields import SentenceField
from stories.models import Story
from transcode import retries
from transcode.made import latest_set, progress_of, rendition_url
from transcode.models import Job, Rendition


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


class JobRetryView(GenericAPIView[Job]):
    """Failed work is wanted again, as a new job."""

    roles = (Role.COORDINATOR, Role.SENIOR_MODERATOR)
    serializer_class = StageSerializer

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, pk: str, kind: str) -> Response:
        programmes = scope(request, *self.roles)
        story = get_object_or_404(Story.objects.present().of_programmes(programmes), pk=pk)
        retries.retry(story, kind, by=user_of(request))
        return Response(status=204)
