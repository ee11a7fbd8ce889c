"""What a phone does with a story: declare it, hand it over, learn what became of it."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Device
from audit import SYSTEM, Action, Actor
from audit.trail import record
from common.errors import Problem
from common.replay import IdReused, declare_once
from consent import belongings
from consent.models import ConsentRecord
from consent.withdrawal import ConsentWithdrawn, hold_standing
from stories import arrivals
from stories.arrivals import RecordingLost, UploadFailedChecksum
from stories.models import Feed, Recording, Story, Tombstone
from stories.states import Status
from uploads.models import Upload


class StoryErased(Problem):
    status = 410
    code = "story_erased"
    title = _("The story was erased")


def declare_story(
    consent: ConsentRecord, *, by: Device, pk: uuid.UUID, facts: Mapping[str, Any]
) -> tuple[Story, bool]:
    """Return the story and whether it is new; see `declare_once` for replays.

    `facts` are title, language, recorded_at and recording {id, upload, sha256, size_bytes}.
    Raises `ConsentWithdrawn` after a withdrawal, also after one in flight; `UploadTaken` when its
    recording is something else already, `IdReused` when that id is another's; `StoryErased`.
    """
    if Tombstone.objects.filter(pk=pk).exists():
        raise StoryErased(_("Its storyteller wanted it gone. Delete it from the phone."))

    def make(declared_digest: str) -> Story:
        hold_standing(consent.storyteller)
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
    _add_recording(story, facts["recording"])
    record(Action.STORY_DECLARED, story.audit_subject, by=by)
    return story


def _add_recording(story: Story, facts: Mapping[str, Any]) -> None:
    belongings.claim_recording(
        facts["upload"], storyteller=story.consent.storyteller, sha256=facts["sha256"]
    )
    try:
        with transaction.atomic():
            Recording.objects.create(
                pk=facts["id"],
                story=story,
                upload_declared=facts["upload"],
                sha256=facts["sha256"],
                size_bytes=facts["size_bytes"],
            )
    except IntegrityError as error:
        raise IdReused(_("Give each recording an id of its own.")) from error


def submit(story: Story, *, by: Actor) -> None:
    """Hand the story over once its recording is verified; a replay changes nothing.

    Raises `UploadIncomplete` or `ConsentMissing`, each saying what is missing; `ConsentWithdrawn`;
    and a `RecordingLost`, with which a draft fails too.
    """
    try:
        _hand_over(story, by=by)
    except RecordingLost as lost:
        fail_draft(story, lost, by=by)
        raise
    story.refresh_from_db()


@transaction.atomic
def _hand_over(story: Story, *, by: Actor) -> None:
    locked = Story.objects.locked().select_related("recording").get(pk=story.pk)
    if locked.is_gone:
        raise ConsentWithdrawn
    if locked.submitted_at:
        return
    recording = locked.recording
    recording.upload = arrivals.verified(recording)
    recording.save(update_fields=["upload"])
    locked.submit(by=by)


@transaction.atomic
def fail_draft(story: Story, lost: RecordingLost, *, by: Actor) -> None:
    """A draft whose recording can't come any more says so, instead of waiting for ever."""
    locked = Story.objects.locked().get(pk=story.pk)
    if locked.status == Status.DRAFT:
        locked.fail(by=by, code=lost.failure_code, reason=lost.reason)


def follow_failed_upload(*, upload: Upload, **_kwargs: Any) -> None:
    """Receiver of `uploads.signals.failed`, in its transaction."""
    drafts = Story.objects.filter(status=Status.DRAFT, recording__upload_declared=upload.pk)
    for story in drafts.select_related("recording"):
        if arrivals.upload_of(story.recording) == upload:
            fail_draft(story, UploadFailedChecksum(), by=SYSTEM)
