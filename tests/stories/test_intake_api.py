"""What a phone sends: replays make one row, other people's ids are not there, errors say why."""

import secrets
import uuid

import pytest
from rest_framework.test import APIClient

from accounts import devices
from accounts.models import Device
from accounts.roles import Role
from consent import withdrawal
from consent.models import Withdrawal
from stories.models import Recording, Story
from stories.states import Status
from tests.accounts.make import (
    make_phone,
    make_programme,
    make_user,
    staff_client,
)
from tests.consent.make import make_consent, make_storyteller, make_text, make_upload, slip_code
from tests.stories.make import make_story
from uploads.models import Status as UploadStatus

pytestmark = pytest.mark.django_db


class Phone(APIClient):
    device: Device


@pytest.fixture
def phone():
    device, token = make_phone()
    client = Phone()
    client.credentials(HTTP_AUTHORIZATION=f"Device {token}")
    client.device = device
    return client


def declaration(consent, **changes):
    return {
        "id": str(uuid.uuid4()),
        "consent": str(consent.pk),
        "title": "A made-up story",
        "language": "wo",
        "recorded_at": "2026-01-15T10:00:00Z",
        "recording": {
            "id": str(uuid.uuid4()),
            "upload": str(uuid.uuid4()),
            "sha256": secrets.token_hex(32),
            "size_bytes": 1000,
        },
        **changes,
    }


def arrived(device, body, **changes):
    recording = body["recording"]
    facts = {"sha256": recording["sha256"], "length": recording["size_bytes"], **changes}
    return make_upload(device, pk=uuid.UUID(recording["upload"]), **facts)


def test_a_declared_story_is_a_draft_of_the_phones_programme(phone):
    body = declaration(make_consent(phone.device))

    answer = phone.post("/api/v1/stories", body)

    assert answer.status_code == 201
    assert answer.json()["status"] == "draft"
    assert answer.json()["programme"] == phone.device.programme.slug


def test_the_same_declaration_again_returns_the_first_story(phone):
    body = declaration(make_consent(phone.device))
    first = phone.post("/api/v1/stories", body)

    again = phone.post("/api/v1/stories", body)

    assert again.status_code == 200
    assert again.json() == first.json()
    assert (Story.objects.count(), Recording.objects.count()) == (1, 1)


def test_another_story_under_the_same_id_is_refused(phone):
    body = declaration(make_consent(phone.device))
    phone.post("/api/v1/stories", body)

    answer = phone.post("/api/v1/stories", {**body, "title": "Another"})

    assert (answer.status_code, answer.json()["code"]) == (409, "id_reused")


def test_another_phones_id_says_nothing_of_its_story(phone):
    theirs = make_story()
    body = declaration(make_consent(phone.device), id=str(theirs.pk))

    answer = phone.post("/api/v1/stories", body)

    assert answer.status_code == 409
    assert theirs.title not in answer.content.decode()
    assert phone.get(f"/api/v1/stories/{theirs.pk}").status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"language": "xx"}, "#/language"),
        ({"language": "français"}, "#/language"),
        ({"title": ""}, "#/title"),
        ({"recorded_at": "yesterday"}, "#/recorded_at"),
        ({"id": "7"}, "#/id"),
    ],
)
def test_a_wrong_field_is_named(phone, change, pointer):
    answer = phone.post("/api/v1/stories", declaration(make_consent(phone.device), **change))

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert answer["Content-Type"].startswith("application/problem+json")


def test_another_programmes_consent_is_not_there(phone):
    answer = phone.post("/api/v1/stories", declaration(make_consent()))

    assert answer.status_code == 404


def test_a_story_on_a_withdrawn_consent_is_refused(phone):
    consent = make_consent(phone.device)
    withdrawal.withdraw(consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)

    answer = phone.post("/api/v1/stories", declaration(consent))

    assert (answer.status_code, answer.json()["code"]) == (409, "consent_withdrawn")
    assert not Story.objects.exists()


def test_submitting_twice_hands_over_once(phone):
    body = declaration(make_consent(phone.device))
    phone.post("/api/v1/stories", body)
    arrived(phone.device, body)

    first = phone.post(f"/api/v1/stories/{body['id']}/submit")
    again = phone.post(f"/api/v1/stories/{body['id']}/submit")

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert Story.objects.get().status == Status.PROCESSING


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (None, "upload_incomplete"),
        ({"status": UploadStatus.RECEIVING}, "upload_incomplete"),
        ({"status": UploadStatus.FAILED}, "upload_incomplete"),
        ({"sha256": "0" * 64}, "upload_mismatch"),
        ({"length": 999}, "upload_mismatch"),
    ],
)
def test_a_story_whose_bytes_are_not_there_stays_a_draft(phone, upload, code):
    body = declaration(make_consent(phone.device))
    phone.post("/api/v1/stories", body)
    if upload is not None:
        arrived(phone.device, body, **upload)

    answer = phone.post(f"/api/v1/stories/{body['id']}/submit")

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert Story.objects.get().status == Status.DRAFT


