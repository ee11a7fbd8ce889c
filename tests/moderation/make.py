"""Cases of stories that the machines are done with, with or without real files behind them."""

import hashlib
import secrets
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts.models import Device, User
from accounts.roles import Role
from audit import SYSTEM
from common import storage
from consent.models import ConsentRecord
from moderation import cases, claims
from moderation.checklist import ITEMS
from moderation.models import Case
from stories.models import Story
from stories.states import Status
from tests.accounts.make import make_user
from tests.stories.make import make_story
from transcode.cues import Cue, to_json
from transcode.models import Job, Rendition, RenditionSet, Revision, State, Transcript

CHECKED = [item.code for item in ITEMS]
LINES = (
    "Nobody tells you about the desert\nbefore you leave.",
    "I thought that I would be back\nwithin a year.",
    "My mother sold her land for it.",
    "I tell it so that others know.",
)
CUES = [Cue(2.0 * n, 2.0 * n + 1.9, text) for n, text in enumerate(LINES)]
DURATION_S = 8.0


def make_moderator(story: Story | Case, **kwargs: Any) -> User:
    """A moderator of the story's programme."""
    of = story.story if isinstance(story, Case) else story
    return make_user(role=Role.MODERATOR, programme=of.programme, **kwargs)


def make_set(
    story: Story, *, complete: bool = True, files: Mapping[str, Path] | None = None
) -> RenditionSet:
    """Renditions as rows; `files` by profile are put into the store."""
    made = RenditionSet.objects.create(
        story=story,
        duration_s=DURATION_S,
        has_video=True,
        has_audio=True,
        width=854,
        height=480,
        completed_at=timezone.now() if complete else None,
    )
    profiles = ["first_look", "poster", *(["web_480"] if complete else [])]
    for profile in profiles:
        _make_rendition(made, profile, (files or {}).get(profile))
    return made


def _make_rendition(made: RenditionSet, profile: str, path: Path | None) -> Rendition:
    suffix, content_type = (".jpg", "image/jpeg") if profile == "poster" else (".mp4", "video/mp4")
    key = storage.new_key("renditions", suffix)
    if path:
        storage.put(path, key)
    content = path.read_bytes() if path else secrets.token_bytes(8)
    return Rendition.objects.create(
        set=made,
        profile=profile,
        key=key,
        content_type=content_type,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        duration_s=None if profile == "poster" else DURATION_S,
    )


def make_transcript(story: Story, cues: Sequence[Cue] = CUES) -> Revision:
    """The machine's transcript in the story's language, ended."""
    transcript, _created = Transcript.objects.get_or_create(story=story, language=story.language)
    transcript.outcome, transcript.ended_at = Transcript.Outcome.MADE, timezone.now()
    transcript.save(update_fields=["outcome", "ended_at"])
    return revise(story, cues)


def revise(story: Story, cues: Sequence[Cue] = CUES, *, by: User | None = None) -> Revision:
    """One more revision of the story's transcript."""
    transcript = story.transcripts.get(language=story.language)
    number = transcript.revisions.count() + 1
    return Revision.objects.create(
        transcript=transcript, number=number, cues=to_json(cues), by=by, engine="test"
    )


def make_case(
    device: Device | None = None,
    *,
    complete: bool = True,
    files: Mapping[str, Path] | None = None,
    first: User | None = None,
    claimed_by: User | None = None,
    consent: ConsentRecord | None = None,
    **facts: Any,
) -> Case:
    """An open case with everything made unless not `complete`; `first` has approved it already."""
    story = make_story(device, status=Status.PROCESSING, consent=consent, **facts)
    make_set(story, complete=complete, files=files)
    make_transcript(story)
    jobs = Job.objects.filter(group=story.pk)
    jobs.update(state=State.DONE, progress=1.0, ended_at=timezone.now())
    story.ready_for_review(by=SYSTEM)
    case = story.cases.get()
    if first:
        cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)
    if claimed_by:
        claims.claim(case, by=claimed_by)
    case.refresh_from_db()
    return case


def make_twice_approved(*, device: Device | None = None, **facts: Any) -> Case:
    """A case that two moderators approved, published where that is the programme's policy."""
    case = make_case(device, **facts)
    first, second = make_moderator(case), make_moderator(case)
    cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)
    return cases.confirm(claims.claim(case, by=second), by=second, checklist=CHECKED)


def make_clip(folder: Path, *, size: str = "854x480") -> dict[str, Path]:
    """A clip with a moving picture and a tone, and its poster, by profile; needs no person."""
    video, poster = folder / f"{uuid.uuid4()}.mp4", folder / f"{uuid.uuid4()}.jpg"
    source = f"testsrc2=size={size}:rate=15:duration={DURATION_S}"
    tone = f"sine=frequency=220:duration={DURATION_S}"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "15"]
    ending = ["-c:a", "aac", "-movflags", "+faststart", str(video)]
    quiet = ["ffmpeg", "-v", "error"]
    sources = ["-f", "lavfi", "-i", source, "-f", "lavfi", "-i", tone]
    subprocess.run([*quiet, *sources, *encode, *ending], check=True)
    subprocess.run([*quiet, "-i", str(video), "-frames:v", "1", str(poster)], check=True)
    return {"web_480": video, "first_look": video, "poster": poster}
