import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import PublishPolicy
from accounts.roles import Role
from audit.models import Entry
from common.errors import Problem
from consent.models import Storyteller, Withdrawal
from consent.uses import AgeBand, Use
from consent.withdrawal import withdraw
from moderation import cases, claims
from moderation.checklist import ITEMS
from moderation.models import CLAIM_IDLE, AppendOnly, Case, Decision
from stories.models import MoveRefused, Story
from stories.states import Status
from tests.accounts.make import make_device, make_programme, make_user
from tests.consent.make import granted, make_consent
from tests.moderation.make import (
    CHECKED,
    CUES,
    make_case,
    make_moderator,
    make_set,
    make_twice_approved,
    revise,
)
from transcode.models import Job, Revision, State, Transcript

pytestmark = pytest.mark.django_db


def refused(step) -> Problem:
    """The problem with which `step` is refused."""
    with pytest.raises(Problem) as caught:
        step()
    return caught.value


def actions(story: Story) -> list[str]:
    return list(Entry.objects.of(story.audit_subject).values_list("action", flat=True))


def take_over_later(case: Case) -> None:
    """Let the claim be older than it may be."""
    Case.objects.filter(pk=case.pk).update(claimed_at=timezone.now() - CLAIM_IDLE)


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

    approved = cases.approved_case(Story.objects.get(pk=case.story_id))

    assert approved == case
    assert approved.rendition_set == case.story.rendition_sets.get()
    assert approved.revision == case.story.transcripts.get().latest


def test_each_step_is_in_the_audit_trail():
    case = make_twice_approved()

    steps = [action for action in actions(case.story) if action.startswith("case.")]

    assert steps == [
        "case.opened",
        "case.claimed",
        "case.first_approval",
        "case.claimed",
        "case.confirmed",
        "case.closed",
    ]


def test_one_person_cannot_approve_twice():
    case = make_case()
    moderator = make_moderator(case)
    cases.approve(claims.claim(case, by=moderator), by=moderator, checklist=CHECKED)
    claims.claim(case, by=moderator)

    problem = refused(lambda: cases.confirm(case, by=moderator, checklist=CHECKED))

    assert (problem.status, problem.code) == (403, "second_person_needed")
    assert Story.objects.get(pk=case.story_id).status == Status.IN_REVIEW


def test_the_collector_has_no_say_on_their_own_story():
    programme = make_programme()
    collector = make_user(Role.COLLECTOR, Role.MODERATOR, programme=programme)
    case = make_case(make_device(programme=programme, collector=collector))

    problem = refused(lambda: claims.claim(case, by=collector))
    Case.objects.filter(pk=case.pk).update(claimed_by=collector, claimed_at=timezone.now())
    also = refused(lambda: cases.approve(case, by=collector, checklist=CHECKED))

    assert (problem.status, problem.code) == (403, "own_story")
    assert also.code == "own_story"


@pytest.mark.parametrize("step", ["approve", "confirm", "request_changes", "reject"])
def test_nothing_is_decided_on_an_unclaimed_case(step):
    case = make_case()
    moderator = make_moderator(case)
    refusal = step in ("request_changes", "reject")
    given: dict[str, object] = {"reason": "No."} if refusal else {"checklist": CHECKED}

    problem = refused(lambda: getattr(cases, step)(case, by=moderator, **given))

    assert (problem.status, problem.code) == (409, "case_not_claimed")
    assert not case.decisions.exists()


def test_who_comes_second_to_a_claimed_case_learns_who_has_it():
    case = make_case()
    first = make_moderator(case, username="mariama")
    claims.claim(case, by=first)

    problem = refused(lambda: claims.claim(case, by=make_moderator(case)))

    assert (problem.status, problem.code) == (409, "case_claimed")
    assert problem.extra["claimed_by"] == "mariama"
    assert "mariama" in str(problem.detail)


def test_an_idle_claim_may_be_taken_over():
    case = make_case()
    first, second = make_moderator(case), make_moderator(case)
    claims.claim(case, by=first)
    take_over_later(case)

    claims.claim(case, by=second)

    problem = refused(lambda: cases.approve(case, by=first, checklist=CHECKED))
    assert problem.code == "case_claimed"


def test_an_idle_claim_that_nobody_took_still_counts():
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)
    take_over_later(case)

    cases.approve(case, by=moderator, checklist=CHECKED)

    assert case.decisions.count() == 1


def test_a_released_case_is_free_for_others():
    case = make_case()
    first, second = make_moderator(case), make_moderator(case)
    claims.claim(case, by=first)

    claims.release(case, by=second)
    still = refused(lambda: claims.claim(case, by=second))
    claims.release(case, by=first)

    assert still.code == "case_claimed"
    assert claims.claim(case, by=second).claimed_by == second


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


@pytest.mark.parametrize("step", [cases.request_changes, cases.reject])
@pytest.mark.parametrize("reason", ["", "  \n "])
def test_a_refusal_needs_a_reason(step, reason):
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    problem = refused(lambda: step(case, by=moderator, reason=reason))

    assert (problem.status, problem.code) == (400, "reason_missing")
    assert Case.objects.get(pk=case.pk).is_open


