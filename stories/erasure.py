"""Erasing a withdrawn story: afterwards nothing is left but that it was there, and the trail.

What other rooms hold of it goes by `stories.signals.moved`, in the same transaction.
"""

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from audit import SYSTEM, Actor
from consent import erasure as consent_erasure
from consent.models import Storyteller
from stories.models import Recording, Story, Tombstone
from stories.states import Status
from uploads import erasure as upload_erasure
from uploads.models import Status as UploadStatus
from uploads.models import Upload


def erase(story: Story, *, by: Actor) -> None:
    """Erase the story for good, and its storyteller's name once nothing else of theirs is kept.

    The bytes go off the store when this is committed; what the store refuses, or what a phone
    sends later, goes with the next sweep. Raises `MoveRefused` unless the story is withdrawn;
    erasing again changes nothing.
    """
    with transaction.atomic():
        # As a withdrawal does: the storyteller first. And of two last stories one goes last.
        Storyteller.objects.locked().get(records__stories=story)
        locked = Story.objects.locked().select_related("consent__storyteller").get(pk=story.pk)
        if locked.status != Status.ERASED:
            _erase(locked, by=by)
    story.refresh_from_db()


def _erase(story: Story, *, by: Actor) -> None:
    story.erase(by=by)
    Tombstone.objects.create(story_id=story.pk)
    _erase_uploads(Recording.objects.filter(story=story), by=by)
    Recording.objects.filter(story=story).update(sha256="")
    consent_erasure.erase_proof(story.consent, by=by)
    storyteller = story.consent.storyteller
    theirs = Story.objects.filter(consent__storyteller=storyteller)
    if not theirs.exclude(status=Status.ERASED).exists():
        consent_erasure.forget(storyteller, by=by)


def erase_late_arrivals() -> None:
    """Erase what a phone sent for a story after it was erased; a chore of each sweep."""
    _erase_uploads(Recording.objects.filter(story__status=Status.ERASED), by=SYSTEM)


def _erase_uploads(recordings: QuerySet[Recording], *, by: Actor) -> None:
    # Of the story's own collector: a declaration may name any id.
    theirs = recordings.filter(
        upload_declared=OuterRef("pk"),
        story__programme=OuterRef("programme"),
        story__collector=OuterRef("device__collector"),
    )
    for upload in Upload.objects.filter(Exists(theirs)).exclude(status=UploadStatus.ERASED):
        upload_erasure.erase(upload, by=by)
