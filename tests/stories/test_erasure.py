"""Erased for good: no byte, no word, nowhere; that it was here, and who did what, stays."""

import hashlib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from rest_framework.test import APIClient

from accounts.roles import Role
from audit import SYSTEM
from audit.models import Entry
from audit.verification import verify
from common import storage
from common.errors import NotFound
from common.media import Claim
from consent import erasure as consent_erasure
from consent import intake as consent_intake
from consent import withdrawal
from consent.models import ConsentRecord, Identity, Storyteller, Withdrawal
from consent.uses import Use
from stories import erasure, originals
from stories.models import MoveRefused, Story, Tombstone
from stories.states import Status
from tests.accounts.make import make_phone, make_programme, make_user, phone_client, staff_client
from tests.consent.make import granted, make_consent, make_storyteller, slip_code
from tests.stories.make import declare_story, make_story
from tests.transcode.make import make_revision, make_set
from tests.uploads.make import make_upload
from transcode.cues import Cue
from uploads.models import Status as UploadStatus
from uploads.models import Upload

# The bytes go when the erasure is committed.
pytestmark = pytest.mark.django_db(transaction=True)

FILM, PROOF = b"a film of a face", b"a voice that says yes"
# What could tell who it was, each in another table.
TELLING = {
    "title": "Gravel title",
    "pseudonym": "Gravel pseudonym",
    "name": "Gravel name",
    "contact": "Gravel contact",
    "place": "gravel place",
    "note": "Gravel note",
    "cue": "Gravel words",
}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def phone():
    device, token = make_phone()
    client = phone_client(token)
    client.device = device
    return client


def told(phone, *, slip=""):
    """A story on its way, with real bytes: recording, proof, renditions, transcript."""
    device = phone.device
    storyteller = make_storyteller(device, pseudonym=TELLING["pseudonym"], slip=slip)
    officer = make_user(Role.PROTECTION_OFFICER, programme=device.programme)
    consent_intake.write_identity(
        storyteller, by=officer, name=TELLING["name"], contact=TELLING["contact"]
    )
    proof = make_upload(device=device, content=PROOF)
    consent = make_consent(
        device,
        storyteller=storyteller,
        with_proof=False,
        proof_id=proof.pk,
        proof_sha256=proof.sha256,
        grants=granted(Use.COMMUNITY_SCREENING, excluded_places=[TELLING["place"], "Kolda"]),
    )
    story = declare_story(
        device,
        consent=consent,
        title=TELLING["title"],
        sha256=sha256(FILM),
        size_bytes=len(FILM),
    )
    make_upload(device=device, content=FILM, upload_id=story.recording.upload_declared)
    phone.post(f"/api/v1/stories/{story.pk}/submit")
    story.refresh_from_db()
    make_set(story, files={"first_look": b"a", "poster": b"b", "web_480": b"c"})
    make_revision(story, [Cue(0.0, 1.0, TELLING["cue"])])
    story.ready_for_review(by=SYSTEM)
    story.request_changes(by=SYSTEM, note=TELLING["note"])
    return story


def withdraw(story):
    withdrawal.withdraw(story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)


def erase(story):
    withdraw(story)
    erasure.erase(story, by=SYSTEM)


def files():
    return [path for path in Path(settings.STORE_ROOT).rglob("*") if path.is_file()]


def all_rows():
    """Every value of every row of ours, as text."""
    for model in apps.get_models():
        for row in model._base_manager.all():
            for field in model._meta.concrete_fields:
                value = getattr(row, field.attname)
                text = bytes(value).decode("latin1") if isinstance(value, memoryview) else value
                yield f"{model._meta.label}.{field.name}", str(text)


def where(word):
    return {place for place, text in all_rows() if word.lower() in text.lower()}


