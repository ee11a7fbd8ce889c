"""Removing what no phone came back for."""

from datetime import datetime

from django.utils import timezone
from structlog import get_logger

from uploads import completion, ledger
from uploads.models import Upload
from uploads.stores import Gone, store

log = get_logger()


def expire(now: datetime | None = None) -> int:
    """End uploads whose last byte is `ledger.LIFETIME` old and remove their bytes; how many ended.

    An upload that is whole but was never verified (the server died in between) is verified
    instead. Bytes that an earlier, interrupted removal left are removed. For the beat sweep; may
    run twice at once.
    """
    at = now or timezone.now()
    overdue = Upload.objects.receiving().filter(expires_at__lte=at)
    count = sum(_expire(upload, at) for upload in overdue.iterator())
    for upload in Upload.objects.given_up().filter(removed_at=None).iterator():
        store().remove(upload.pk)
        ledger.removed(upload)
    return count


def _expire(upload: Upload, now: datetime) -> bool:
    try:
        last_write_at = store().last_write_at(upload.pk)
        if store().durable_offset(upload.pk) == upload.length:
            completion.finish_now(upload)
            return False
    except Gone:
        last_write_at = datetime.min.replace(tzinfo=now.tzinfo)
    if last_write_at + ledger.LIFETIME > now:
        ledger.extend(upload, last_write_at=last_write_at)
        return False
    expired = ledger.expire(upload)
    if expired:
        log.info("upload_expired", upload=str(upload.pk), offset=upload.offset)
    return expired
