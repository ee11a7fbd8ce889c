"""What the machines made, over HTTP: who gets it, and who does not."""

from types import SimpleNamespace

import pytest
from django.utils import timezone

from accounts.roles import Role
from audit import SYSTEM
from common.errors import Problem
from common.media import Claim
from stories.states import Status
from tests.accounts.make import make_programme, make_user, phone_client, staff_client
from tests.stories.make import make_story
from tests.transcode.make import make_revision, make_set
from transcode import serving
from transcode.models import Job, State

pytestmark = pytest.mark.django_db

PATHS = ["processing", "transcript", "transcript.vtt", "transcript.srt"]


@pytest.fixture
def made():
    story = make_story(status=Status.IN_REVIEW)
    return SimpleNamespace(
        story=story,
        rendition=make_set(story).renditions.first(),
        transcript=make_revision(story),
        moderator=make_user(Role.MODERATOR, programme=story.programme),
    )


@pytest.fixture
def no_screening_checks(monkeypatch):
    """What later rooms know of the approval is not asked."""
    monkeypatch.setattr(serving, "_screening_checks", [])


def claim(made, *, use="review", viewer=None):
    person = viewer or made.moderator
    return Claim("rendition", str(made.rendition.pk), use, person.audit_name, timezone.now())


def test_a_moderator_gets_the_steps_and_addresses(made):
    answer = staff_client(made.moderator).get(f"/api/v1/stories/{made.story.pk}/processing").json()

    assert [stage["kind"] for stage in answer["stages"]] == ["probe"]
    assert {r["profile"] for r in answer["renditions"]} == {"first_look", "web_480", "poster"}
    assert all(r["url"].startswith("/media/") for r in answer["renditions"])
    assert made.rendition.key not in str(answer)


def test_a_moderator_gets_the_transcript_in_every_form(made):
    client = staff_client(made.moderator)

    plain, vtt, srt = (
        client.get(f"/api/v1/stories/{made.story.pk}/transcript{form}")
        for form in ("", ".vtt", ".srt")
    )

    cue = {"start_ms": 4000, "end_ms": 5900, "text": "My mother sold her land for it."}
    assert plain.json()["cues"][2] == cue
    assert vtt.content.startswith(b"WEBVTT")
    assert "00:00:04,000 --> 00:00:05,900" in srt.content.decode()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.ORGANIZER, Role.PROTECTION_OFFICER])
def test_other_roles_get_nothing(made, role, path):
    other = staff_client(make_user(role, programme=made.story.programme))

    assert other.get(f"/api/v1/stories/{made.story.pk}/{path}").status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_moderator_of_another_programme_gets_nothing(made, path):
    stranger = staff_client(make_user(Role.MODERATOR, programme=make_programme()))

    assert stranger.get(f"/api/v1/stories/{made.story.pk}/{path}").status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_a_withdrawn_story_is_given(made, path):
    made.story.withdraw(by=SYSTEM)

    answer = staff_client(made.moderator).get(f"/api/v1/stories/{made.story.pk}/{path}")

    assert answer.status_code == 404


def test_an_address_plays_while_its_viewer_may_review(made):
    assert serving.authorise_rendition(claim(made)).key == made.rendition.key


@pytest.mark.parametrize(
    ("use", "status", "role", "plays"),
    [
        ("review", Status.IN_REVIEW, Role.MODERATOR, True),
        ("review", Status.IN_REVIEW, Role.COORDINATOR, True),
        ("review", Status.IN_REVIEW, Role.ORGANIZER, False),
        ("review", Status.WITHDRAWN, Role.MODERATOR, False),
        ("screening", Status.PUBLISHED, Role.ORGANIZER, True),
        ("screening", Status.PUBLISHED, Role.MODERATOR, False),
        ("screening", Status.APPROVED, Role.ORGANIZER, False),
        ("screening", Status.WITHDRAWN, Role.ORGANIZER, False),
        ("anything", Status.PUBLISHED, Role.COORDINATOR, False),
    ],
)
def test_use_status_and_role_decide_when_the_address_is_used(
    use, status, role, plays, no_screening_checks
):
    story = make_story(status=status)
    rendition = make_set(story).renditions.first()
    viewer = make_user(role, programme=story.programme)
    asked = Claim("rendition", str(rendition.pk), use, viewer.audit_name, timezone.now())

    assert allowed(asked) is plays


def test_only_what_later_rooms_let_pass_is_screened(no_screening_checks):
    story = make_story(status=Status.PUBLISHED)
    approved, other = make_set(story), make_set(story)
    viewer = make_user(Role.ORGANIZER, programme=story.programme)
    serving.only_if(lambda rendition: rendition.set_id == approved.pk)

    plays = [
        allowed(Claim("rendition", str(shown.pk), "screening", viewer.audit_name, timezone.now()))
        for shown in (approved.renditions.first(), other.renditions.first())
    ]

    assert plays == [True, False]


def test_an_address_dies_with_the_viewers_role(made):
    asked = claim(made)
    made.moderator.memberships.all().delete()

    assert not allowed(asked)


def test_an_address_dies_with_the_viewers_account(made):
    asked = claim(made)
    made.moderator.is_active = False
    made.moderator.save(update_fields=["is_active"])

    assert not allowed(asked)


@pytest.mark.parametrize("viewer", ["system", "device:7", "user:0", "user:", "nobody"])
def test_only_people_have_addresses(made, viewer):
    asked = Claim("rendition", str(made.rendition.pk), "review", viewer, timezone.now())

    assert not allowed(asked)


@pytest.mark.parametrize("pk", ["", "7", "00000000-0000-4000-8000-000000000000"])
def test_an_address_of_no_rendition_is_nothing(made, pk):
    asked = Claim("rendition", pk, "review", made.moderator.audit_name, timezone.now())

    assert not allowed(asked)


def allowed(asked):
    try:
        serving.authorise_rendition(asked)
    except Problem:
        return False
    return True


def test_a_coordinator_wants_a_failed_step_again(made):
    Job.objects.filter(kind="probe").update(state=State.FAILED, ended_at=timezone.now())

    answer = retry(made.story)

    assert answer.status_code == 204
    assert Job.objects.filter(kind="probe", state=State.DUE).count() == 1


def test_work_that_did_not_fail_is_not_repeated(made):
    answer = retry(made.story)

    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_failed")


def test_a_step_of_a_failed_story_is_not_tried_alone():
    story = make_story(status=Status.FAILED)
    Job.objects.filter(kind="probe").update(state=State.FAILED, ended_at=timezone.now())

    answer = retry(story)

    assert (answer.status_code, answer.json()["code"]) == (409, "retry_the_story")
    assert not Job.objects.open().exists()


def retry(story):
    coordinator = make_user(Role.COORDINATOR, programme=story.programme)
    return staff_client(coordinator).post(f"/api/v1/stories/{story.pk}/jobs/probe/retry")


def test_a_phone_gets_no_addresses(made):
    assert (
        phone_client("x" * 43).get(f"/api/v1/stories/{made.story.pk}/processing").status_code == 401
    )