def test_before_it_is_erased_all_of_it_is_there(phone):
    story = told(phone)

    sealed = {"name", "contact"}
    assert all(where(word) for key, word in TELLING.items() if key not in sealed)
    assert Identity.objects.filter(storyteller=story.consent.storyteller).exists()
    assert sum(path.read_bytes() in (FILM, PROOF) for path in files()) == 2


def test_afterwards_no_row_tells_who_it_was(phone):
    story = told(phone)

    erase(story)

    assert {key: where(word) for key, word in TELLING.items() if where(word)} == {}
    assert not Identity.objects.exists()
    # That the same file can't come again under another's name.
    assert where(sha256(FILM)) <= {"uploads.Upload.sha256", "consent.Belonging.sha256"}


def test_afterwards_no_byte_is_in_the_store(phone):
    story = told(phone)

    erase(story)

    assert files() == []
    assert set(Upload.objects.values_list("status", "content_key")) == {(UploadStatus.ERASED, "")}


def test_afterwards_api_and_pages_tell_that_it_was_and_no_more(phone, client):
    story = told(phone)
    coordinator = make_user(Role.COORDINATOR, programme=story.programme)
    client.force_login(coordinator)

    erase(story)

    answers = [phone.get("/api/v1/stories"), staff_client(coordinator).get("/api/v1/stories")]
    answers += [client.get("/stories"), client.get(f"/stories/{story.pk}")]
    for answer in answers:
        text = answer.content.decode()
        assert answer.status_code == 200
        assert str(story.pk) in text
        assert "ravel" not in text
        assert sha256(FILM) not in text
    assert "Erase for good" not in answers[-1].content.decode()


def test_an_address_given_out_before_opens_nothing(phone):
    story = told(phone)
    coordinator = make_user(Role.COORDINATOR, programme=story.programme)
    claim = Claim("original", str(story.pk), "inspect", coordinator.audit_name, story.created_at)
    assert storage.private().exists(originals.authorise_original(claim).key)

    erase(story)

    with pytest.raises(NotFound):
        originals.authorise_original(claim)


def test_the_trail_stays_and_verifies(phone):
    story = told(phone)
    before = list(Entry.objects.of(story.audit_subject))

    erase(story)

    after = list(Entry.objects.of(story.audit_subject))
    assert after[: len(before)] == before
    assert [entry.action for entry in after[-2:]] == ["story.withdrawn", "story.erased"]
    assert list(verify()) == []


def test_a_phone_that_declares_it_again_hears_that_it_is_gone(phone):
    story = told(phone)
    body = {
        "id": str(story.pk),
        "consent": str(story.consent_id),
        "title": TELLING["title"],
        "language": story.language,
        "recorded_at": story.recorded_at.isoformat(),
        "recording": {
            "id": str(story.recording.pk),
            "upload": str(story.recording.upload_declared),
            "sha256": sha256(FILM),
            "size_bytes": len(FILM),
        },
    }
    assert phone.post("/api/v1/stories", body).status_code == 200

    erase(story)

    answer = phone.post("/api/v1/stories", body)
    assert (answer.status_code, answer.json()["code"]) == (410, "story_erased")
    assert Tombstone.objects.get().pk == story.pk
    assert where(TELLING["title"]) == set()


def test_what_a_phone_sends_later_goes_with_the_next_sweep(phone):
    story = declare_story(phone.device, sha256=sha256(FILM), size_bytes=len(FILM))
    erase(story)
    make_upload(device=phone.device, content=FILM, upload_id=story.recording.upload_declared)

    erasure.erase_late_arrivals()

    assert files() == []


def test_the_upload_of_another_collector_is_never_erased(phone):
    theirs = make_upload(content=FILM)
    erase(declare_story(phone.device, upload=theirs.pk))

    erasure.erase_late_arrivals()

    theirs.refresh_from_db()
    assert theirs.status == UploadStatus.COMPLETE


