"""What is erased is off the store, and the phone hears so."""

import pytest
from django.db import transaction

from audit import SYSTEM
from audit.models import Entry
from tests.uploads.make import make_upload, path_of
from uploads import ledger, stores
from uploads.erasure import erase
from uploads.expiry import expire
from uploads.models import Status

pytestmark = pytest.mark.django_db(transaction=True)

ALL = [Status.RECEIVING, Status.COMPLETE, Status.FAILED, Status.TERMINATED, Status.EXPIRED]


@pytest.mark.parametrize("status", ALL)
def test_the_bytes_are_gone_and_the_row_says_so_whatever_the_upload_was(status):
    upload = make_upload(status=status)

    erase(upload, by=SYSTEM)

    upload.refresh_from_db()
    assert not path_of(upload).exists()
    assert (upload.status, upload.content_key, upload.failure_code) == (Status.ERASED, "", "")
    assert upload.removed_at
    with pytest.raises(stores.Gone):
        stores.arrived(upload.pk)


def test_erasing_again_leaves_no_second_trace():
    upload = make_upload()

    erase(upload, by=SYSTEM)
    erase(upload, by=SYSTEM)

    assert Entry.objects.of(upload.audit_subject).filter(action="upload.erased").count() == 1


def test_bytes_stay_when_the_transaction_fails():
    upload = make_upload()

    with transaction.atomic():
        erase(upload, by=SYSTEM)
        transaction.set_rollback(True)

    upload.refresh_from_db()
    assert upload.status == Status.COMPLETE
    assert path_of(upload).exists()


def test_what_the_disk_refused_to_remove_goes_with_the_next_sweep(monkeypatch):
    upload = make_upload()
    with monkeypatch.context() as broken:
        broken.setattr(stores.FileStore, "remove", _refuse)
        erase(upload, by=SYSTEM)
    assert path_of(upload).exists()

    expire()

    upload.refresh_from_db()
    assert not path_of(upload).exists()
    assert upload.removed_at


def _refuse(*_args: object) -> None:
    raise OSError("the disk is busy")


def test_a_phone_that_sends_it_again_hears_that_it_was_erased():
    upload = make_upload(status=Status.RECEIVING)
    phone, fence = upload.device, upload.fence
    erase(upload, by=SYSTEM)

    with pytest.raises(ledger.UploadErased):
        ledger.take_over(upload, by=phone, offset=0)

    assert isinstance(ledger.refusals({upload.pk: fence})[upload.pk], ledger.UploadErased)
