"""What a phone sends: replays make one row, other people's ids are not there, errors say why."""

import secrets
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import devices
from accounts.models import Membership
from accounts.roles import Role
from consent import withdrawal
from consent.models import Withdrawal
from consent.uses import AgeBand, Use
from stories.models import Recording, Story
from stories.states import Status
from tests.accounts.make import (
    make_phone,
    make_programme,
    make_user,
    phone_client,
    staff_client,
)
from tests.consent.make import (
    granted,
    make_consent,
    make_storyteller,
    make_text,
    make_upload_row,
    slip_code,
)
from tests.stories.make import make_story
from uploads.models import Status as UploadStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone():
    device, token = make_phone()
    client = phone_client(token)
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
    return make_upload_row(device, pk=uuid.UUID(recording["upload"]), **facts)


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
        ({"title": "Nul\0"}, "#/title"),
    ],
)
def test_a_wrong_field_is_named(phone, change, pointer):
    answer = phone.post("/api/v1/stories", declaration(make_consent(phone.device), **change))

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert answer["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("size_bytes", [10**30, 2**63, 4 * 1024**3, 0, -1])
def test_a_size_that_the_server_does_not_take_is_refused(phone, size_bytes):
    body = declaration(make_consent(phone.device))
    body["recording"]["size_bytes"] = size_bytes

    answer = phone.post("/api/v1/stories", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    [error] = answer.json()["errors"]
    assert error["pointer"] == "#/recording/size_bytes"
    assert ("shorter parts" in error["detail"]) == (size_bytes > 0)


def test_another_programmes_consent_is_not_known(phone):
    theirs = make_consent()

    answer = phone.post("/api/v1/stories", declaration(theirs))

    assert (answer.status_code, answer.json()["code"]) == (404, "consent_unknown")
    assert answer.json()["id"] == str(theirs.pk)


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


@pytest.mark.parametrize("upload", [None, {"status": UploadStatus.RECEIVING}])
def test_a_story_whose_bytes_are_not_there_yet_stays_a_draft(phone, upload):
    body = declaration(make_consent(phone.device))
    phone.post("/api/v1/stories", body)
    if upload is not None:
        arrived(phone.device, body, **upload)

    answer = phone.post(f"/api/v1/stories/{body['id']}/submit")

    assert (answer.status_code, answer.json()["code"]) == (409, "upload_incomplete")
    assert Story.objects.get().status == Status.DRAFT


def test_a_story_without_proof_of_consent_is_not_taken(phone):
    body = declaration(make_consent(phone.device, with_proof=False))
    phone.post("/api/v1/stories", body)
    arrived(phone.device, body)

    answer = phone.post(f"/api/v1/stories/{body['id']}/submit")

    assert (answer.status_code, answer.json()["code"]) == (409, "consent_proof_missing")


def test_an_embargo_is_no_reason_to_leave_a_story_on_the_phone(phone):
    until = timezone.now() + timedelta(days=400)
    grants = granted(Use.COMMUNITY_SCREENING, not_before=until)
    body = declaration(make_consent(phone.device, grants=grants))
    phone.post("/api/v1/stories", body)
    arrived(phone.device, body)

    answer = phone.post(f"/api/v1/stories/{body['id']}/submit")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("act", "code"),
    [
        ({"grants": []}, "consent_missing"),
        ({"grants": [{"use": Use.INTERNAL_ARCHIVE, "allowed": False}]}, "consent_missing"),
        ({"with_proof": False, "grants": []}, "consent_proof_missing"),
        ({"age_band": AgeBand.UNDER_15, "child_assented": True}, "consent_guardian_missing"),
    ],
)
def test_a_story_without_a_consent_to_stand_on_is_told_what_is_missing(phone, act, code):
    facts = dict(act)
    band = facts.pop("age_band", AgeBand.FROM_50)
    storyteller = make_storyteller(phone.device, age_band=band)
    body = declaration(make_consent(phone.device, storyteller=storyteller, **facts))
    phone.post("/api/v1/stories", body)
    arrived(phone.device, body)

    answer = phone.post(f"/api/v1/stories/{body['id']}/submit")

    assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_a_phone_that_submits_a_withdrawn_story_is_told_to_delete_it(phone):
    body = declaration(make_consent(phone.device))
    phone.post("/api/v1/stories", body)
    Story.objects.get().withdraw(by=phone.device)

    answer = phone.post(f"/api/v1/stories/{body['id']}/submit")

    assert (answer.status_code, answer.json()["code"]) == (409, "consent_withdrawn")
    assert "Delete it from the phone" in answer.json()["detail"]


@pytest.mark.parametrize("who", ["phone", "moderator"])
def test_of_a_withdrawn_story_neither_title_nor_hash_is_told(phone, who):
    story = make_story(phone.device, title="Known in the village")
    story.withdraw(by=phone.device)
    moderator = make_user(Role.MODERATOR, programme=story.programme)
    client = phone if who == "phone" else staff_client(moderator)

    for path in ("/api/v1/stories", f"/api/v1/stories/{story.pk}"):
        told = client.get(path).content.decode()
        assert str(story.pk) in told
        assert "Known in the village" not in told
        assert story.recording.sha256 not in told


def test_a_coordinator_may_not_do_elsewhere_what_only_coordinators_may():
    story = make_story(status=Status.FAILED)
    user = make_user(Role.COORDINATOR)
    Membership.objects.create(user=user, programme=story.programme, role=Role.MODERATOR)
    client = staff_client(user)

    for action in ("retry", "original", "erase"):
        assert client.post(f"/api/v1/stories/{story.pk}/{action}").status_code == 404, action
    assert client.get(f"/api/v1/stories/{story.pk}").status_code == 200
    assert Story.objects.get(pk=story.pk).status == Status.FAILED


def test_changes_are_for_phones_alone():
    collector = make_user(Role.COLLECTOR, Role.MODERATOR)

    answer = staff_client(collector).get("/api/v1/stories/changes")

    assert (answer.status_code, answer.json()["code"]) == (403, "phone_required")


@pytest.mark.parametrize("cursor", ["-1", "x", str(10**30)])
def test_a_cursor_that_was_never_given_is_refused(phone, cursor):
    assert phone.get(f"/api/v1/stories/changes?cursor={cursor}").status_code == 400


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
