"""Transcripts over HTTP: read as JSON or as subtitles, and put in place by a person."""

import re
from collections.abc import Mapping, Sequence
from typing import IO, Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import user_of
from accounts.roles import REVIEWERS
from common.errors import NotFound, Problem
from common.fields import SentenceField
from stories.models import Story
from transcode import cues, revisions, subtitles
from transcode.api import reviewable
from transcode.made import transcript_of
from transcode.models import Revision, Transcript

WRITERS = {
    "vtt": (subtitles.write_vtt, "text/vtt; charset=utf-8"),
    "srt": (subtitles.write_srt, "application/x-subrip; charset=utf-8"),
}
IF_MATCH = OpenApiParameter(
    "If-Match",
    location=OpenApiParameter.HEADER,
    description="The ETag of the revision that this one replaces; left out for the first.",
)


class BadIfMatch(Problem):
    code = "bad_if_match"
    title = _("If-Match is not the ETag of a transcript")


class CueSerializer(serializers.Serializer[Any]):
    start_ms = serializers.IntegerField(min_value=0)
    end_ms = serializers.IntegerField(min_value=0)
    text = serializers.CharField()


class TranscriptSerializer(serializers.Serializer[Any]):
    language = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Transcript.Outcome.choices)
    note = SentenceField()
    detected_language = serializers.CharField()
    revision = serializers.IntegerField(allow_null=True)
    cues = CueSerializer(many=True)


class RevisionSerializer(serializers.Serializer[Any]):
    cues = CueSerializer(many=True)
    based_on = serializers.IntegerField(
        allow_null=True,
        default=None,
        help_text="The number of the revision that this one replaces; If-Match may say it instead.",
    )


class SubtitleParser(BaseParser):
    """The body as `{"file": bytes}`, whatever its type is called: browsers disagree about .srt."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Mapping[str, bytes]:
        # One byte more than is allowed, so that what is too large is refused and not cut.
        return {"file": stream.read(subtitles.LARGEST_BYTES + 1)}


class TranscriptView(GenericAPIView[Story]):
    roles = REVIEWERS
    serializer_class = TranscriptSerializer

    def get(self, request: Request, pk: str) -> Response:
        """The transcript's latest revision, whose number is the ETag."""
        transcript, revision = _latest(reviewable(request, pk))
        return _answer(transcript, revision)

    @extend_schema(request=RevisionSerializer, parameters=[IF_MATCH])
    def put(self, request: Request, pk: str) -> Response:
        """A person's words in the place of the latest revision."""
        story = reviewable(request, pk)
        asked = RevisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        rows = [
            [cue["start_ms"], cue["end_ms"], cue["text"]] for cue in asked.validated_data["cues"]
        ]
        seen = _if_match(request) or asked.validated_data["based_on"]
        return _revised(story, cues.from_json(rows), request, based_on=seen)


class SubtitlesView(GenericAPIView[Story]):
    roles = REVIEWERS
    parser_classes = (SubtitleParser,)
    serializer_class = TranscriptSerializer

    @extend_schema(responses={(200, "text/vtt"): OpenApiTypes.STR})
    def get(self, request: Request, pk: str, form: str) -> HttpResponse:
        """The latest revision as WebVTT or SubRip."""
        _transcript, revision = _latest(reviewable(request, pk))
        if revision is None:
            raise NotFound
        write, content_type = WRITERS[form]
        answer = HttpResponse(write(cues.from_json(revision.cues)), content_type=content_type)
        answer["Cache-Control"] = "private, no-store"
        answer["ETag"] = _etag(revision)
        return answer

    @extend_schema(
        request={"text/vtt": OpenApiTypes.BINARY, "application/x-subrip": OpenApiTypes.BINARY},
        parameters=[IF_MATCH],
    )
    def put(self, request: Request, pk: str, form: str) -> Response:
        """A person's WebVTT or SubRip file in the place of the latest revision."""
        story = reviewable(request, pk)
        words = revisions.read(request.data.get("file", b""), form)
        return _revised(story, words, request, based_on=_if_match(request))


def _revised(
    story: Story, words: Sequence[cues.Cue], request: Request, *, based_on: int | None
) -> Response:
    revision = revisions.revise(story, words, by=user_of(request), based_on=based_on)
    return _answer(revision.transcript, revision)


def _answer(transcript: Transcript, revision: Revision | None) -> Response:
    answer = {
        "language": transcript.language,
        "outcome": transcript.outcome,
        "note": transcript.note,
        "detected_language": transcript.detected_language,
        "revision": revision.number if revision else None,
        "cues": cues.from_json(revision.cues) if revision else [],
    }
    headers = {"ETag": _etag(revision)} if revision else {}
    return Response(TranscriptSerializer(answer).data, headers=headers)


def _latest(story: Story) -> tuple[Transcript, Revision | None]:
    transcript = transcript_of(story)
    if transcript is None:
        raise NotFound
    return transcript, transcript.latest


def _etag(revision: Revision) -> str:
    return f'"{revision.number}"'


def _if_match(request: Request) -> int | None:
    """The revision's number in the header, without which there is to be none yet."""
    asked = request.headers.get("If-Match")
    if asked is None:
        return None
    found = re.fullmatch(r'"([0-9]{1,9})"', asked.strip())
    if not found:
        raise BadIfMatch(_("Send the ETag that came with the transcript."))
    return int(found[1])