def test_a_story_without_proof_of_consent_is_not_taken(phone):
    body = declaration(make_consent(phone.device, with_proof=False))
    phone.post("/api/v1/stories", body)
    arrived(phone.device, body)

    answer = phone.post(f"/api/v1/stories/{body['id']}/submit")

    assert (answer.status_code, answer.json()["code"]) == (409, "consent_proof_missing")


def test_a_revoked_phone_is_told_so(phone):
    devices.revoke(phone.device, by=make_user(Role.COORDINATOR, programme=phone.device.programme))

    answer = phone.get("/api/v1/stories")

    assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")


def test_changes_are_told_once_and_in_order(phone):
    stories = [make_story(phone.device) for _ in range(3)]
    first = phone.get("/api/v1/stories/changes").json()
    stories[0].withdraw(by=phone.device)

    after = phone.get(f"/api/v1/stories/changes?cursor={first['cursor']}").json()
    nothing = phone.get(f"/api/v1/stories/changes?cursor={after['cursor']}").json()

    assert [change["id"] for change in first["changes"]] == [str(story.pk) for story in stories]
    assert [(c["id"], c["status"]) for c in after["changes"]] == [(str(stories[0].pk), "withdrawn")]
    assert nothing == {"changes": [], "cursor": after["cursor"], "more": False}


def test_changes_of_others_are_not_told(phone):
    make_story()

    assert phone.get("/api/v1/stories/changes").json()["changes"] == []


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.PROTECTION_OFFICER, Role.COLLECTOR])
def test_who_neither_moderates_nor_coordinates_sees_no_story(role):
    story = make_story()
    client = staff_client(make_user(role, programme=story.programme))

    assert client.get(f"/api/v1/stories/{story.pk}").status_code in (403, 404)


def test_a_moderator_of_another_programme_sees_no_story():
    story = make_story()
    client = staff_client(make_user(Role.MODERATOR, programme=make_programme()))

    assert client.get(f"/api/v1/stories/{story.pk}").status_code == 404
    assert client.get("/api/v1/stories").json()["results"] == []


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_takes_the_same_queries_for_any_number(count, django_assert_max_num_queries):
    programme = make_programme()
    for _ in range(count):
        make_story(make_phone(programme=programme)[0])
    client = staff_client(make_user(Role.MODERATOR, programme=programme))

    with django_assert_max_num_queries(5):
        answer = client.get("/api/v1/stories")

    assert len(answer.json()["results"]) == count


def test_a_whole_intake_over_http(phone):
    text = make_text(phone.device)
    storyteller = {
        "id": str(uuid.uuid4()),
        "pseudonym": "Voice two",
        "age_band": "25_34",
        "slip_code": slip_code(),
    }
    consent = {
        "id": str(uuid.uuid4()),
        "storyteller": storyteller["id"],
        "text": text.pk,
        "spoken_language": "wo",
        "recorded_at": "2026-01-15T09:55:00Z",
        "proof_id": str(uuid.uuid4()),
        "proof_sha256": "a" * 64,
        "grants": [{"use": "community_screening", "allowed": True, "excluded_places": ["Kolda"]}],
    }

    assert phone.post("/api/v1/storytellers", storyteller).status_code == 201
    assert phone.post("/api/v1/storytellers", storyteller).status_code == 200
    assert phone.post("/api/v1/consents", consent).status_code == 201
    answer = phone.post("/api/v1/consents", consent)

    assert answer.status_code == 200
    assert answer.json()["proof_verified"] is False


def test_a_slip_withdraws_without_an_account(phone):
    slip = slip_code()
    consent = make_consent(phone.device, storyteller=make_storyteller(phone.device, slip=slip))
    story = make_story(phone.device, consent=consent, status=Status.PUBLISHED)
    spelled = f"{slip[:4]}-{slip[4:8]} {slip[8:]}".lower()

    answer = APIClient().post("/api/v1/withdrawals", {"slip_code": spelled})

    assert answer.status_code == 204
    assert Story.objects.get(pk=story.pk).status == Status.WITHDRAWN


@pytest.mark.parametrize(
    ("slip", "status", "code"),
    [("0" * 12, 404, "slip_unknown"), ("hello", 400, "slip_malformed")],
)
def test_a_wrong_slip_is_told_so(phone, slip, status, code):
    answer = APIClient().post("/api/v1/withdrawals", {"slip_code": slip})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_identity_is_for_protection_officers_alone():
    device, _token = make_phone()
    storyteller = make_storyteller(device)
    url = f"/api/v1/storytellers/{storyteller.pk}/identity"
    officer = staff_client(make_user(Role.PROTECTION_OFFICER, programme=device.programme))
    officer.put(url, {"name": "Not A Person", "contact": "none"})

    assert officer.get(url).json() == {"name": "Not A Person", "contact": "none"}
    for role in set(Role) - {Role.PROTECTION_OFFICER}:
        other = staff_client(make_user(role, programme=device.programme))
        assert other.get(url).status_code == 403
    stranger = staff_client(make_user(Role.PROTECTION_OFFICER, programme=make_programme()))
    assert stranger.get(url).status_code == 404
    assert b"Not A Person" not in bytes(storyteller.identity.name_sealed)
