"""Uploads as rows with their bytes, without the network."""

import hashlib
import uuid
from datetime import datetime
from pathlib import Path

from django.conf import settings

from accounts.models import Device
from tests.accounts.make import make_device
from uploads import completion, ledger
from uploads.declarations import Declaration
from uploads.erasure import erase
from uploads.models import Status, Upload
from uploads.stores import store

CONTENT = b"a short recording"


def make_upload(
    *,
    device: Device | None = None,
    content: bytes = CONTENT,
    received: bytes | None = None,
    sha256: str = "",
    content_type: str = "video/mp4",
    status: Status = Status.COMPLETE,
    upload_id: uuid.UUID | None = None,
    expires_at: datetime | None = None,
) -> Upload:
    """Declared and stored as a phone would have it; `received` is what arrived (all unless given).

    A complete one is verified, and one that failed sends `uploads.signals.failed`, as in life.
    """
    declaration = Declaration(
        id=upload_id or uuid.uuid4(),
        length=len(content),
        sha256=sha256 or hashlib.sha256(content).hexdigest(),
        content_type=content_type,
    )
    store().create(declaration.id)
    upload = ledger.declare(declaration, by=device or make_device())
    if status != Status.COMPLETE and received is None:
        received = content[: len(content) // 2]
    _fill(upload, content if received is None else received)
    if status != Status.RECEIVING:
        _end(upload, status)
    if expires_at:
        Upload.objects.filter(pk=upload.pk).update(expires_at=expires_at)
        upload.refresh_from_db()
    return upload


def path_of(upload: Upload) -> Path:
    return Path(settings.STORE_ROOT) / "uploads" / upload.pk.hex[:2] / upload.pk.hex


def _fill(upload: Upload, content: bytes) -> None:
    ledger.take_over(upload, by=upload.device, offset=0)
    writer = store().open(upload.pk, fence=upload.fence)
    writer.write(content, at=0)
    writer.sync()
    writer.close()


def _end(upload: Upload, status: Status) -> None:
    if status == Status.COMPLETE:
        completion.finish_now(upload)
    elif status == Status.FAILED:
        ledger.conclude(upload, sha256="0" * 64, content_key=store().seal(upload.pk))
    elif status == Status.EXPIRED:
        ledger.expire(upload)
    elif status == Status.ERASED:
        erase(upload, by=upload.device)
    else:
        ledger.terminate(upload, by=upload.device)
