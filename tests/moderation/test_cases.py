"""Two people approve what both have seen."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import PublishPolicy
from accounts.roles import Role
from consent.models import Storyteller
from consent.uses import AgeBand, Use
from moderation import cases, claims
from moderation.checklist import ITEMS
from moderation.models import Case
from stories.models import MoveRefused, Story
from stories.states import Status
from tests.accounts.make import make_device, make_programme, make_user
from tests.consent.make import granted, make_consent
from tests.moderation.make import (
    CHECKED,
    make_case,
    make_moderator,
    make_twice_approved,
    refused,
)
from transcode.models import Job, State, Transcript

pytestmark = pytest.mark.django_db


def test_a_story_that_enters_review_has_one_open_case():
    case = make_case()

    assert case.is_open
    assert case.story.status == Status.IN_REVIEW
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(story=case.story)


def test_a_story_comes_back_to_review_with_a_new_case():
    case = make_case()
    moderator = make_moderator(case)
    cases.request_changes(claims.claim(case, by=moderator), by=moderator, reason="Too loud.")

    story = Story.objects.get(pk=case.story_id)
    story.resume_review(by=story.collector)

    case.refresh_from_db()
    assert case.outcome == Case.Outcome.CHANGES_REQUESTED
    assert story.cases.open().count() == 1


def test_two_people_approve_and_the_story_is_published():
    case = make_case()
    first, second = make_moderator(case), make_moderator(case)

    cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)
    after_one = Story.objects.get(pk=case.story_id)
    cases.confirm(claims.claim(case, by=second), by=second, checklist=CHECKED)

    story = Story.objects.get(pk=case.story_id)
    assert after_one.status == Status.IN_REVIEW
    assert story.status == Status.PUBLISHED
    assert (story.approved_by, story.confirmed_by) == (first, second)
    assert story.approved_case_id == case.pk


def test_the_approved_case_names_what_both_saw():
    case = make_twice_approved()

    approved = Case.objects.get(pk=case.pk)

    assert Story.objects.get(pk=case.story_id).approved_case_id == case.pk
    assert approved.rendition_set == case.story.rendition_sets.get()
    assert approved.revision == case.story.transcripts.get().latest


def test_one_person_cannot_approve_twice():
    case = make_case()
    moderator = make_moderator(case)
    cases.approve(claims.claim(case, by=moderator), by=moderator, checklist=CHECKED)
    claims.claim(case, by=moderator)

    problem = refused(lambda: cases.confirm(case, by=moderator, checklist=CHECKED))

    assert (problem.status, problem.code) == (403, "second_person_needed")
    assert Story.objects.get(pk=case.story_id).status == Status.IN_REVIEW


def test_an_approval_waits_until_all_renditions_are_made():
    case = make_case(complete=False)
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    problem = refused(lambda: cases.approve(case, by=moderator, checklist=CHECKED))

    assert problem.code == "renditions_pending"


def test_an_approval_waits_until_speech_has_ended():
    case = make_case()
    moderator = make_moderator(case)
    Transcript.objects.update(outcome=Transcript.Outcome.PENDING, ended_at=None)

    problem = refused(
        lambda: cases.approve(claims.claim(case, by=moderator), by=moderator, checklist=CHECKED)
    )

    assert problem.code == "speech_pending"


def test_a_failed_rendition_is_named():
    case = make_case(complete=False)
    moderator = make_moderator(case)
    Job.objects.create(
        queue="media",
        kind="renditions",
        subject=case.story.rendition_sets.get().pk,
        group=case.story_id,
        state=State.FAILED,
        reason="The picture is damaged.",
        ended_at=timezone.now(),
    )

    problem = refused(
        lambda: cases.approve(claims.claim(case, by=moderator), by=moderator, checklist=CHECKED)
    )

    assert problem.code == "renditions_failed"


@pytest.mark.parametrize("left_out", [item.code for item in ITEMS])
def test_every_point_of_the_checklist_must_be_ticked(left_out):
    case = make_case()
    moderator = make_moderator(case)
    ticked = [code for code in CHECKED if code != left_out]

    problem = refused(
        lambda: cases.approve(claims.claim(case, by=moderator), by=moderator, checklist=ticked)
    )

    assert (problem.status, problem.code) == (400, "checklist_incomplete")
    assert problem.extra["missing"] == [left_out]


def test_a_story_that_may_not_be_screened_is_not_approved():
    device = make_device()
    consent = make_consent(device, grants=granted(Use.TRANSCRIPTION))
    case = make_case(device, consent=consent)
    moderator = make_moderator(case)

    problem = refused(
        lambda: cases.approve(claims.claim(case, by=moderator), by=moderator, checklist=CHECKED)
    )

    assert (problem.status, problem.code) == (409, "consent_missing")


def test_a_minor_without_assent_is_not_approved():
    case = make_case()
    moderator = make_moderator(case)
    Storyteller.objects.update(age_band=AgeBand.FROM_15_TO_17)

    problem = refused(
        lambda: cases.approve(claims.claim(case, by=moderator), by=moderator, checklist=CHECKED)
    )

    assert problem.code == "consent_guardian_missing"


def test_there_is_nothing_to_confirm_before_the_first_approval():
    case = make_case()
    moderator = make_moderator(case)

    problem = refused(
        lambda: cases.confirm(claims.claim(case, by=moderator), by=moderator, checklist=CHECKED)
    )

    assert problem.code == "first_approval_missing"


def test_a_second_first_approval_is_refused():
    case = make_case()
    first, second = make_moderator(case), make_moderator(case)
    cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)

    problem = refused(
        lambda: cases.approve(claims.claim(case, by=second), by=second, checklist=CHECKED)
    )

    assert problem.code == "first_approval_exists"


def test_a_coordinator_publishes_where_that_is_the_policy():
    programme = make_programme(publish_policy=PublishPolicy.BY_COORDINATOR)
    case = make_twice_approved(device=make_device(programme=programme))
    story = Story.objects.get(pk=case.story_id)
    coordinator = make_user(role=Role.COORDINATOR, programme=programme)
    approved = story.status

    story.publish(by=coordinator)

    assert approved == Status.APPROVED
    assert story.status == Status.PUBLISHED


def test_a_story_that_two_have_not_approved_is_not_published():
    case = make_case()
    coordinator = make_user(role=Role.COORDINATOR, programme=case.story.programme)

    with pytest.raises(MoveRefused):
        case.story.publish(by=coordinator)


@pytest.mark.parametrize("reason", ["x" * 2001, "Too\x00 loud", "Loud\x1b[31m", "Loud\ud800"])
def test_a_reason_that_can_not_be_kept_or_read_is_refused(reason):
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    problem = refused(lambda: cases.reject(case, by=moderator, reason=reason))

    assert (problem.status, problem.code) == (400, "reason_invalid")
    assert not case.decisions.exists()


def test_a_reason_may_have_lines_however_a_browser_ends_them():
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    cases.request_changes(case, by=moderator, reason="a\r\n" * 999 + "\tb")

    assert case.decisions.get().reason == "a\n" * 999 + "\tb"


def test_an_approval_keeps_only_points_of_the_checklist_each_once():
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    problem = refused(lambda: cases.approve(case, by=moderator, checklist=[*CHECKED, "all_is_ok"]))
    cases.approve(case, by=moderator, checklist=[*CHECKED, *CHECKED])

    assert (problem.status, problem.code) == (400, "checklist_unknown")
    assert case.decisions.get().checklist == sorted(CHECKED)
