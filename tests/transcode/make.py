"""What the machines would have made, as rows; bytes lie behind a rendition only if given."""

import secrets

from django.utils import timezone

from common import storage
from stories.models import Story
from transcode.models import Rendition, RenditionSet, Revision, Transcript


def make_rendition_set(story: Story, *, complete: bool = True) -> RenditionSet:
    made = RenditionSet.objects.create(
        story=story,
        duration_s=8.7,
        has_video=True,
        has_audio=True,
        width=720,
        height=1280,
        codecs="h264 aac",
        completed_at=timezone.now() if complete else None,
    )
    make_rendition(made, Rendition.Profile.FIRST_LOOK)
    if complete:
        make_rendition(made, Rendition.Profile.WEB_480)
    return made


def make_rendition(made: RenditionSet, profile: Rendition.Profile) -> Rendition:
    return Rendition.objects.create(
        set=made,
        profile=profile,
        key=storage.new_key("renditions", ".mp4"),
        content_type="video/mp4",
        size_bytes=1000,
        sha256=secrets.token_hex(32),
        width=480,
        height=854,
        duration_s=8.7,
    )


def make_transcript(story: Story, *, text: str = "A made-up sentence.") -> Transcript:
    transcript = Transcript.objects.create(
        story=story,
        language=story.language,
        outcome=Transcript.Outcome.MADE,
        ended_at=timezone.now(),
    )
    Revision.objects.create(transcript=transcript, number=1, cues=[[0, 2000, text]])
    return transcript
