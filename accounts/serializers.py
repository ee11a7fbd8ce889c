"""What the accounts API reads and writes."""

from typing import Any

from rest_framework import serializers

from accounts.models import Device, Membership, Programme, User
from accounts.roles import Role


class CredentialsSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Send it as `Authorization: Token …`; shown only now.")
    expires_at = serializers.DateTimeField()


class ProgrammeSerializer(serializers.ModelSerializer[Programme]):
    languages = serializers.ListField(
        child=serializers.CharField(), help_text="BCP 47 tags of the languages spoken here."
    )

    class Meta:
        model = Programme
        fields = ["id", "slug", "name", "country", "languages", "publish_policy"]


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    programme = serializers.SlugRelatedField[Programme](slug_field="slug", read_only=True)
    role = serializers.ChoiceField(choices=Role.choices)

    class Meta:
        model = Membership
        fields = ["programme", "role"]


class MeSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="display_name", read_only=True)
    memberships = MembershipSerializer(many=True, read_only=True)

    class Meta:
        model = User
        fields = ["id", "username", "name", "language", "memberships"]


class EnrolmentCodeRequestSerializer(serializers.Serializer[Any]):
    collector = serializers.IntegerField(help_text="The collector's user id.")
    name = serializers.CharField(
        max_length=100, required=False, default="", allow_blank=True, help_text="Name of the phone."
    )


class EnrolmentCodeSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For one phone, once; shown only now.")
    expires_in_s = serializers.IntegerField()
    qr_payload = serializers.CharField(help_text="JSON text with `server` and `code`.")
    qr_svg = serializers.CharField(help_text="The payload as a QR code, an SVG document.")


class EnrolmentSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)


class LimitsSerializer(serializers.Serializer[Any]):
    upload_max_bytes = serializers.IntegerField()


class EnrolledSerializer(serializers.Serializer[Any]):
    device = serializers.UUIDField()
    token = serializers.CharField(help_text="Send it as `Authorization: Device …`; shown only now.")
    programme = ProgrammeSerializer()
    limits = LimitsSerializer()


class DeviceSerializer(serializers.ModelSerializer[Device]):
    programme = serializers.SlugRelatedField[Programme](slug_field="slug", read_only=True)
    collector_name = serializers.CharField(source="collector.display_name", read_only=True)

    class Meta:
        model = Device
        fields = [
            "id",
            "name",
            "programme",
            "collector",
            "collector_name",
            "enrolled_at",
            "last_seen_at",
            "revoked_at",
        ]
        read_only_fields = fields
