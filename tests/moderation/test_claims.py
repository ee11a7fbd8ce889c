"""One person at a time is at a case."""

import pytest
from django.utils import timezone

from accounts.roles import Role
from moderation import cases, claims
from moderation.models import Case
from tests.accounts.make import make_device, make_programme, make_user
from tests.moderation.make import (
    CHECKED,
    make_case,
    make_moderator,
    refused,
    take_over_later,
)

pytestmark = pytest.mark.django_db


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


def test_a_decided_case_names_who_decided():
    case = make_case()
    winner, loser = make_moderator(case, username="aissatou"), make_moderator(case)
    cases.reject(claims.claim(case, by=winner), by=winner, reason="No.")

    problem = refused(lambda: claims.claim(case, by=loser))

    assert (problem.status, problem.code) == (409, "case_closed")
    assert "aissatou" in str(problem.detail)
