"""The page on which a storyteller takes a story back, with the slip and nothing else."""

import pytest
from django.test import Client

from consent import withdrawal
from stories.models import Story
from stories.states import Status
from tests.accounts.make import make_device
from tests.consent.make import make_consent, make_storyteller, slip_code
from tests.stories.make import make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def published():
    device, slip = make_device(), slip_code()
    consent = make_consent(device, storyteller=make_storyteller(device, slip=slip))
    return make_story(device, consent=consent, status=Status.PUBLISHED), slip


def test_the_slip_takes_the_story_back(published):
    story, slip = published

    answer = Client().post("/withdraw", {"slip_code": slip})

    assert "Your story is taken back" in answer.content.decode()
    assert Story.objects.get(pk=story.pk).status == Status.WITHDRAWN


def test_taking_back_twice_says_the_same(published):
    _story, slip = published
    Client().post("/withdraw", {"slip_code": slip})

    assert Client().post("/withdraw", {"slip_code": slip}).status_code == 200


@pytest.mark.parametrize(("code", "status"), [("", 400), ("hello", 400), ("0" * 12, 404)])
def test_a_wrong_code_takes_nothing_back(published, code, status):
    story, _slip = published

    answer = Client().post("/withdraw", {"slip_code": code})

    assert answer.status_code == status
    assert Story.objects.get(pk=story.pk).status == Status.PUBLISHED


def test_codes_cannot_be_tried_out():
    for _ in range(withdrawal.WRONG_SLIPS.times):
        assert Client().post("/withdraw", {"slip_code": slip_code()}).status_code == 404

    answer = Client().post("/withdraw", {"slip_code": slip_code()})

    assert answer.status_code == 429


def test_wrong_codes_of_others_never_stop_a_right_one(published):
    story, slip = published
    for _ in range(withdrawal.WRONG_SLIPS.times + 1):
        Client().post("/withdraw", {"slip_code": slip_code()})

    answer = Client().post("/withdraw", {"slip_code": slip})

    assert answer.status_code == 200
    assert Story.objects.get(pk=story.pk).status == Status.WITHDRAWN


def test_the_page_speaks_french():
    answer = Client().get("/withdraw", HTTP_ACCEPT_LANGUAGE="fr")

    assert '<html lang="fr">' in answer.content.decode()
