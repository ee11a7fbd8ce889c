"""The rows: who sends what, which request owns it, and how it ended.

Touched when an upload is declared, once a PATCH, once a second for all open transfers of a
process together, and at the end. Everything here blocks on the database.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.devices import TokenRevoked
from accounts.models import Device, Membership
from accounts.roles import Role
from audit import SYSTEM, Action
from audit.trail import record
from common.errors import Conflict, NotFound, Problem
from uploads.declarations import Declaration
from uploads.models import Status, Upload, UploadQuerySet
from uploads.signals import failed
from uploads.stores import ASK_AGAIN, Superseded

# A village may be without network for days, a phone without power for more.
LIFETIME: Final = timedelta(days=14)


class UploadConflict(Conflict):
    code = "upload_conflict"
    title = _("Another file was declared under this id")


class UploadComplete(Conflict):
    code = "upload_complete"
    title = _("This upload is complete")


class ChecksumMismatch(Problem):
    status = 422
    code = "checksum_mismatch"
    title = _("What arrived is not what the phone declared")


class UploadExpired(Problem):
    status = 410
    code = "upload_expired"
    title = _("This upload waited too long and was removed")


class UploadTerminated(Problem):
    status = 410
    code = "upload_terminated"
    title = _("This upload was given up")


class UploadErased(Problem):
    status = 410
    code = "upload_erased"
    title = _("This upload was erased for good")


_ENDED: Final[dict[str, tuple[type[Problem], Any]]] = {
    Status.COMPLETE: (UploadComplete, _("Its bytes are safe here; there is nothing to send.")),
    Status.FAILED: (ChecksumMismatch, _("Send the file again under a new id.")),
    Status.EXPIRED: (UploadExpired, _("Send the file again under a new id.")),
    Status.TERMINATED: (UploadTerminated, _("Send the file again under a new id.")),
    Status.ERASED: (UploadErased, _("The storyteller wanted it gone: delete it on the phone too.")),
}


def ended(upload: Upload) -> Problem:
    """Why an upload that isn't receiving takes nothing more."""
    kind, detail = _ENDED[upload.status]
    return kind(detail)


def find(upload_id: UUID, *, by: Device) -> Upload:
    """Raises NotFound for another collector's upload, or another programme's, as for none."""
    upload = _own(by).select_related("device").filter(pk=upload_id).first()
    if upload is None:
        raise NotFound(_("This phone has declared no such upload."))
    return upload


def _own(phone: Device) -> UploadQuerySet:
    """The uploads of whoever holds this phone, from earlier phones too: a memory card outlives
    them, and a phone that was shut out is enrolled anew as another."""
    return Upload.objects.filter(device__collector=phone.collector_id, programme=phone.programme_id)


def declared(declaration: Declaration, *, by: Device) -> Upload | None:
    """The upload of an earlier, equal declaration. Raises UploadConflict for an unequal one."""
    if not Upload.objects.filter(pk=declaration.id).exists():
        return None
    upload = _own(by).filter(pk=declaration.id).first()
    if upload and declaration.same_content(length=upload.length, sha256=upload.sha256):
        return upload
    raise UploadConflict(_("Use a new id for a new file."))


def declare(declaration: Declaration, *, by: Device) -> Upload:
    """Write the row, or return the one that an equal declaration wrote meanwhile."""
    try:
        with transaction.atomic():
            return Upload.objects.create(
                id=declaration.id,
                device=by,
                programme_id=by.programme_id,
                length=declaration.length,
                sha256=declaration.sha256,
                content_type=declaration.content_type,
                expires_at=timezone.now() + LIFETIME,
            )
    except IntegrityError:
        earlier = declared(declaration, by=by)
        if earlier is None:
            raise
        return earlier


def take_over(upload: Upload, *, by: Device, offset: int) -> Upload:
    """Make the caller's request the upload's owner; `upload.fence` is its number.

    `offset` is what is durable so far. Raises the reason when the upload has ended meanwhile.
    """
    with transaction.atomic():
        Upload.objects.receiving().filter(pk=upload.pk).update(
            fence=F("fence") + 1,
            device=by,
            offset=offset,
            expires_at=timezone.now() + LIFETIME,
        )
        upload.refresh_from_db()
    if upload.status != Status.RECEIVING:
        raise ended(upload)
    return upload