def test_other_stories_of_the_programme_stay_as_they_are(phone):
    story, other = told(phone), told(phone)
    entries = Entry.objects.of(other.audit_subject).count()

    erase(story)

    now = Story.objects.get(pk=other.pk)
    assert (now.status, now.title) == (Status.CHANGES_REQUESTED, TELLING["title"])
    assert now.consent.storyteller.pseudonym == TELLING["pseudonym"]
    assert now.consent.has_proof()
    assert now.recording.upload.is_verified
    assert Entry.objects.of(other.audit_subject).count() == entries
    assert len(files()) == 5


def test_the_name_goes_with_the_last_story(phone):
    first = told(phone)
    second = declare_story(phone.device, consent=first.consent)

    erase(first)
    kept = Storyteller.objects.get(pk=first.consent.storyteller_id).pseudonym
    erasure.erase(second, by=SYSTEM)

    assert kept == TELLING["pseudonym"]
    assert Storyteller.objects.get(pk=first.consent.storyteller_id).pseudonym == ""


def test_nothing_is_forgotten_while_a_consent_stands(phone):
    story = told(phone)
    story.withdraw(by=SYSTEM)

    erasure.erase(story, by=SYSTEM)

    assert ConsentRecord.objects.get().has_proof()
    assert Storyteller.objects.get().pseudonym == TELLING["pseudonym"]


def test_the_slip_is_still_known(phone):
    slip = slip_code()
    erase(told(phone, slip=slip))

    assert APIClient().post("/api/v1/withdrawals", {"slip_code": slip}).status_code == 204


def test_erasing_again_changes_nothing(phone):
    story = told(phone)
    erase(story)
    entries = Entry.objects.count()

    erasure.erase(story, by=SYSTEM)
    consent_erasure.forget(Storyteller.objects.get(), by=SYSTEM)

    assert Entry.objects.count() == entries


@pytest.mark.parametrize("status", [one for one in Status if one not in ("withdrawn", "erased")])
def test_only_what_was_withdrawn_is_erased(status):
    story = make_story(status=status)

    with pytest.raises(MoveRefused):
        erasure.erase(story, by=SYSTEM)

    assert Story.objects.get(pk=story.pk).title == "A made-up story"


def test_a_coordinator_erases_by_page_and_by_api(client):
    story, other = make_story(), make_story()
    for one in (story, other):
        one.withdraw(by=SYSTEM)
    client.force_login(make_user(Role.COORDINATOR, programme=story.programme))
    by_api = staff_client(make_user(Role.COORDINATOR, programme=other.programme))

    page = client.get(f"/stories/{story.pk}").content.decode()
    shown = client.post(f"/stories/{story.pk}/erase", follow=True).content.decode()
    answer = by_api.post(f"/api/v1/stories/{other.pk}/erase")

    assert "Erase for good" in page
    assert "Nothing of it is kept" in shown
    assert (answer.status_code, answer.json()["status"]) == (200, "erased")
    assert set(Story.objects.values_list("status", flat=True)) == {Status.ERASED}


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COORDINATOR])
def test_nobody_else_erases(client, role):
    story = make_story(status=Status.WITHDRAWN)
    user = make_user(role, programme=story.programme)
    client.force_login(user)

    assert client.post(f"/stories/{story.pk}/erase").status_code == 403
    assert staff_client(user).post(f"/api/v1/stories/{story.pk}/erase").status_code == 403
    assert Story.objects.get(pk=story.pk).status == Status.WITHDRAWN


def test_a_coordinator_of_another_programme_erases_nothing(client):
    story = make_story(status=Status.WITHDRAWN)
    stranger = make_user(Role.COORDINATOR, programme=make_programme())
    client.force_login(stranger)

    assert client.post(f"/stories/{story.pk}/erase").status_code == 404
    assert staff_client(stranger).post(f"/api/v1/stories/{story.pk}/erase").status_code == 404
    assert Story.objects.get(pk=story.pk).status == Status.WITHDRAWN
