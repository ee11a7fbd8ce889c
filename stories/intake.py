"""What a phone does with a story: declare it, hand it over, learn what became of it."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Device
from audit import Action, Actor
from audit.trail import record
from common.errors import Conflict
from common.replay import declare_once
from consent.models import ConsentRecord
from consent.permission import WITHDRAWN
from stories.models import ConsentMissing, Feed, Recording, Story
from stories.states import Status
from uploads.models import Status as UploadStatus
from uploads.models import Upload


class UploadIncomplete(Conflict):
    code = "upload_incomplete"
    title = _("The recording has not arrived completely")


class UploadMismatch(Conflict):
    code = "upload_mismatch"
    title = _("Another file arrived than the one that was declared")


def declare_story(
    consent: ConsentRecord, *, by: Device, pk: uuid.UUID, facts: Mapping[str, Any]
) -> tuple[Story, bool]:
    """Return the story and whether it is new; see `declare_once` for replays.

    `facts` are title, language, recorded_at and recording {id, upload, sha256, size_bytes}.
    Raises `ConsentMissing` when the consent was withdrawn, also by a withdrawal in flight.
    """

    def make(declared_digest: str) -> Story:
        # The lock makes a withdrawal in flight wait for this story, or this story for it.
        ConsentRecord.objects.select_for_update(of=("self",), no_key=True).get(pk=consent.pk)
        if consent.withdrawals.exists():
            raise ConsentMissing(WITHDRAWN)
        return _create(consent, by=by, pk=pk, facts=facts, declared_digest=declared_digest)

    content = {"by": by.collector_id, "consent": consent.pk, **facts}
    return declare_once(Story.objects.all(), pk=pk, content=content, make=make)


def _create(
    consent: ConsentRecord,
    *,
    by: Device,
    pk: uuid.UUID,
    facts: Mapping[str, Any],
    declared_digest: str,
) -> Story:
    story = Story.objects.create(
        pk=pk,
        programme=by.programme,
        collector=by.collector,
        device=by,
        consent=consent,
        title=facts["title"],
        language=facts["language"],
        recorded_at=facts["recorded_at"],
        change=Feed.next_change(by.collector_id),
        declared_digest=declared_digest,
    )
    recording = facts["recording"]
    Recording.objects.create(
        pk=recording["id"],
        story=story,
        upload_declared=recording["upload"],
        sha256=recording["sha256"],
        size_bytes=recording["size_bytes"],
    )
    record(Action.STORY_DECLARED, story.audit_subject, by=by)
    return story


def submit(story: Story, *, by: Actor) -> None:
    """Hand the story over once its recording is verified; a replay changes nothing.

    Raises `UploadIncomplete`, `UploadMismatch` or `ConsentMissing`, each saying what is missing.
    """
    with transaction.atomic():
        locked = Story.objects.select_for_update(of=("self",), no_key=True).get(pk=story.pk)
        if locked.status != Status.DRAFT and locked.submitted_at:
            return
        for recording in locked.recordings.all():
            recording.upload = _verified_upload(recording, programme_id=locked.programme_id)
            recording.save(update_fields=["upload"])
        locked.submit(by=by)
    story.refresh_from_db()


def _verified_upload(recording: Recording, *, programme_id: int) -> Upload:
    upload = Upload.objects.filter(pk=recording.upload_declared, programme_id=programme_id).first()
    if upload is None or upload.status != UploadStatus.COMPLETE:
        raise UploadIncomplete(
            _("Finish the upload of the recording, then submit again."),
            received_bytes=upload.offset if upload else 0,
            declared_bytes=recording.size_bytes,
        )
    if (upload.sha256, upload.length) != (recording.sha256, recording.size_bytes):
        raise UploadMismatch(_("Declare the story again with the hash of the file that you sent."))
    return upload