@pytest.mark.parametrize(
    ("step", "status"),
    [(cases.request_changes, Status.CHANGES_REQUESTED), (cases.reject, Status.REJECTED)],
)
def test_the_collector_reads_why_a_story_was_refused(step, status):
    case = make_case()
    moderator = make_moderator(case)

    closed = step(claims.claim(case, by=moderator), by=moderator, reason="A phone number is heard.")

    story = Story.objects.get(pk=case.story_id)
    assert (story.status, story.note_for_collector) == (status, "A phone number is heard.")
    assert closed.outcome == status.value


def test_a_decided_case_names_who_decided():
    case = make_case()
    winner, loser = make_moderator(case, username="aissatou"), make_moderator(case)
    cases.reject(claims.claim(case, by=winner), by=winner, reason="No.")

    problem = refused(lambda: claims.claim(case, by=loser))

    assert (problem.status, problem.code) == (409, "case_closed")
    assert "aissatou" in str(problem.detail)


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


@pytest.mark.parametrize("renew", [revise, make_set])
def test_something_new_voids_the_first_approval(renew):
    case = make_case()
    first = make_moderator(case)
    cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)

    renew(case.story)

    case.refresh_from_db()
    successor = case.story.cases.open().get()
    assert case.outcome == Case.Outcome.OUTDATED
    assert successor.first_approval is None
    assert claims.claim(successor, by=first).claimed_by == first


def test_a_confirmation_of_an_older_version_voids_the_first_approval():
    case = make_case()
    first, second = make_moderator(case), make_moderator(case)
    cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)
    claims.claim(case, by=second)
    transcript = case.story.transcripts.get()
    # As by a process that sends no signals.
    Revision.objects.bulk_create([Revision(transcript=transcript, number=2, cues=[])])

    problem = refused(lambda: cases.confirm(case, by=second, checklist=CHECKED))

    case.refresh_from_db()
    successor = case.story.cases.open().get()
    assert (problem.status, problem.code) == (409, "case_outdated")
    assert problem.extra["case"] == str(successor.pk)
    assert case.outcome == Case.Outcome.OUTDATED
    assert case.story.status == Status.IN_REVIEW


def test_a_new_transcript_takes_a_published_story_back_to_review():
    case = make_twice_approved()

    revise(case.story, CUES[:2])

    story = Story.objects.get(pk=case.story_id)
    assert (story.status, story.approved_by) == (Status.IN_REVIEW, None)
    assert story.cases.open().count() == 1


def test_a_new_transcript_leaves_a_withdrawn_story_withdrawn():
    case = make_twice_approved()
    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)

    revise(case.story, CUES[:2])

    assert Story.objects.get(pk=case.story_id).status == Status.WITHDRAWN


def test_a_withdrawal_closes_the_case_and_ends_every_decision():
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)

    problem = refused(lambda: cases.approve(case, by=moderator, checklist=CHECKED))
    case.refresh_from_db()
    assert (case.outcome, case.claimed_by) == (Case.Outcome.WITHDRAWN, None)
    assert (problem.code, problem.extra["outcome"]) == ("case_closed", "withdrawn")


def test_a_coordinator_publishes_where_that_is_the_policy():
    programme = make_programme(publish_policy=PublishPolicy.BY_COORDINATOR)
    case = make_twice_approved(device=make_device(programme=programme))
    story = Story.objects.get(pk=case.story_id)
    coordinator = make_user(role=Role.COORDINATOR, programme=programme)
    approved = story.status

    cases.publish(story, by=coordinator)

    assert approved == Status.APPROVED
    assert story.status == Status.PUBLISHED


def test_a_story_that_two_have_not_approved_is_not_published():
    case = make_case()
    coordinator = make_user(role=Role.COORDINATOR, programme=case.story.programme)

    with pytest.raises(MoveRefused):
        cases.publish(case.story, by=coordinator)


def test_the_same_click_twice_decides_once():
    case = make_case()
    first, second = make_moderator(case), make_moderator(case)
    claims.claim(case, by=first)

    for _click in range(2):
        cases.approve(case, by=first, checklist=CHECKED)
    claims.claim(case, by=second)
    for _click in range(2):
        cases.confirm(case, by=second, checklist=CHECKED)

    assert case.decisions.count() == 2
    assert actions(case.story).count("story.published") == 1


def test_decisions_are_only_ever_added():
    case = make_twice_approved()
    decision = case.decisions.get(verdict="confirm")

    with pytest.raises(AppendOnly):
        decision.save()
    with pytest.raises(AppendOnly):
        decision.delete()


def test_the_database_refuses_what_the_code_would_not_do():
    case = make_twice_approved()
    second = case.decisions.get(verdict="confirm").by
    rows = [
        {"by": second, "verdict": "confirm"},
        {"by": make_moderator(case), "verdict": "reject", "reason": "Also ends it."},
        {"by": make_moderator(case), "verdict": "approve"},
        {"by": make_moderator(case), "verdict": "maybe"},
    ]

    for row in rows:
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.create(case=case, **row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(outcome="")


def test_a_refusal_without_a_reason_is_not_stored():
    case = make_case()

    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(case=case, by=make_moderator(case), verdict="reject")
