from typing import Any

import pytest
from rest_framework import serializers

from common.fields import LanguageField
from common.languages import NAMES
from common.templatetags.clock import clock


class Spoken(serializers.Serializer[Any]):
    language = LanguageField()


@pytest.mark.parametrize("code", ["wo", "fuc"])
def test_a_language_that_we_know_is_taken(code):
    assert Spoken(data={"language": code}).is_valid()


@pytest.mark.parametrize("code", ["wolof", "WO", "fr-SN", "xx"])
def test_any_other_is_refused_by_a_code_of_its_own(code):
    spoken = Spoken(data={"language": code})

    assert not spoken.is_valid()
    assert spoken.errors["language"][0].code == "language_unknown"


def test_no_known_language_is_too_long_for_the_field():
    assert all(Spoken(data={"language": code}).is_valid() for code in NAMES)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, ""), (0, "0:00"), (59.9, "0:59"), (245, "4:05"), (3845.5, "1:04:05")],
)
def test_a_time_in_a_recording_is_cut_off_and_never_rounded_up(seconds, shown):
    assert clock(seconds) == shown
