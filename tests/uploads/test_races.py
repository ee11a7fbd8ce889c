import hashlib
import uuid

import pytest

from tests.accounts.make import make_device
from tests.races import race
from tests.uploads.make import CONTENT, make_upload
from uploads import ledger
from uploads.declarations import Declaration
from uploads.models import Status, Upload
from uploads.signals import failed

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_requests_that_come_at_once_get_different_numbers(rounds):
    upload = make_upload(status=Status.RECEIVING)

    for _round in range(rounds):
        numbers = race(*[lambda: _taken_over(upload.pk).fence] * 8)

        assert len(set(numbers)) == 8


def _taken_over(pk: uuid.UUID) -> Upload:
    upload = Upload.objects.get(pk=pk)
    return ledger.take_over(upload, by=upload.device, offset=0)


def test_one_declaration_sent_many_times_at_once_is_one_upload(rounds):
    device = make_device()

    for _round in range(rounds):
        digest = hashlib.sha256(CONTENT).hexdigest()
        declaration = Declaration(id=uuid.uuid4(), length=len(CONTENT), sha256=digest)
        uploads = race(*[lambda same=declaration: ledger.declare(same, by=device)] * 8)

        assert {upload.pk for upload in uploads} == {declaration.id}


def test_of_many_conclusions_at_once_one_is_told(rounds):
    heard: list[uuid.UUID] = []

    def receive(upload: Upload, **_kwargs: object) -> None:
        heard.append(upload.pk)

    failed.connect(receive)
    try:
        for _round in range(rounds):
            pk = make_upload(status=Status.RECEIVING, received=CONTENT).pk
            race(*[lambda pk=pk: _conclude(pk, sha256="0" * 64)] * 8)
            assert heard.count(pk) == 1
    finally:
        failed.disconnect(receive)


def _conclude(pk: uuid.UUID, *, sha256: str = "") -> Upload:
    upload = Upload.objects.get(pk=pk)
    return ledger.conclude(upload, sha256=sha256 or upload.sha256, content_key="key")


def test_of_completing_and_giving_up_at_once_one_wins(rounds):
    for _round in range(rounds):
        pk = make_upload(status=Status.RECEIVING, received=CONTENT).pk

        results = race(*[lambda pk=pk: _conclude(pk), lambda pk=pk: _give_up(pk)] * 4)

        statuses = {result.status for result in results}
        assert len(statuses) == 1
        assert statuses <= {Status.COMPLETE, Status.TERMINATED}


def _give_up(pk: uuid.UUID) -> Upload:
    upload = Upload.objects.get(pk=pk)
    try:
        ledger.terminate(upload, by=upload.device)
    except (ledger.UploadComplete, ledger.UploadTerminated):
        upload.refresh_from_db()
    return upload
