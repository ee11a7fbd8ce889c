"""What was decided stays as it was written."""

import pytest
from django.db import IntegrityError, transaction

from audit.append_only import AppendOnly
from moderation import cases, claims
from moderation.models import Case, Decision
from stories.models import Story
from stories.states import Status
from tests.moderation.make import (
    CHECKED,
    actions,
    make_case,
    make_moderator,
    make_twice_approved,
    refused,
)

pytestmark = pytest.mark.django_db


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

    for change in (
        decision.save,
        decision.delete,
        case.decisions.all().delete,
        lambda: case.decisions.update(reason="Another."),
    ):
        with pytest.raises(AppendOnly):
            change()


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
