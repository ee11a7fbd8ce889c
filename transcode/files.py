"""Files on their way: the phone's original in, what was made out to the private store."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common import storage
from stories.models import Recording
from transcode import speech
from transcode.faults import Cancelled, ToolMissing, Unplayable
from transcode.ffmpeg import Media
from transcode.jobs import LeaseLost, PermanentFailure, Retry

PAUSE_S = 60.0


@dataclass(frozen=True)
class Draft:
    """A file in scratch that is to become a rendition. `media` is None for pictures."""

    path: Path
    profile: str
    content_type: str
    media: Media | None


@dataclass(frozen=True)
class Kept:
    """A file that is durable in the store under a new key; `facts` are a Rendition's columns."""

    facts: dict[str, Any]


def original(recording: Recording) -> AbstractContextManager[Path]:
    """The phone's file as a local path; never written to."""
    if recording.upload is None:
        raise PermanentFailure("upload_missing", _("The recording has not arrived."))
    return storage.local(storage.private(), recording.upload.content_key)


def prefix_of(story_id: uuid.UUID) -> str:
    """Below which all that is made of a story lies, and nothing else."""
    return f"renditions/{story_id}"


def keep(draft: Draft, *, story_id: uuid.UUID) -> Kept:
    """Store the file under a key that nothing points to yet.

    All keys of a story share a prefix, so that erasing it also finds what a killed worker left.
    """
    key = storage.new_key(prefix_of(story_id), draft.path.suffix)
    with draft.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    storage.put(draft.path, key)
    video = draft.media.video if draft.media else None
    return Kept(
        {
            "profile": draft.profile,
            "key": key,
            "content_type": draft.content_type,
            "size_bytes": draft.path.stat().st_size,
            "sha256": sha256,
            "width": video.width if video else None,
            "height": video.height if video else None,
            "duration_s": draft.media.duration_s if draft.media else None,
        }
    )


@contextmanager
def kept_if_recorded() -> Iterator[list[Kept]]:
    """A list for what is kept in the block; the files go again if it ends before rows name them."""
    kept: list[Kept] = []
    try:
        yield kept
    except BaseException:
        for file in kept:
            storage.private().delete(file.facts["key"])
        raise


@contextmanager
def tried() -> Iterator[None]:
    """Say to the job engine what a failure of the tools means for the job."""
    try:
        yield
    except Unplayable as error:
        raise PermanentFailure(error.code, gettext(error.detail)) from error
    except (Cancelled, speech.Cancelled) as error:
        raise LeaseLost from error
    except ToolMissing as error:
        raise Retry(
            "ffmpeg_missing", _("ffmpeg is not installed on the server."), PAUSE_S
        ) from error
