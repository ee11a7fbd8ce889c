"""What is thrown away: sets that nobody needs any more, and all that was made of a story."""

from functools import partial

from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import QuerySet, RestrictedError

from common import storage
from stories.models import Story
from transcode.files import prefix_of
from transcode.models import Rendition, RenditionSet, Revision, Transcript


def discard_sets(sets: QuerySet[RenditionSet]) -> None:
    """Delete sets with their files, but for those that a decision names; files go at commit."""
    for made in sets:
        keys = list(made.renditions.values_list("key", flat=True))
        if _discard(made):
            transaction.on_commit(partial(_delete_files, keys))


def erase(story: Story) -> None:
    """Remove renditions, transcripts and every file of the story, also those that no row names.

    The files go first, within the caller's transaction: if the store refuses, the story is not
    marked as erased, and it can be tried again. A row that a decision names stays, emptied.
    """
    _clear(storage.private(), prefix_of(story.pk))
    Rendition.objects.filter(set__story=story).delete()
    Revision.objects.filter(transcript__story=story).update(cues=[], words=None)
    story.transcripts.update(note="", detected_language="")
    for made in story.rendition_sets.all():
        _discard(made)
    for transcript in story.transcripts.all():
        _discard(transcript)


def _discard(row: RenditionSet | Transcript) -> bool:
    try:
        with transaction.atomic():
            row.delete()
    except RestrictedError:
        return False
    return True


def _delete_files(keys: list[str]) -> None:
    for key in keys:
        storage.private().delete(key)


def _clear(store: Storage, folder: str) -> None:
    try:
        folders, files = store.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        store.delete(f"{folder}/{name}")
    for name in folders:
        _clear(store, f"{folder}/{name}")
    # Of a folder store the empty folder itself; elsewhere there is no such thing.
    store.delete(folder)
