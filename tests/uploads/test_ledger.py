import uuid

import pytest
from django.db import IntegrityError

from accounts import devices
from accounts.models import Membership
from accounts.roles import Role
from audit.models import Entry
from common.errors import NotFound
from tests.accounts.make import make_device, make_programme, make_user
from tests.uploads.make import CONTENT, make_upload
from uploads import ledger, stores
from uploads.models import Status, Upload
from uploads.signals import failed

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard():
    """What receivers of `failed` were told."""
    uploads: list[Upload] = []

    def receive(upload: Upload, **_kwargs: object) -> None:
        uploads.append(upload)

    failed.connect(receive)
    yield uploads
    failed.disconnect(receive)


def test_a_wrong_digest_is_told_once_with_the_row_as_it_now_is(heard):
    upload = make_upload(sha256="a" * 64)

    again = ledger.conclude(upload, sha256=upload.sha256, content_key="other")

    assert [u.pk for u in heard] == [upload.pk]
    assert (heard[0].status, heard[0].failure_code) == (Status.FAILED, "checksum_mismatch")
    assert again.content_key == upload.content_key != "other"
    assert Entry.objects.filter(subject=upload.audit_subject).count() == 1


def test_a_receiver_that_raises_undoes_the_failure():
    def refuse(**_kwargs: object) -> None:
        raise RuntimeError("no")

    upload = make_upload(status=Status.RECEIVING, received=CONTENT)
    failed.connect(refuse)
    try:
        with pytest.raises(RuntimeError):
            ledger.conclude(upload, sha256="0" * 64, content_key="key")
    finally:
        failed.disconnect(refuse)

    upload.refresh_from_db()
    assert upload.status == Status.RECEIVING
    assert not Entry.objects.filter(subject=upload.audit_subject).exists()


def test_a_completion_is_no_failure(heard):
    upload = make_upload()

    again = ledger.conclude(upload, sha256="0" * 64, content_key="other")

    assert again.status == Status.COMPLETE
    assert again.content_key == upload.content_key != "other"
    assert Entry.objects.filter(subject=upload.audit_subject).count() == 1
    assert heard == []


@pytest.mark.parametrize("status", [s for s in Status if s != Status.RECEIVING])
def test_what_has_ended_cannot_be_taken_over(status):
    upload = make_upload(status=status)
    fence = upload.fence

    with pytest.raises(type(ledger.ended(upload))):
        ledger.take_over(upload, by=upload.device, offset=0)

    upload.refresh_from_db()
    assert (upload.status, upload.fence) == (status, fence)


def test_each_request_gets_a_number_of_its_own():
    upload = make_upload(status=Status.RECEIVING)

    numbers = [ledger.take_over(upload, by=upload.device, offset=0).fence for _ in range(3)]

    assert numbers == [2, 3, 4]


def test_nobody_finds_another_collectors_upload():
    upload = make_upload()

    with pytest.raises(NotFound):
        ledger.find(upload.pk, by=make_device(programme=upload.programme))


def test_the_same_collector_finds_nothing_of_it_in_another_programme():
    upload = make_upload()
    other, collector = make_programme(), upload.device.collector
    other.memberships.create(user=collector, role=Role.COLLECTOR)
    elsewhere = make_device(programme=other, collector=collector)

    with pytest.raises(NotFound):
        ledger.find(upload.pk, by=elsewhere)


def test_a_new_phone_of_the_same_collector_goes_on_with_an_upload():
    upload = make_upload(status=Status.RECEIVING)
    devices.revoke(upload.device, by=make_user())
    phone = make_device(programme=upload.programme, collector=upload.device.collector)

    found = ledger.find(upload.pk, by=phone)
    ledger.take_over(found, by=phone, offset=0)

    assert found.device == phone
    assert ledger.refusals({found.pk: found.fence}) == {}


def test_the_shut_out_phones_transfer_is_still_stopped_after_a_new_phone_took_over():
    upload = make_upload(status=Status.RECEIVING)
    fence = upload.fence
    phone = make_device(programme=upload.programme, collector=upload.device.collector)
    ledger.take_over(ledger.find(upload.pk, by=phone), by=phone, offset=0)
    devices.revoke(upload.device, by=make_user())

    assert isinstance(ledger.refusals({upload.pk: fence})[upload.pk], stores.Superseded)


def test_a_transfer_in_good_order_is_left_alone():
    upload = make_upload(status=Status.RECEIVING)

    assert ledger.refusals({upload.pk: upload.fence}) == {}


def _revoke(upload: Upload) -> None:
    devices.revoke(upload.device, by=make_user())


def _leave(upload: Upload) -> None:
    Membership.objects.filter(user=upload.device.collector).delete()


def _deactivate(upload: Upload) -> None:
    type(upload.device.collector).objects.filter(pk=upload.device.collector_id).update(
        is_active=False
    )


def _take_over(upload: Upload) -> None:
    ledger.take_over(Upload.objects.get(pk=upload.pk), by=upload.device, offset=0)


def _terminate(upload: Upload) -> None:
    ledger.terminate(Upload.objects.get(pk=upload.pk), by=upload.device)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (_revoke, devices.TokenRevoked),
        (_leave, devices.TokenRevoked),
        (_deactivate, devices.TokenRevoked),
        (_take_over, stores.Superseded),
        (_terminate, ledger.UploadTerminated),
    ],
)
def test_a_transfer_that_must_stop_is_named_with_its_reason(change, refusal):
    upload = make_upload(status=Status.RECEIVING)
    change(upload)

    found = ledger.refusals({upload.pk: upload.fence})

    assert type(found[upload.pk]) is refusal


def test_an_upload_that_is_no_row_any_more_must_stop():
    unknown = uuid.uuid4()

    assert isinstance(ledger.refusals({unknown: 1})[unknown], NotFound)


@pytest.mark.parametrize("count", [1, 30])
def test_all_open_transfers_are_asked_for_in_one_query(count, django_assert_num_queries):
    device = make_device()
    uploads = [make_upload(device=device, status=Status.RECEIVING) for _ in range(count)]

    with django_assert_num_queries(1):
        refusals = ledger.refusals({upload.pk: upload.fence for upload in uploads})

    assert refusals == {}


@pytest.mark.parametrize(
    "change",
    [
        {"status": "complete", "content_key": "", "completed_at": None},
        {"status": "lost"},
        {"status": "failed"},
        {"failure_code": "checksum_mismatch"},
        {"offset": 10_000},
        {"offset": -1},
        {"length": 0},
    ],
)
def test_the_database_refuses_what_cannot_be(change):
    upload = make_upload(status=Status.RECEIVING)

    with pytest.raises(IntegrityError):
        Upload.objects.filter(pk=upload.pk).update(**change)
