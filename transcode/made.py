"""What the machines made of a story, for the rooms that show it or decide on it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common import media
from common.errors import Conflict, Problem
from stories.models import Story
from transcode.models import Job, Rendition, RenditionSet, State, Transcript

# What a browser on a moderator's line plays best, first choice first.
PLAYER_PROFILES = (
    Rendition.Profile.WEB_480,
    Rendition.Profile.WEB_720,
    Rendition.Profile.FIRST_LOOK,
    Rendition.Profile.AUDIO,
    Rendition.Profile.FIRST_LISTEN,
)

STAGES: dict[str, str | Promise] = {
    "probe": _("Looking at the file"),
    "first_look": _("First look"),
    "renditions": _("Video"),
    "transcribe": _("Transcript"),
}


class RenditionsPending(Conflict):
    code = "renditions_pending"
    title = _("The video is still being made")


class RenditionsFailed(Conflict):
    code = "renditions_failed"
    title = _("The video could not be made")


class SpeechPending(Conflict):
    code = "speech_pending"
    title = _("The transcript is still being made")


@dataclass(frozen=True)
class Stage:
    """A step of the machines on one story; `progress` runs from 0 to 1."""

    kind: str
    label: str | Promise
    state: State
    progress: float
    reason: str


def latest_set(story: Story) -> RenditionSet | None:
    return story.rendition_sets.order_by("-created_at").first()


def transcript_of(story: Story) -> Transcript | None:
    """The transcript in the story's own language."""
    return story.transcripts.filter(language=story.language).first()


def not_ready(story: Story) -> Problem | None:
    """Why an approval has to wait, or None: all renditions exist and speech has ended."""
    made = latest_set(story)
    if made is None or made.completed_at is None:
        failed = _latest_jobs([story.pk]).get((story.pk, "renditions"))
        if failed and failed.state == State.FAILED:
            return RenditionsFailed(gettext(failed.reason))
        return RenditionsPending(_("Approve it when the video is complete."))
    transcript = transcript_of(story)
    if transcript is None or transcript.ended_at is None:
        return SpeechPending(_("Approve it when the transcript is complete."))
    return None


def rendition_url(rendition: Rendition, *, use: str, viewer: User) -> str:
    """A signed path for `viewer`; role, status and consent are asked again when it is used."""
    return media.url("rendition", rendition.pk, use=use, viewer=viewer.audit_name)


def player_rendition(made: RenditionSet) -> Rendition | None:
    return _first_of(made, PLAYER_PROFILES)


def poster(made: RenditionSet) -> Rendition | None:
    return _first_of(made, (Rendition.Profile.POSTER,))


def _first_of(made: RenditionSet, profiles: Sequence[str]) -> Rendition | None:
    found = {rendition.profile: rendition for rendition in made.renditions.all()}
    return next((found[profile] for profile in profiles if profile in found), None)


def progress_of(story: Story) -> list[Stage]:
    """The machines' steps on this story, in order; steps that never began are left out."""
    return progress_of_many([story.pk])[story.pk]


def progress_of_many(story_ids: Collection[UUID]) -> dict[UUID, list[Stage]]:
    """`progress_of` for each of the stories, in one query; a story without steps has none."""
    latest = _latest_jobs(story_ids)
    return {
        story_id: [
            Stage(kind, label, State(job.state), job.progress, job.reason)
            for kind, label in STAGES.items()
            if (job := latest.get((story_id, kind)))
        ]
        for story_id in story_ids
    }


def _latest_jobs(story_ids: Collection[UUID]) -> dict[tuple[UUID, str], Job]:
    jobs = Job.objects.filter(group__in=story_ids, kind__in=STAGES).order_by("created_at")
    return {(job.group, job.kind): job for job in jobs}
