"""Storytellers, consent and withdrawal over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import throttles
from accounts.callers import device_of, user_of
from accounts.permissions import scope
from accounts.roles import Role
from audit import Action
from audit.trail import record
from common.fields import LanguageField
from consent import intake, vault, withdrawal
from consent.models import ConsentRecord, ConsentText, Grant, Identity, Storyteller, Withdrawal
from consent.permission import PLACE_CHARS, place_key
from consent.uses import AgeBand, Use

# What a database takes as a whole number.
MOST_INTEGER = 2**63 - 1


class StorytellerDeclaration(serializers.Serializer[Storyteller]):
    id = serializers.UUIDField()
    pseudonym = serializers.CharField(max_length=80)
    age_band = serializers.ChoiceField(choices=AgeBand.choices)
    slip_code = serializers.CharField(max_length=32, write_only=True)


class StorytellerSerializer(serializers.ModelSerializer[Storyteller]):
    class Meta:
        model = Storyteller
        fields = ["id", "pseudonym", "age_band", "created_at"]
        read_only_fields = fields


class StorytellersView(GenericAPIView[Storyteller]):
    roles = (Role.COLLECTOR,)
    serializer_class = StorytellerSerializer

    @extend_schema(
        request=StorytellerDeclaration,
        responses={201: StorytellerSerializer, 200: StorytellerSerializer},
    )
    def post(self, request: Request) -> Response:
        """Declare a storyteller under the phone's own id. A replay answers 200."""
        declaration = StorytellerDeclaration(data=request.data)
        declaration.is_valid(raise_exception=True)
        facts = declaration.validated_data
        device = device_of(request)
        storyteller, created = intake.declare_storyteller(
            device.programme,
            by=device.collector,
            pk=facts["id"],
            pseudonym=facts["pseudonym"],
            age_band=facts["age_band"],
            slip_code=facts["slip_code"],
        )
        return Response(StorytellerSerializer(storyteller).data, status=201 if created else 200)


class ConsentTextSerializer(serializers.ModelSerializer[ConsentText]):
    class Meta:
        model = ConsentText
        fields = ["id", "version", "language", "body", "uses"]
        read_only_fields = fields


class ConsentTextsView(ListAPIView[ConsentText]):
    """The texts to be read aloud, newest version first."""

    roles = (Role.COLLECTOR, Role.COORDINATOR, Role.MODERATOR)
    serializer_class = ConsentTextSerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[ConsentText]:
        texts = ConsentText.objects.filter(programme__in=scope(self.request, *self.roles))
        return texts.order_by("-version", "language")


class PlaceField(serializers.CharField):
    """A place's name; measured as it is compared, which may be longer than it was written."""

    def to_internal_value(self, data: Any) -> str:
        place = str(super().to_internal_value(data))
        key = place_key(place)
        if not key:
            self.fail("blank")
        if len(key) > PLACE_CHARS:
            self.fail("max_length", max_length=PLACE_CHARS)
        return place


