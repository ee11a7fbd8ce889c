"""What happens at the same moment, on PostgreSQL with threads of their own connections."""

import threading
import uuid
from functools import partial

import pytest

from accounts.roles import Role
from audit import SYSTEM
from audit.models import Entry
from common.errors import Conflict
from consent import belongings, withdrawal
from consent.models import Belonging, ConsentRecord, Storyteller, Withdrawal
from stories import erasure, intake
from stories.models import Feed, MoveRefused, Story, Tombstone
from stories.states import GONE, Status
from tests.accounts.make import make_device, make_user
from tests.consent.make import make_consent, make_storyteller, make_text, slip_code
from tests.races import race as all_at_once
from tests.stories.make import make_story, story_facts
from transcode.models import Job

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


# A lambda that closes over the loop's variables is called before the next round.
# ruff: noqa: B023


race = partial(all_at_once, expected=(Conflict,))


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


def test_no_consent_is_recorded_beside_a_withdrawal(rounds):
    """It came first and was taken back, or it came second and was refused."""
    for _ in range(rounds):
        device = make_device()
        storyteller = make_storyteller(device)
        make_text(device)

        def record_and_tell():
            consent = make_consent(device, storyteller=storyteller)
            intake.declare_story(consent, by=device, pk=uuid.uuid4(), facts=story_facts())

        _told, withdrawn = race(record_and_tell, lambda: withdraw(storyteller))

        assert withdrawn is True
        assert not ConsentRecord.objects.filter(storyteller=storyteller).standing().exists()
        theirs = Story.objects.filter(consent__storyteller=storyteller)
        assert not theirs.exclude(status__in=GONE).exists()


class Pause:
    """Holds who adds something after they asked whether it may be added."""

    WAIT_S = 1.0

    def __init__(self, monkeypatch, module, name):
        self._asked, self._withdrawn = threading.Event(), threading.Event()
        self._goes_on = getattr(module, name)
        monkeypatch.setattr(module, name, self._pause)

    def withdraw(self, storyteller):
        self._asked.wait(self.WAIT_S)
        withdraw(storyteller)
        self._withdrawn.set()

    def _pause(self, *args, **kwargs):
        self._asked.set()
        self.came_first = self._withdrawn.wait(self.WAIT_S)
        return self._goes_on(*args, **kwargs)


def test_a_withdrawal_waits_for_the_consent_that_is_being_recorded(monkeypatch):
    device = make_device()
    storyteller = make_storyteller(device)
    pause = Pause(monkeypatch, belongings, "claim_proof")

    race(
        lambda: make_consent(device, storyteller=storyteller),
        lambda: pause.withdraw(storyteller),
    )

    assert not pause.came_first
    assert not ConsentRecord.objects.standing().exists()


def test_and_for_the_story_that_is_being_declared(monkeypatch):
    device = make_device()
    consent = make_consent(device)
    pause = Pause(monkeypatch, belongings, "claim_recording")

    race(
        lambda: intake.declare_story(consent, by=device, pk=uuid.uuid4(), facts=story_facts()),
        lambda: pause.withdraw(consent.storyteller),
    )

    assert not pause.came_first
    assert Story.objects.get().status == Status.WITHDRAWN


def test_two_withdrawals_at_once_are_one(rounds):
    for _ in range(rounds):
        consent = make_consent()

        results = race(*[lambda: withdraw(consent.storyteller)] * 2)

        assert sorted(results) == [False, True]
        assert Withdrawal.objects.filter(storyteller=consent.storyteller).count() == 1


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


class HeldUp:
    """Makes a decision wait, its story locked, until a withdrawal holds the collector's feed.

    With a withdrawal that moves one story before it has locked the next, both then wait for each
    other. One that locks them all first never comes to the feed; the decision goes on after a
    second and the withdrawal follows.
    """

    WAIT_S = 1.0

    def __init__(self, monkeypatch):
        self._story_is_locked = threading.Event()
        self._feed_is_taken = threading.Event()
        self._decider = None
        self._next_change = Feed.next_change
        monkeypatch.setattr(Feed, "next_change", self._held_up)

    def decide(self, story):
        self._decider = threading.get_ident()
        fresh(story).reject(by=SYSTEM, note="No.")

    def withdraw(self, storyteller):
        self._story_is_locked.wait(self.WAIT_S)
        return withdraw(storyteller)

    def _held_up(self, collector_id):
        if threading.get_ident() == self._decider:
            self._story_is_locked.set()
            self._feed_is_taken.wait(self.WAIT_S)
            return self._next_change(collector_id)
        number = self._next_change(collector_id)
        self._feed_is_taken.set()
        return number


