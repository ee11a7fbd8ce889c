"""Files on their way: the phone's original in, what was made out to the private store."""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
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
class Kept:
    """A file that is durable in the store under a new key; `facts` are a Rendition's columns."""

    facts: dict[str, Any]


def original(recording: Recording) -> AbstractContextManager[Path]:
    """The phone's file as a local path; never written to."""
    if recording.upload is None:
        raise PermanentFailure("upload_missing", _("The recording has not arrived."))
    return storage.local(storage.private(), recording.upload.content_key)


def keep(
    path: Path, profile: str, *, story_id: uuid.UUID, content_type: str, media: Media | None
) -> Kept:
    """Store the file under a key that nothing points to yet. `media` is None for pictures.

    All keys of a story share a prefix, so that erasing it also finds what a killed worker left.
    """
    key = storage.new_key(f"renditions/{story_id}", path.suffix)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    storage.put(path, key)
    video = media.video if media else None
    return Kept(
        {
            "profile": profile,
            "key": key,
            "content_type": content_type,
            "size_bytes": path.stat().st_size,
            "sha256": sha256,
            "width": video.width if video else None,
            "height": video.height if video else None,
            "duration_s": media.duration_s if media else None,
        }
    )


@contextmanager
def kept_if_recorded(kept: Sequence[Kept]) -> Iterator[None]:
    """Remove the files again when the rows that should point to them can't be written."""
    try:
        yield
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
