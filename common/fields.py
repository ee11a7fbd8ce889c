"""Serializer fields that several rooms use."""

from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.languages import is_known

# Longer than any code in `common.languages`, and short enough to be shown in an error.
MOST_LANGUAGE_CHARS: Final = 12


class LanguageField(serializers.CharField):
    """A code of `common.languages`; anything else is refused as `language_unknown`."""

    default_error_messages = {
        "language_unknown": _(
            "Not a language code that we know; send a BCP 47 code such as fr, wo or ff."
        )
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MOST_LANGUAGE_CHARS, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        code = str(super().to_internal_value(data))
        if not is_known(code):
            self.fail("language_unknown")
        return code


class SentenceField(serializers.CharField):
    """A sentence of ours that was stored in English, shown in the reader's language."""

    def to_representation(self, value: str) -> str:
        # The empty string is gettext's key for the catalogue's own header.
        return gettext(value) if value else ""
