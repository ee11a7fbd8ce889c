"""A recording that can't arrive any more: the story says so, and what did arrive can be seen."""

import hashlib
import uuid

import pytest

from accounts.roles import Role
from audit.models import Entry
from common import storage
from common.media import Claim
from stories import originals
from stories.models import Story
from stories.states import Status
from tests.accounts.make import make_device, make_phone, make_user, phone_client, staff_client
from tests.consent.make import make_upload_row
from tests.stories.make import declare_story
from tests.uploads.make import make_upload
from uploads.models import Status as UploadStatus

pytestmark = pytest.mark.django_db

CONTENT = b"what the phone recorded"


@pytest.fixture
def phone():
    device, token = make_phone()
    client = phone_client(token)
    client.device = device
    return client


@pytest.fixture
def draft(phone):
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return declare_story(phone.device, sha256=sha256, size_bytes=len(CONTENT))


@pytest.fixture
def coordinator(draft):
    return make_user(Role.COORDINATOR, programme=draft.programme)


def send(story, *, device=None, received=CONTENT, **facts):
    return make_upload(
        device=device or story.device,
        content=CONTENT,
        received=received,
        upload_id=story.recording.upload_declared,
        **facts,
    )


def submit(phone, story):
    return phone.post(f"/api/v1/stories/{story.pk}/submit")


def fresh(story):
    return Story.objects.get(pk=story.pk)


def test_a_draft_fails_when_its_upload_arrives_damaged(phone, draft):
    send(draft, status=UploadStatus.FAILED, received=CONTENT)

    shown = phone.get(f"/api/v1/stories/{draft.pk}").json()

    assert (shown["status"], shown["failure_code"]) == ("failed", "checksum_mismatch")
    assert "send it again as a new story" in shown["failure_reason"]
    assert Entry.objects.of(draft.audit_subject).last().action == "story.failed"


def test_what_arrived_damaged_can_be_looked_at(draft, coordinator):
    send(draft, status=UploadStatus.FAILED, received=CONTENT)

    page = staff_client(coordinator).post(f"/api/v1/stories/{draft.pk}/original")
    claim = Claim("original", str(draft.pk), "inspect", coordinator.audit_name, draft.created_at)
    servable = originals.authorise_original(claim)

    assert page.status_code == 200
    with storage.private().open(servable.key) as file:
        assert file.read() == CONTENT


def test_a_draft_fails_at_submit_when_its_upload_was_damaged_before_it_was_declared(phone):
    upload = make_upload(device=phone.device, status=UploadStatus.FAILED, received=b"")
    draft = declare_story(phone.device, upload=upload.pk)

    answer = submit(phone, draft)

    assert (answer.status_code, answer.json()["code"]) == (409, "upload_failed_checksum")
    assert fresh(draft).failure_code == "checksum_mismatch"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (UploadStatus.EXPIRED, "upload_expired"),
        (UploadStatus.TERMINATED, "upload_terminated"),
        (UploadStatus.FAILED, "upload_failed_checksum"),
    ],
)
def test_submitting_says_why_the_recording_will_not_arrive_and_says_it_again(
    phone, draft, status, code
):
    send(draft, status=status, received=b"")

    first, again = submit(phone, draft), submit(phone, draft)

    assert (first.status_code, first.json()["code"]) == (409, code)
    assert "new story" in first.json()["detail"]
    assert again.json() == first.json()
    assert fresh(draft).status == Status.FAILED


def test_another_file_than_the_declared_one_fails_the_story(phone):
    draft = declare_story(phone.device, sha256="0" * 64)
    make_upload_row(phone.device, pk=draft.recording.upload_declared)

    answer = submit(phone, draft)

    assert (answer.status_code, answer.json()["code"]) == (409, "upload_mismatch")
    assert fresh(draft).failure_code == "upload_mismatch"


def test_the_upload_of_another_collector_is_not_the_recording(phone, draft):
    send(draft, device=make_device(programme=draft.programme))

    answer = submit(phone, draft)

    assert (answer.status_code, answer.json()["code"]) == (409, "upload_incomplete")
    assert fresh(draft).status == Status.DRAFT


def test_nor_does_it_fail_the_story(draft):
    send(draft, device=make_device(programme=draft.programme), status=UploadStatus.FAILED)

    assert fresh(draft).status == Status.DRAFT


def test_a_story_goes_on_with_the_collectors_next_phone(phone, draft):
    next_phone = make_device(programme=draft.programme, collector=draft.collector)
    send(draft, device=next_phone)

    assert submit(phone, draft).status_code == 200


def test_machines_are_not_sent_to_what_never_arrived(phone, draft, coordinator):
    send(draft, status=UploadStatus.FAILED, received=CONTENT)

    answer = staff_client(coordinator).post(f"/api/v1/stories/{draft.pk}/retry")

    assert (answer.status_code, answer.json()["code"]) == (409, "upload_failed_checksum")
    assert fresh(draft).status == Status.FAILED


def test_the_page_shows_the_reason_and_the_file_but_no_retry(client, draft, coordinator):
    send(draft, status=UploadStatus.FAILED, received=CONTENT)
    client.force_login(coordinator)

    page = client.get(f"/stories/{draft.pk}").content.decode()

    assert "damaged on its way" in page
    assert "Download the phone" in page
    assert "Try again" not in page


def test_two_stories_cannot_share_an_upload(phone, draft):
    body = declaration(draft, upload=str(draft.recording.upload_declared))

    answer = phone.post("/api/v1/stories", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "upload_taken")
    assert Story.objects.count() == 1


def test_two_stories_cannot_share_a_recording_id(phone, draft):
    body = declaration(draft, id=str(draft.recording.pk))

    answer = phone.post("/api/v1/stories", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "id_reused")
    assert Story.objects.count() == 1


def declaration(draft, **recording):
    """Of another story on the same consent."""
    return {
        "id": str(uuid.uuid4()),
        "consent": str(draft.consent_id),
        "title": "Another",
        "language": "wo",
        "recorded_at": "2026-01-15T10:00:00Z",
        "recording": {
            "id": str(uuid.uuid4()),
            "upload": str(uuid.uuid4()),
            "sha256": "a" * 64,
            "size_bytes": 1000,
            **recording,
        },
    }
