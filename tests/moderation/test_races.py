"""Two people at once: only a server with row locks can show it."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from audit.models import Entry
from common.errors import Problem
from consent.models import Withdrawal
from consent.withdrawal import withdraw
from moderation import cases, claims, transcripts
from moderation.models import Case
from stories.models import Story
from stories.states import Status
from tests.moderation.make import CHECKED, make_case, make_moderator, take_over_later
from tests.races import race
from tests.transcode.make import CUES, make_revision
from transcode.subtitles import write_srt

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

# A lambda that closes over the loop's variables is called before the next round.
# ruff: noqa: B023


def problems_in(results: list[Any]) -> list[Problem]:
    return [result for result in results if isinstance(result, Problem)]


def ready_to_confirm() -> tuple[Case, User]:
    """A case with its first approval, and the second person who has claimed it."""
    case = make_case()
    first, second = make_moderator(case), make_moderator(case, username=f"second-{case.pk}")
    cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)
    return claims.claim(case, by=second), second


def withdraw_all_of(case: Case) -> None:
    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)


def verdicts(case: Case) -> list[str]:
    return [decision.verdict for decision in case.decisions.all()]


def test_of_an_approval_and_a_rejection_at_once_one_wins_and_the_other_is_told(rounds):
    for _round in range(rounds):
        case, approver = ready_to_confirm()
        rejecter = make_moderator(case, username=f"rejecter-{case.pk}")
        take_over_later(case)

        results = race(
            lambda: cases.confirm(case, by=approver, checklist=CHECKED),
            lambda: cases.reject(claims.claim(case, by=rejecter), by=rejecter, reason="No."),
            expected=(Problem,),
        )

        [problem] = problems_in(results)
        winner = rejecter if results[0] is problem else approver
        assert problem.status == 409
        assert winner.username in str(problem.detail)
        assert len(verdicts(case)) == 2


def test_of_two_who_claim_at_once_one_gets_the_case(rounds):
    for _round in range(rounds):
        case = make_case()
        people = [make_moderator(case, username=f"{name}-{case.pk}") for name in ("a", "b")]

        results = race(
            *(lambda by=by: claims.claim(case, by=by) for by in people), expected=(Problem,)
        )

        [problem] = problems_in(results)
        holder = Case.objects.get(pk=case.pk).claimed_by
        assert isinstance(problem, claims.CaseClaimed)
        assert holder is not None
        assert holder.username in str(problem.detail)
        trail = Entry.objects.of(case.story.audit_subject)
        assert trail.filter(action="case.claimed").count() == 1


def test_a_withdrawal_beats_a_confirmation_in_flight(rounds):
    for _round in range(rounds):
        case, second = ready_to_confirm()

        results = race(
            lambda: cases.confirm(case, by=second, checklist=CHECKED),
            lambda: withdraw_all_of(case),
            expected=(Problem,),
        )

        assert results[1] not in problems_in(results)
        assert Story.objects.get(pk=case.story_id).status == Status.WITHDRAWN
        assert not Case.objects.get(pk=case.pk).is_open


def test_a_withdrawal_beats_a_claim_and_an_approval_in_flight(rounds):
    for _round in range(rounds):
        case = make_case()
        moderator = make_moderator(case)
        claims.claim(case, by=moderator)

        results = race(
            lambda: withdraw_all_of(case),
            lambda: cases.approve(case, by=moderator, checklist=CHECKED),
            lambda: claims.release(case, by=moderator),
            expected=(Problem,),
        )

        closed = Case.objects.get(pk=case.pk)
        assert results[0] not in problems_in(results)
        assert (closed.outcome, closed.claimed_by) == (Case.Outcome.WITHDRAWN, None)


def test_a_double_click_confirms_once(rounds):
    for _round in range(rounds):
        case, second = ready_to_confirm()

        results = race(
            *[lambda: cases.confirm(case, by=second, checklist=CHECKED)] * 2, expected=(Problem,)
        )

        assert problems_in(results) == []
        assert verdicts(case) == ["approve", "confirm"]
        trail = Entry.objects.of(case.story.audit_subject)
        assert trail.filter(action="story.published").count() == 1


def test_a_transcript_that_comes_during_a_confirmation_is_looked_at_again(rounds):
    for _round in range(rounds):
        case, second = ready_to_confirm()

        results = race(
            lambda: cases.confirm(case, by=second, checklist=CHECKED),
            lambda: make_revision(case.story),
            expected=(Problem,),
        )

        story = Story.objects.get(pk=case.story_id)
        assert results[1] not in problems_in(results)
        assert story.status == Status.IN_REVIEW
        assert story.cases.open().get().first_approval is None


def test_a_withdrawal_beats_a_transcript_that_is_being_uploaded(rounds):
    for _round in range(rounds):
        case, second = ready_to_confirm()
        file = SimpleUploadedFile("mine.srt", write_srt(CUES[:2]))

        race(
            lambda: transcripts.replace(case, file, by=second, based_on=1),
            lambda: withdraw_all_of(case),
            expected=(Problem,),
        )

        story = Story.objects.get(pk=case.story_id)
        assert story.status == Status.WITHDRAWN
        assert not story.cases.open().exists()
