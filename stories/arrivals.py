"""Whether a recording's bytes are here and verified; if they never will be, why and what to do."""

from typing import TYPE_CHECKING, ClassVar, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from common.errors import Conflict
from uploads.models import Status, Upload

if TYPE_CHECKING:
    from stories.models import Recording


class UploadIncomplete(Conflict):
    code = "upload_incomplete"
    title = _("The recording has not arrived completely")


class RecordingLost(Conflict):
    """It can't arrive under this upload any more, so its story fails with `failure_code`.

    `reason` is a sentence for the collector that also says what to do, in English.
    """

    failure_code: ClassVar[str]
    reason: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(_(self.reason))


class UploadFailedChecksum(RecordingLost):
    code = "upload_failed_checksum"
    failure_code = "checksum_mismatch"
    title = _("The recording was damaged on its way")
    reason = gettext_noop(
        "The recording was damaged on its way here. The phone still has it: send it again as a "
        "new story with a new upload."
    )


class UploadExpired(RecordingLost):
    code = failure_code = "upload_expired"
    title = _("The upload waited too long")
    reason = gettext_noop(
        "The upload waited too long and was removed. The phone still has the recording: send it "
        "again as a new story with a new upload."
    )


class UploadTerminated(RecordingLost):
    code = failure_code = "upload_terminated"
    title = _("The phone gave the upload up")
    reason = gettext_noop(
        "The phone gave this upload up. To send the recording after all, send it as a new story "
        "with a new upload."
    )


class UploadErased(RecordingLost):
    code = failure_code = "upload_erased"
    title = _("The upload was erased")
    reason = gettext_noop(
        "What was sent here was erased because its storyteller asked for it. Delete it from the "
        "phone."
    )


class UploadMismatch(RecordingLost):
    code = failure_code = "upload_mismatch"
    title = _("Another file arrived than the one that was declared")
    reason = gettext_noop(
        "Another file arrived than the one that was declared. Send the recording again as a new "
        "story with a new upload."
    )


LOST: Final[dict[str, type[RecordingLost]]] = {
    Status.FAILED: UploadFailedChecksum,
    Status.EXPIRED: UploadExpired,
    Status.TERMINATED: UploadTerminated,
    Status.ERASED: UploadErased,
}


def upload_of(recording: "Recording") -> Upload | None:
    """What arrived under the declared id from this collector in this programme, whatever it is."""
    return Upload.objects.filter(
        pk=recording.upload_declared,
        programme=recording.story.programme_id,
        device__collector=recording.story.collector_id,
    ).first()


def verified(recording: "Recording") -> Upload:
    """Return the upload that holds the declared bytes.

    Raises `UploadIncomplete` while it may still come, else the `RecordingLost` that says why not.
    """
    upload = upload_of(recording)
    if upload is None or upload.status == Status.RECEIVING:
        raise UploadIncomplete(
            _("Finish the upload of the recording, then submit again."),
            received_bytes=upload.offset if upload else 0,
            declared_bytes=recording.size_bytes,
        )
    if lost := LOST.get(upload.status):
        raise lost
    if (upload.sha256, upload.length) != (recording.sha256, recording.size_bytes):
        raise UploadMismatch
    return upload
