import functools
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import devices
from accounts.devices import CodeRefused, TokenRefused, TokenRevoked
from accounts.models import Device, EnrolmentCode, Membership
from accounts.roles import Role
from audit import Action
from audit.models import Entry
from common.errors import Invalid
from tests.accounts.make import make_device, make_phone, make_programme, make_user
from tests.races import race

pytestmark = pytest.mark.django_db

enrol = functools.partial(devices.enrol, address="127.0.0.1")


def make_code(**kwargs) -> str:
    programme = make_programme()
    collector = make_user(role=Role.COLLECTOR, programme=programme)
    coordinator = make_user(role=Role.COORDINATOR, programme=programme)
    return devices.enrolment_code(programme, collector, by=coordinator, **kwargs)


def test_a_code_lets_one_phone_in():
    device, token = enrol(make_code(), name="Blue")

    assert devices.authenticate(token) == device
    assert device.name == "Blue"


def test_a_code_can_be_typed_as_people_type():
    code = make_code()

    device, _token = enrol(f" {code.lower().replace('-', ' ')} ")

    assert device.collector == EnrolmentCode.objects.get().collector


def test_a_code_is_long_and_has_no_letters_that_look_alike():
    letters = make_code().replace("-", "")

    assert len(letters) == 10
    assert not set(letters) & set("0O1ILUV")


def test_neither_code_nor_token_is_kept():
    code = make_code()
    device, token = enrol(code)

    kept = [*EnrolmentCode.objects.values_list("code_digest", flat=True), device.token_digest]
    assert all(secret not in text for text in kept for secret in (code, token))


def test_a_code_works_once():
    code = make_code()
    enrol(code)

    with pytest.raises(CodeRefused):
        enrol(code)

    assert Device.objects.count() == 1


def test_an_expired_code_is_refused():
    code = make_code()
    EnrolmentCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(CodeRefused):
        enrol(code)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (timedelta(seconds=1), timedelta(minutes=15)),
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(days=30), timedelta(hours=24)),
    ],
)
def test_a_code_lives_between_a_quarter_of_an_hour_and_a_day(asked, given):
    before = timezone.now()

    make_code(ttl=asked)

    lives = EnrolmentCode.objects.get().expires_at - before
    assert given <= lives < given + timedelta(seconds=10)


def test_only_a_collector_of_the_programme_gets_a_code():
    programme = make_programme()
    coordinator = make_user(role=Role.COORDINATOR, programme=programme)
    elsewhere = make_user(role=Role.COLLECTOR)

    with pytest.raises(Invalid):
        devices.enrolment_code(programme, elsewhere, by=coordinator)


def test_who_stopped_collecting_cannot_use_a_code_any_more():
    code = make_code()
    Membership.objects.filter(role=Role.COLLECTOR).delete()

    with pytest.raises(CodeRefused):
        enrol(code)


def test_an_unknown_token_is_invalid():
    with pytest.raises(TokenRefused) as refused:
        devices.authenticate(str(uuid.uuid4()))

    assert (refused.value.status, refused.value.code) == (401, "token_invalid")


def test_a_revoked_phone_is_told_so():
    device, token = make_phone()
    coordinator = make_user(role=Role.COORDINATOR, programme=device.programme)

    devices.revoke(device, by=coordinator)

    with pytest.raises(TokenRevoked) as refused:
        devices.authenticate(token)
    assert refused.value.code == "token_revoked"


def test_revoking_again_leaves_no_second_trace():
    device = make_device()
    coordinator = make_user(role=Role.COORDINATOR, programme=device.programme)

    for _ in range(2):
        devices.revoke(device, by=coordinator)

    assert Entry.objects.of(device.audit_subject).filter(action=Action.DEVICE_REVOKED).count() == 1


@pytest.mark.parametrize("end", ["membership", "account"])
def test_a_phone_ends_with_its_collectors_work(end):
    device, token = make_phone()
    if end == "membership":
        Membership.objects.filter(user=device.collector).delete()
    else:
        device.collector.is_active = False
        device.collector.save(update_fields=["is_active"])

    with pytest.raises(TokenRevoked):
        devices.authenticate(token)


def test_being_seen_is_written_at_most_every_five_minutes(django_assert_num_queries):
    _device, token = make_phone()
    devices.authenticate(token)

    with django_assert_num_queries(2):
        devices.authenticate(token)

    assert Device.objects.get().last_seen_at is not None


def test_code_enrolment_and_revocation_are_in_the_trail():
    device = make_device()
    coordinator = make_user(role=Role.COORDINATOR, programme=device.programme)
    devices.revoke(device, by=coordinator)

    of_device = Entry.objects.of(device.audit_subject)
    of_programme = Entry.objects.of(device.programme.audit_subject)

    assert [(entry.action, entry.actor) for entry in of_device] == [
        ("device.enrolled", device.audit_name),
        ("device.revoked", coordinator.audit_name),
    ]
    assert [entry.action for entry in of_programme] == ["enrolment_code.made"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_phones_with_one_code_exactly_one_gets_in(rounds):
    for _round in range(rounds):
        code = make_code()

        results = race(*[lambda code=code: enrol(code)] * 4, expected=(CodeRefused,))

        refused = [result for result in results if isinstance(result, CodeRefused)]
        assert len(refused) == 3
        assert Device.objects.filter(enrolment_code__isnull=False).count() == _round + 1