def two_consents():
    """A storyteller with a story in review on each of two records, in the order of the records."""
    device = make_device()
    storyteller = make_storyteller(device)
    records = [make_consent(device, storyteller=storyteller) for _ in range(2)]
    stories = {
        record.pk: make_story(device, consent=record, status=Status.IN_REVIEW) for record in records
    }
    return storyteller, [stories[pk] for pk in sorted(stories)]


def test_a_withdrawal_of_two_consents_and_a_decision_never_wait_in_a_circle(monkeypatch):
    monkeypatch.setattr(withdrawal, "DEADLOCK", "never", raising=False)
    storyteller, (_first, second) = two_consents()
    held_up = HeldUp(monkeypatch)

    race(lambda: held_up.decide(second), lambda: held_up.withdraw(storyteller))

    assert set(Story.objects.values_list("status", flat=True)) == {Status.WITHDRAWN}


def test_withdrawal_of_two_consents_beats_decisions_on_both(rounds):
    for _ in range(rounds):
        storyteller, stories = two_consents()

        race(
            lambda: withdraw(storyteller),
            *[lambda story=story: fresh(story).reject(by=SYSTEM, note="No.") for story in stories],
        )

        assert {fresh(story).status for story in stories} == {Status.WITHDRAWN}


def test_of_two_storytellers_with_one_slip_one_is_told(rounds):
    for _ in range(rounds):
        device, slip = make_device(), slip_code()

        results = race(*[lambda: make_storyteller(device, slip=slip)] * 2)

        assert [result.code for result in results if isinstance(result, Conflict)] == ["slip_taken"]
        assert Storyteller.objects.filter(programme=device.programme).count() == 1


def test_of_two_stories_with_one_upload_one_is_told(rounds):
    for _ in range(rounds):
        device, upload = make_device(), uuid.uuid4()
        consent = make_consent(device)

        def declare():
            facts = story_facts(upload=upload)
            return intake.declare_story(consent, by=device, pk=uuid.uuid4(), facts=facts)

        results = race(declare, declare)

        refused = [result.code for result in results if isinstance(result, Conflict)]
        assert refused == ["upload_taken"]
        assert Story.objects.filter(consent=consent).count() == 1


def test_of_two_storytellers_with_one_proof_one_is_told(rounds):
    for _ in range(rounds):
        device, proof_id = make_device(), uuid.uuid4()
        storytellers = [make_storyteller(device) for _ in range(2)]
        make_text(device)

        results = race(
            *[
                lambda one=one: make_consent(
                    device, storyteller=one, with_proof=False, proof_id=proof_id
                )
                for one in storytellers
            ]
        )

        refused = [result.code for result in results if isinstance(result, Conflict)]
        assert refused == ["proof_taken"]
        assert ConsentRecord.objects.filter(proof_id=proof_id).count() == 1
        assert Belonging.objects.filter(pk=proof_id).count() == 1


def test_an_erasure_follows_a_withdrawal_or_is_refused(rounds):
    for _ in range(rounds):
        story = make_story(status=Status.PUBLISHED)

        results = race(
            lambda: withdraw(story.consent.storyteller),
            lambda: erasure.erase(fresh(story), by=SYSTEM),
        )

        refused = isinstance(results[1], MoveRefused)
        assert fresh(story).status == (Status.WITHDRAWN if refused else Status.ERASED)
        assert Tombstone.objects.filter(pk=story.pk).exists() is not refused


def test_two_erasures_of_one_story_are_one(rounds):
    for _ in range(rounds):
        story = make_story(status=Status.WITHDRAWN)

        assert race(*[lambda: erasure.erase(fresh(story), by=SYSTEM)] * 2) == [None, None]

        erased = Entry.objects.of(story.audit_subject).filter(action="story.erased")
        assert erased.count() == 1


def test_the_name_goes_with_the_last_story_also_when_both_go_at_once(rounds):
    for _ in range(rounds):
        storyteller, stories = two_consents()
        withdraw(storyteller)

        race(*[lambda story=story: erasure.erase(fresh(story), by=SYSTEM) for story in stories])

        assert Storyteller.objects.get(pk=storyteller.pk).pseudonym == ""
