"""Whose a file is: what was taken back never comes again as another person's."""

import pytest

from consent import withdrawal
from consent.belongings import ProofTaken
from consent.models import Withdrawal
from stories import erasure
from stories.models import Story
from tests.accounts.make import make_phone, phone_client
from tests.consent.make import make_consent
from tests.stories.make import make_story
from tests.stories.test_intake_api import declaration

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone():
    device, token = make_phone()
    client = phone_client(token)
    client.device = device
    return client


@pytest.mark.parametrize("gone", ["withdrawn", "erased"])
@pytest.mark.parametrize("again", ["recording", "proof"])
def test_what_was_taken_back_is_no_recording_of_somebody_else(phone, again, gone):
    story = make_story(phone.device)
    withdrawal.withdraw(story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)
    body = declaration(make_consent(phone.device))
    sha256 = {"recording": story.recording.sha256, "proof": story.consent.proof_sha256}
    body["recording"]["sha256"] = sha256[again]
    if gone == "erased":
        erasure.erase(story, by=phone.device)

    answer = phone.post("/api/v1/stories", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "upload_taken")
    assert "Delete it from the phone" in answer.json()["detail"]
    assert Story.objects.count() == 1


def test_a_proof_is_no_recording_and_a_recording_no_proof(phone):
    consent = make_consent(phone.device)
    body = declaration(consent)
    body["recording"]["upload"] = str(consent.proof_id)
    recording = make_story(phone.device).recording

    answer = phone.post("/api/v1/stories", body)
    with pytest.raises(ProofTaken):
        make_consent(
            phone.device,
            with_proof=False,
            proof_id=recording.upload_declared,
            proof_sha256=recording.sha256,
        )

    assert (answer.status_code, answer.json()["code"]) == (409, "upload_taken")


def test_the_same_file_of_the_same_storyteller_may_be_sent_again(phone):
    story = make_story(phone.device)
    body = declaration(story.consent)
    body["recording"]["sha256"] = story.recording.sha256

    assert phone.post("/api/v1/stories", body).status_code == 201
