"""Serializer fields that several rooms use."""

from django.utils.translation import gettext
from rest_framework import serializers


class SentenceField(serializers.CharField):
    """A sentence of ours that was stored in English, shown in the reader's language."""

    def to_representation(self, value: str) -> str:
        # The empty string is gettext's key for the catalogue's own header.
        return gettext(value) if value else ""
