"""What comes after an approval: another version, a withdrawal, an erasure."""

import pytest

from audit import SYSTEM
from consent.models import Withdrawal
from consent.withdrawal import withdraw
from moderation import cases, claims
from moderation.models import Case
from stories.erasure import erase
from stories.models import Story
from stories.states import Status
from tests.moderation.make import (
    CHECKED,
    make_case,
    make_moderator,
    make_twice_approved,
    refused,
)
from tests.transcode.make import CUES, make_revision, make_set
from transcode.models import Revision

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("renew", [make_revision, make_set])
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

    make_revision(case.story, CUES[:2])

    story = Story.objects.get(pk=case.story_id)
    assert (story.status, story.approved_by) == (Status.IN_REVIEW, None)
    assert story.cases.open().count() == 1


def test_a_new_transcript_leaves_a_withdrawn_story_withdrawn():
    case = make_twice_approved()
    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)

    make_revision(case.story, CUES[:2])

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


def test_an_erased_story_leaves_its_decisions_without_a_reason():
    case = make_case()
    moderator = make_moderator(case)
    cases.reject(claims.claim(case, by=moderator), by=moderator, reason="His uncle is named.")
    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)

    erase(case.story, by=moderator)

    decision = case.decisions.get()
    assert (decision.reason, decision.verdict, decision.by) == ("", "reject", moderator)
    assert decision.erased_at


def test_erasing_one_story_leaves_the_reasons_of_others():
    case, other = make_case(), make_case()
    for decided in (case, other):
        moderator = make_moderator(decided)
        cases.reject(claims.claim(decided, by=moderator), by=moderator, reason="Too loud.")
    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)

    erase(case.story, by=SYSTEM)

    assert other.decisions.get().reason == "Too loud."


def test_a_story_that_two_approved_can_be_erased():
    case = make_twice_approved()
    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)

    erase(case.story, by=SYSTEM)

    assert Story.objects.get(pk=case.story_id).status == Status.ERASED
    assert case.decisions.count() == 2
