import io

import pytest
from django.core.management import CommandError, call_command

from audit.models import Entry
from consent.models import ConsentText
from consent.uses import Use
from tests.accounts.make import make_programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def add(tmp_path):
    programme = make_programme()

    def command(words="Nobody presses you.", **given):
        file = tmp_path / "text.txt"
        file.write_text(words, encoding="utf-8")
        options = {"programme": programme.slug, "language": "wo"}
        call_command("add_consent_text", file, **options | given, stdout=io.StringIO())

    return command


def test_it_adds_a_text_that_asks_for_every_use(add):
    add()

    text = ConsentText.objects.get()
    assert (text.version, text.language, text.body) == (1, "wo", "Nobody presses you.")
    assert text.uses == Use.values
    assert [entry.action for entry in Entry.objects.all()] == ["consent_text.added"]


def test_the_same_words_again_change_nothing(add):
    add()
    add()

    assert ConsentText.objects.count() == 1
    assert Entry.objects.count() == 1


def test_changed_words_need_a_new_version(add):
    add()

    with pytest.raises(CommandError, match="consent_text_changed"):
        add("We press you a little.")
    add("We press you a little.", text_version=2)

    assert list(ConsentText.objects.order_by("version").values_list("version", flat=True)) == [1, 2]


@pytest.mark.parametrize("wrong", [{"words": " "}, {"language": "xx"}, {"programme": "nowhere"}])
def test_what_nobody_could_read_aloud_is_refused(add, wrong):
    with pytest.raises(CommandError):
        add(**wrong)

    assert not ConsentText.objects.exists()
