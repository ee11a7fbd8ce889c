"""A withdrawal is one act over everything that a person ever agreed to, and loses to nothing."""

import pytest
from django.db import OperationalError

from audit.models import Entry
from consent import belongings, signals, withdrawal
from consent.models import Belonging, ConsentRecord, Withdrawal
from consent.withdrawal import ConsentWithdrawn
from tests.accounts.make import make_device
from tests.consent.make import RECORDED_AT, make_consent, make_storyteller

pytestmark = pytest.mark.django_db


class Deadlock(Exception):
    """As psycopg tells it."""

    sqlstate = "40P01"


@pytest.fixture
def storyteller():
    device = make_device()
    storyteller = make_storyteller(device)
    for _ in range(2):
        make_consent(device, storyteller=storyteller)
    return storyteller


@pytest.fixture
def listen():
    """Connect a receiver for the length of the test."""
    receivers = []

    def connect(receiver):
        receivers.append(receiver)
        signals.withdrawn.connect(receiver)

    yield connect
    for receiver in receivers:
        signals.withdrawn.disconnect(receiver)


def withdraw(storyteller):
    return withdrawal.withdraw(storyteller, by=None, channel=Withdrawal.Channel.SLIP)


def failing(error, *, times):
    """A receiver that raises `error` the first `times` times; it counts its calls."""

    return Failing(error, times=times)


class Failing:
    def __init__(self, error, *, times):
        self.error, self.times, self.calls = error, times, 0

    def __call__(self, **_kwargs):
        self.calls += 1
        if self.calls <= self.times:
            raise OperationalError("could not") from self.error


def test_the_later_rooms_hear_of_it_once(storyteller, listen):
    heard = []
    listen(lambda storyteller, **_kwargs: heard.append(storyteller))

    assert [withdraw(storyteller), withdraw(storyteller)] == [True, False]

    assert heard == [storyteller]
    assert not ConsentRecord.objects.standing().exists()


def test_it_stands_when_nothing_has_arrived_yet():
    storyteller = make_storyteller(make_device())

    assert withdraw(storyteller)

    assert Withdrawal.objects.get().storyteller == storyteller
    entries = Entry.objects.of(storyteller.audit_subject)
    assert [entry.action for entry in entries] == ["consent.withdrawn"]


def test_it_binds_what_a_phone_brings_later_however_old_it_is(storyteller):
    device = storyteller.registered_by.devices.get()
    withdraw(storyteller)

    with pytest.raises(ConsentWithdrawn, match="Delete it from the phone"):
        make_consent(device, storyteller=storyteller, recorded_at=RECORDED_AT)

    assert not ConsentRecord.objects.standing().exists()
    assert storyteller.records.count() == 2


def test_who_wants_to_tell_after_all_is_a_new_storyteller(storyteller):
    device = storyteller.registered_by.devices.get()
    withdraw(storyteller)

    assert make_consent(device, storyteller=make_storyteller(device)).has_proof()


def test_an_upload_is_never_both_proof_and_recording(storyteller):
    consent = storyteller.records.first()
    recording = make_consent(with_proof=False)
    belonging = {"storyteller": storyteller, "sha256": consent.proof_sha256}

    with pytest.raises(belongings.UploadTaken):
        belongings.claim_recording(consent.proof_id, **belonging)
    Belonging.objects.create(upload_id=recording.pk, purpose="recording", **belonging)
    with pytest.raises(belongings.ProofTaken):
        belongings.claim_proof(recording.pk, **belonging)


def test_a_proof_stays_the_file_that_it_was_declared_as(storyteller):
    consent = storyteller.records.first()

    with pytest.raises(belongings.ProofTaken):
        belongings.claim_proof(consent.proof_id, storyteller=storyteller, sha256="0" * 64)


def test_it_goes_on_after_a_deadlock(storyteller, listen):
    receiver = failing(Deadlock(), times=1)
    listen(receiver)

    assert withdraw(storyteller)

    assert receiver.calls == 2
    assert Withdrawal.objects.count() == 1


@pytest.mark.parametrize(("error", "times"), [(Deadlock(), 2), (Exception("no such table"), 1)])
def test_what_does_not_pass_by_itself_is_told_and_undone(storyteller, listen, error, times):
    listen(failing(error, times=times))

    with pytest.raises(OperationalError):
        withdraw(storyteller)

    assert not Withdrawal.objects.exists()
