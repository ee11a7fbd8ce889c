"""Taking what a phone sent off the store for good, because its storyteller asked for it."""

from django.db import transaction
from structlog import get_logger

from audit import Action, Actor
from audit.trail import record
from uploads import ledger
from uploads.models import Status, Upload
from uploads.stores import store

log = get_logger()


def erase(upload: Upload, *, by: Actor) -> None:
    """End the upload as erased, whatever its status; its bytes go when the transaction commits.

    Not before: nothing brings bytes back if the transaction fails. The row stays, so that a phone
    that sends the file again hears 410 `upload_erased`; what the disk refuses to remove goes with
    the next sweep (`uploads.expiry`). Again is no error and leaves no new entry.
    """
    with transaction.atomic():
        locked = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
        if locked.status != Status.ERASED:
            ledger.erased(locked)
            record(Action.UPLOAD_ERASED, locked.audit_subject, by=by)
        upload.refresh_from_db()
        transaction.on_commit(lambda: _remove(upload), robust=True)


def _remove(upload: Upload) -> None:
    store().remove(upload.pk)
    ledger.removed(upload)
    log.info("upload_erased", upload=str(upload.pk))
