"""What happens at the same moment, on PostgreSQL with threads of their own connections."""

import uuid

import pytest

from accounts.roles import Role
from audit import SYSTEM
from audit.models import Entry
from consent import withdrawal
from consent.models import Withdrawal
from stories import intake
from stories.models import ConsentMissing, MoveRefused, Story
from stories.states import GONE, Status
from tests.accounts.make import make_device, make_user
from tests.consent.make import make_consent
from tests.races import race as all_at_once
from tests.stories.make import make_story, story_facts
from transcode.models import Job

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


# A lambda that closes over the loop's variables is called before the next round.
# ruff: noqa: B023


def race(*calls):
    """Results and refusals in order; anything else that was raised fails the test."""
    results = all_at_once(*calls)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, MoveRefused | ConsentMissing):
            raise result
    return results


def withdraw(storyteller):
    return withdrawal.withdraw(storyteller, by=None, channel=Withdrawal.Channel.SLIP)


def fresh(story):
    return Story.objects.get(pk=story.pk)


def test_withdrawal_beats_a_publication_in_flight(rounds):
    for _ in range(rounds):
        story = make_story(status=Status.APPROVED)

        race(lambda: fresh(story).publish(by=SYSTEM), lambda: withdraw(story.consent.storyteller))

        assert fresh(story).status == Status.WITHDRAWN


def test_withdrawal_beats_an_approval_in_flight(rounds):
    for _ in range(rounds):
        story = make_story(status=Status.IN_REVIEW)
        first, second = (make_user(Role.MODERATOR, programme=story.programme) for _ in range(2))

        race(
            lambda: fresh(story).approve(by=second, first=first, case_id=uuid.uuid4()),
            lambda: withdraw(story.consent.storyteller),
        )

        assert fresh(story).status == Status.WITHDRAWN


def test_no_story_is_declared_on_a_consent_that_is_being_withdrawn(rounds):
    for _ in range(rounds):
        device = make_device()
        consent = make_consent(device)

        race(
            lambda: intake.declare_story(consent, by=device, pk=uuid.uuid4(), facts=story_facts()),
            lambda: withdraw(consent.storyteller),
        )

        assert not Story.objects.filter(consent=consent).exclude(status__in=GONE).exists()


def test_two_withdrawals_at_once_are_one(rounds):
    for _ in range(rounds):
        consent = make_consent()

        results = race(*[lambda: withdraw(consent.storyteller)] * 2)

        assert sorted(results) == [0, 1]


def test_two_submits_at_once_hand_over_once(rounds):
    for _ in range(rounds):
        device = make_device()
        story = make_story(device)

        results = race(*[lambda: intake.submit(fresh(story), by=device)] * 2)

        assert results == [None, None]
        entries = Entry.objects.of(story.audit_subject)
        assert entries.filter(action="story.submitted").count() == 1
        assert Job.objects.filter(group=story.pk, kind="probe").count() == 1


def test_two_declarations_of_one_id_make_one_story(rounds):
    for _ in range(rounds):
        device = make_device()
        consent, pk, facts = make_consent(device), uuid.uuid4(), story_facts()

        results = race(*[lambda: intake.declare_story(consent, by=device, pk=pk, facts=facts)] * 2)

        assert sorted(created for _story, created in results) == [False, True]
        assert Story.objects.filter(pk=pk).count() == 1


def test_of_two_contrary_moves_one_is_refused(rounds):
    for _ in range(rounds):
        story = make_story(status=Status.IN_REVIEW)

        results = race(
            lambda: fresh(story).reject(by=SYSTEM, note="No."),
            lambda: fresh(story).request_changes(by=SYSTEM, note="Please."),
        )

        assert sum(isinstance(result, MoveRefused) for result in results) == 1
        assert fresh(story).status in (Status.REJECTED, Status.CHANGES_REQUESTED)


def test_changes_of_one_collector_are_numbered_without_a_gap(rounds):
    device = make_device()
    stories = [make_story(device) for _ in range(4)]

    race(*[lambda story=story: fresh(story).withdraw(by=SYSTEM) for story in stories])

    numbers = sorted(
        Story.objects.filter(collector=device.collector).values_list("change", flat=True)
    )
    assert numbers == [5, 6, 7, 8]
