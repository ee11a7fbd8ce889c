import os
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Entry
from tests.uploads.make import CONTENT, make_upload, path_of
from uploads import ledger, stores
from uploads.expiry import expire
from uploads.models import Status, Upload

pytestmark = pytest.mark.django_db


def _overdue(upload: Upload, *, last_write_days_ago: int) -> Upload:
    written_at = (timezone.now() - timedelta(days=last_write_days_ago)).timestamp()
    os.utime(path_of(upload), (written_at, written_at))
    Upload.objects.filter(pk=upload.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    return upload


def test_a_partial_that_nobody_came_back_for_is_removed():
    upload = _overdue(make_upload(status=Status.RECEIVING), last_write_days_ago=15)

    count = expire(timezone.now())

    upload.refresh_from_db()
    assert count == 1
    assert upload.status == Status.EXPIRED
    assert not path_of(upload).exists()
    assert upload.removed_at
    assert Entry.objects.get(subject=upload.audit_subject).actor == "system"


def test_fourteen_days_count_from_the_last_byte():
    upload = _overdue(make_upload(status=Status.RECEIVING), last_write_days_ago=10)

    expire(timezone.now())

    upload.refresh_from_db()
    assert upload.status == Status.RECEIVING
    assert upload.expires_at > timezone.now() + timedelta(days=3)
    assert path_of(upload).exists()


def test_what_is_not_due_is_left_alone():
    upload = make_upload(status=Status.RECEIVING)

    assert expire(timezone.now() + timedelta(days=13)) == 0
    upload.refresh_from_db()
    assert upload.status == Status.RECEIVING


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.FAILED])
def test_what_is_complete_or_failed_never_expires(status):
    upload = _overdue(make_upload(status=status), last_write_days_ago=400)

    assert expire(timezone.now()) == 0
    assert path_of(upload).exists()


def test_a_whole_upload_that_was_never_verified_is_verified_instead():
    upload = make_upload(status=Status.RECEIVING, received=CONTENT)
    _overdue(upload, last_write_days_ago=15)

    assert expire(timezone.now()) == 0
    upload.refresh_from_db()
    assert upload.status == Status.COMPLETE


def test_bytes_that_an_interrupted_removal_left_go_with_the_next_sweep():
    upload = make_upload(status=Status.TERMINATED)
    path_of(upload).parent.mkdir(parents=True, exist_ok=True)
    path_of(upload).write_bytes(b"left over")

    expire(timezone.now())

    upload.refresh_from_db()
    assert not path_of(upload).exists()
    assert upload.removed_at


def test_a_row_whose_bytes_are_lost_expires():
    upload = _overdue(make_upload(status=Status.RECEIVING), last_write_days_ago=15)
    stores.store().remove(upload.pk)

    assert expire(timezone.now()) == 1


def test_a_phone_that_comes_back_meanwhile_keeps_its_upload():
    upload = make_upload(status=Status.RECEIVING)
    ledger.take_over(Upload.objects.get(pk=upload.pk), by=upload.device, offset=0)

    assert not ledger.expire(upload)
    assert upload.status == Status.RECEIVING