class GrantSerializer(serializers.ModelSerializer[Grant]):
    use = serializers.ChoiceField(choices=Use.choices)
    excluded_places = serializers.ListField(
        child=PlaceField(max_length=PLACE_CHARS), required=False, write_only=True, max_length=50
    )

    class Meta:
        model = Grant
        fields = ["use", "allowed", "not_before", "expires_at", "excluded_places"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        begins, ends = attrs.get("not_before"), attrs.get("expires_at")
        if begins and ends and begins >= ends:
            raise serializers.ValidationError(_("A grant must begin before it ends."))
        return attrs


RECORD_FACTS = [
    "spoken_language",
    "recorded_at",
    "proof_id",
    "proof_sha256",
    "may_show_face",
    "may_use_voice",
    "may_say_name",
    "may_name_village",
    "may_tell_route",
    "guardian_consented",
    "child_assented",
]


class ConsentDeclaration(serializers.ModelSerializer[ConsentRecord]):
    id = serializers.UUIDField()
    storyteller = serializers.UUIDField()
    text = serializers.IntegerField(min_value=1, max_value=MOST_INTEGER)
    spoken_language = LanguageField()
    proof_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")
    grants = GrantSerializer(many=True)

    class Meta:
        model = ConsentRecord
        fields = ["id", "storyteller", "text", *RECORD_FACTS, "grants"]

    def validate_grants(self, grants: list[dict[str, Any]]) -> list[dict[str, Any]]:
        uses = [grant["use"] for grant in grants]
        if len(uses) != len(set(uses)):
            raise serializers.ValidationError(_("Answer each use once."), code="grant_twice")
        return grants


class ConsentSerializer(serializers.ModelSerializer[ConsentRecord]):
    grants = GrantSerializer(many=True, read_only=True)
    proof_verified = serializers.BooleanField(source="has_proof", read_only=True)

    class Meta:
        model = ConsentRecord
        fields = ["id", "storyteller", "text", *RECORD_FACTS, "grants", "proof_verified"]
        read_only_fields = fields


class ConsentsView(GenericAPIView[ConsentRecord]):
    roles = (Role.COLLECTOR,)
    serializer_class = ConsentSerializer

    @extend_schema(
        request=ConsentDeclaration, responses={201: ConsentSerializer, 200: ConsentSerializer}
    )
    def post(self, request: Request) -> Response:
        """Record an act of consent under the phone's own id. A replay answers 200.

        The proof is an upload of the hash given here; until it is verified nothing is permitted.
        """
        declaration = ConsentDeclaration(data=request.data)
        declaration.is_valid(raise_exception=True)
        data = declaration.validated_data
        device = device_of(request)
        consent, created = intake.record_consent(
            intake.storyteller_of(device, data["storyteller"]),
            by=device,
            pk=data["id"],
            text=intake.text_of(device, data["text"]),
            facts={name: data[name] for name in RECORD_FACTS if name in data},
            grants=data["grants"],
        )
        return Response(ConsentSerializer(consent).data, status=201 if created else 200)


class IdentitySerializer(serializers.Serializer[Identity]):
    name = serializers.CharField(max_length=200)
    contact = serializers.CharField(max_length=200, allow_blank=True)


class IdentityView(GenericAPIView[Identity]):
    """Name and contact, apart from everything else. Each reading is audited."""

    roles = (Role.PROTECTION_OFFICER,)
    serializer_class = IdentitySerializer

    def _storyteller(self, request: Request, pk: str) -> Storyteller:
        programmes = scope(request, *self.roles)
        return get_object_or_404(Storyteller, pk=pk, programme__in=programmes)

    def get(self, request: Request, pk: str) -> Response:
        storyteller = self._storyteller(request, pk)
        identity = get_object_or_404(Identity, storyteller=storyteller)
        record(Action.IDENTITY_READ, storyteller.audit_subject, by=user_of(request))
        name, contact = vault.unseal(identity.name_sealed), vault.unseal(identity.contact_sealed)
        return Response({"name": name, "contact": contact})

    def put(self, request: Request, pk: str) -> Response:
        storyteller = self._storyteller(request, pk)
        identity = IdentitySerializer(data=request.data)
        identity.is_valid(raise_exception=True)
        intake.write_identity(storyteller, by=user_of(request), **identity.validated_data)
        return Response(status=204)


class StorytellerWithdrawalView(GenericAPIView[Storyteller]):
    """For a storyteller who called or came: staff withdraw on their word."""

    roles = (Role.COORDINATOR, Role.PROTECTION_OFFICER)
    serializer_class = StorytellerSerializer

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, pk: str) -> Response:
        programmes = scope(request, *self.roles)
        storyteller = get_object_or_404(Storyteller, pk=pk, programme__in=programmes)
        withdrawal.withdraw(storyteller, by=user_of(request), channel=Withdrawal.Channel.STAFF)
        return Response(status=204)


class SlipSerializer(serializers.Serializer[Any]):
    slip_code = serializers.CharField(max_length=32)


class SlipWithdrawalView(GenericAPIView[Any]):
    """Whoever holds the slip may withdraw, without an account and without a reason."""

    public = True
    authentication_classes = ()
    serializer_class = SlipSerializer

    @extend_schema(responses={204: None})
    def post(self, request: Request) -> Response:
        slip = SlipSerializer(data=request.data)
        slip.is_valid(raise_exception=True)
        withdrawal.withdraw_by_slip(
            slip.validated_data["slip_code"], address=throttles.address(request._request)
        )
        return Response(status=204)