def refusals(transfers: Mapping[UUID, int]) -> dict[UUID, Problem]:
    """Which of the open transfers (upload → fence) must stop now, and why. One query."""
    collects = Membership.objects.filter(
        user=OuterRef("device__collector"),
        programme=OuterRef("device__programme"),
        role=Role.COLLECTOR,
    )
    allowed = Q(device__revoked_at=None, device__collector__is_active=True) & Exists(collects)
    rows = Upload.objects.filter(pk__in=transfers).annotate(allowed=allowed)
    current = {row.pk: row for row in rows.only("status", "fence")}
    found = ((pk, _refusal(current.get(pk), fence)) for pk, fence in transfers.items())
    return {pk: refusal for pk, refusal in found if refusal is not None}


def _refusal(row: Any, fence: int) -> Problem | None:
    if row is None:
        return NotFound()
    if not row.allowed:
        return TokenRevoked()
    if row.status != Status.RECEIVING:
        return ended(row)
    return Superseded(ASK_AGAIN) if row.fence != fence else None


def conclude(upload: Upload, *, sha256: str, content_key: str) -> Upload:
    """Complete the upload if `sha256`, taken of all its bytes, is what was declared; else fail it.

    The conclusion, its audit entry and what the receivers of `failed` write are one transaction.
    When another request concluded it first, that result stands.
    """
    verified = sha256 == upload.sha256
    with transaction.atomic():
        if verified:
            _complete(upload, content_key=content_key)
        else:
            _fail(upload, "checksum_mismatch", content_key=content_key)
    upload.refresh_from_db()
    return upload


def _complete(upload: Upload, *, content_key: str) -> None:
    if _move(upload, Status.COMPLETE, content_key=content_key, completed_at=timezone.now()):
        record(Action.UPLOAD_COMPLETED, upload.audit_subject, by=upload.device)


def _fail(upload: Upload, code: str, *, content_key: str) -> None:
    if _move(upload, Status.FAILED, content_key=content_key, failure_code=code):
        record(Action.UPLOAD_FAILED, upload.audit_subject, by=upload.device, code=code)
        failed.send(sender=Upload, upload=upload)


def terminate(upload: Upload, *, by: Device) -> None:
    """Give the upload up; the caller removes the bytes and says so with `removed`."""
    with transaction.atomic():
        if _move(upload, Status.TERMINATED):
            record(Action.UPLOAD_TERMINATED, upload.audit_subject, by=by)
            return
    raise ended(upload)


def expire(upload: Upload) -> bool:
    """Whether it expired: not when a phone came back to it meanwhile. Bytes as in `terminate`."""
    with transaction.atomic():
        if not _move(upload, Status.EXPIRED, unless_taken_over=True):
            return False
        record(Action.UPLOAD_EXPIRED, upload.audit_subject, by=SYSTEM)
    return True


def extend(upload: Upload, *, last_write_at: datetime) -> None:
    """Set the expiry by the last byte, which may be younger than the PATCH that brought it."""
    Upload.objects.filter(pk=upload.pk).update(expires_at=last_write_at + LIFETIME)


def erased(upload: Upload) -> None:
    """End the upload, however it stands; the caller holds its lock and removes the bytes."""
    Upload.objects.filter(pk=upload.pk).update(
        status=Status.ERASED, content_key="", failure_code="", removed_at=None
    )


def removed(upload: Upload) -> None:
    Upload.objects.filter(pk=upload.pk).update(removed_at=timezone.now())


def _move(upload: Upload, to: Status, *, unless_taken_over: bool = False, **fields: Any) -> bool:
    row = Upload.objects.receiving().filter(pk=upload.pk)
    if unless_taken_over:
        row = row.filter(fence=upload.fence)
    # Both need every byte; the database refuses a complete upload that is shorter.
    whole = {"offset": F("length")} if to in (Status.COMPLETE, Status.FAILED) else {}
    moved = row.update(status=to, **whole, **fields)
    upload.refresh_from_db()
    return moved == 1
