"""How cases look in JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from common.fields import SentenceField
from moderation.cards import Card, Standing
from moderation.cases import MOST_REASON_CHARS
from moderation.checklist import ITEMS, Item
from moderation.dossier import Answer, ConsentSummary, Dossier, Footage, Step
from moderation.models import Decision, Verdict
from stories.models import Story
from stories.states import Status
from transcode.api import StageSerializer
from transcode.models import Transcript
from transcode.transcripts_api import CueSerializer


class PersonSerializer(serializers.Serializer[User]):
    id = serializers.IntegerField()
    name = serializers.CharField(source="display_name")


class CaseStorySerializer(serializers.ModelSerializer[Story]):
    programme = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    status = serializers.ChoiceField(choices=Status.choices)

    class Meta:
        model = Story
        fields = ["id", "programme", "language", "status", "recorded_at"]


class CardSerializer(serializers.Serializer[Card]):
    """A case as the queue shows it."""

    id = serializers.UUIDField(source="case.pk")
    story = CaseStorySerializer()
    title = serializers.CharField(help_text="Empty when the story was withdrawn.")
    pseudonym = serializers.CharField(help_text="Empty when the story was withdrawn.")
    standing = serializers.ChoiceField(choices=Standing.choices)
    opened_at = serializers.DateTimeField(source="case.opened_at")
    closed_at = serializers.DateTimeField(source="case.closed_at", allow_null=True)
    claimed_by = PersonSerializer(source="holder", allow_null=True)
    claimed_at = serializers.DateTimeField(source="case.claimed_at", allow_null=True)
    duration_s = serializers.FloatField(allow_null=True)
    poster_url = serializers.CharField()
    stages = StageSerializer(many=True)


class FootageSerializer(serializers.Serializer[Footage]):
    media_url = serializers.CharField(help_text="Signed and short-lived; ask again when it ends.")
    media_type = serializers.CharField()
    poster_url = serializers.CharField()
    is_sound_only = serializers.BooleanField()


class CaseTranscriptSerializer(serializers.ModelSerializer[Transcript]):
    note = SentenceField()

    class Meta:
        model = Transcript
        fields = ["id", "language", "outcome", "note", "detected_language"]


class AnswerSerializer(serializers.Serializer[Answer]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # A field, no caption.
    allowed = serializers.BooleanField()
    not_before = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    excluded_places = serializers.ListField(child=serializers.CharField())


class ConsentSummarySerializer(serializers.Serializer[ConsentSummary]):
    age_band = serializers.CharField()
    is_minor = serializers.BooleanField()
    guardian_consented = serializers.BooleanField()
    child_assented = serializers.BooleanField()
    language = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    uses = AnswerSerializer(many=True)
    appearances = AnswerSerializer(many=True)
    has_proof = serializers.BooleanField()
    proof_url = serializers.CharField()
    may_be_screened = serializers.BooleanField(source="screening.allowed")
    refusal_code = serializers.CharField(source="screening.code")
    refusal_reason = serializers.CharField(source="screening.reason")


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    by = PersonSerializer()
    verdict = serializers.ChoiceField(choices=Verdict.choices)

    class Meta:
        model = Decision
        fields = ["verdict", "by", "decided_at", "reason", "checklist"]


class ChecklistItemSerializer(serializers.Serializer[Item]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # A field, no caption.
    hint = serializers.CharField()


class DossierSerializer(serializers.Serializer[Dossier]):
    """A case with what a decision needs. `steps` are those that the caller may take now."""

    case = CardSerializer(source="card")
    footage = FootageSerializer()
    transcript = CaseTranscriptSerializer(allow_null=True)
    revision = serializers.IntegerField(source="revision.number", allow_null=True, default=None)
    cues = CueSerializer(many=True)
    consent = ConsentSummarySerializer(allow_null=True)
    decisions = DecisionSerializer(many=True)
    checklist = serializers.SerializerMethodField()
    steps = serializers.ListField(child=serializers.ChoiceField(choices=[s.value for s in Step]))
    hurdle = serializers.CharField(source="hurdle.code", allow_null=True, default=None)
    pending = serializers.CharField(source="pending.code", allow_null=True, default=None)

    @extend_schema_field(ChecklistItemSerializer(many=True))
    def get_checklist(self, dossier: Dossier) -> list[Any]:
        return [ChecklistItemSerializer(item).data for item in ITEMS]


class ChecklistSerializer(serializers.Serializer[Any]):
    checklist = serializers.ListField(
        child=serializers.ChoiceField(choices=[item.code for item in ITEMS]),
        help_text="What was checked; all items must be there.",
    )


class ReasonSerializer(serializers.Serializer[Any]):
    # What is blank is refused by the domain, with a code of its own.
    reason = serializers.CharField(max_length=MOST_REASON_CHARS, allow_blank=True, default="")
