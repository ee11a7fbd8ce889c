"""What the machines would have made, as rows; bytes lie behind a rendition only if given."""

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from django.utils import timezone

from accounts.models import User
from common import storage
from stories.models import Story
from transcode.cues import Cue, to_json
from transcode.files import prefix_of
from transcode.models import Rendition, RenditionSet, Revision, Transcript

Profile = Rendition.Profile

LINES = (
    "Nobody tells you about the desert\nbefore you leave.",
    "I thought that I would be back\nwithin a year.",
    "My mother sold her land for it.",
    "I tell it so that others know.",
)
CUES = [Cue(2.0 * n, 2.0 * n + 1.9, text) for n, text in enumerate(LINES)]
DURATION_S = 8.0
FIRST = (Profile.FIRST_LOOK, Profile.FIRST_LISTEN, Profile.POSTER)
STANDARD = (Profile.FIRST_LOOK, Profile.POSTER, Profile.WEB_480)
TYPES = {
    Profile.POSTER: (".jpg", "image/jpeg"),
    Profile.AUDIO: (".m4a", "audio/mp4"),
    Profile.FIRST_LISTEN: (".m4a", "audio/mp4"),
}


def make_set(
    story: Story,
    *,
    complete: bool = True,
    files: Mapping[str, bytes | Path] | None = None,
    duration_s: float = DURATION_S,
) -> RenditionSet:
    """A first look, a poster and 480p as mere rows; or exactly `files`, by profile, in the store.

    A set that isn't complete has only what a review begins with.
    """
    made = RenditionSet.objects.create(
        story=story,
        duration_s=duration_s,
        has_video=True,
        has_audio=True,
        completed_at=timezone.now() if complete else None,
    )
    profiles: Collection[str] = STANDARD if files is None else files
    for profile in profiles:
        if complete or profile in FIRST:
            make_rendition(made, profile, (files or {}).get(profile))
    return made


def make_rendition(
    made: RenditionSet, profile: str, content: bytes | Path | None = None
) -> Rendition:
    """One more file of the set; without `content` there is a row and nothing behind it."""
    suffix, content_type = TYPES.get(Profile(profile), (".mp4", "video/mp4"))
    key = storage.new_key(prefix_of(made.story_id), suffix)
    data = content.read_bytes() if isinstance(content, Path) else content
    if data is not None:
        make_file(key, data)
    data = data or secrets.token_bytes(8)
    return Rendition.objects.create(
        set=made,
        profile=profile,
        key=key,
        content_type=content_type,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        duration_s=None if profile == Profile.POSTER else made.duration_s,
    )


def make_file(key: str, content: bytes) -> str:
    """Some bytes in the private store."""
    with storage.scratch() as folder:
        (folder / "content").write_bytes(content)
        storage.put(folder / "content", key)
    return key


def make_revision(story: Story, cues: Sequence[Cue] = CUES, *, by: User | None = None) -> Revision:
    """One more revision of the story's transcript, which has ended: the machine's without `by`."""
    transcript, _created = Transcript.objects.get_or_create(story=story, language=story.language)
    transcript.outcome, transcript.ended_at = Transcript.Outcome.MADE, timezone.now()
    transcript.save(update_fields=["outcome", "ended_at"])
    return Revision.objects.create(
        transcript=transcript,
        number=transcript.revisions.count() + 1,
        cues=to_json(cues),
        by=by,
        engine="" if by else "test",
    )
