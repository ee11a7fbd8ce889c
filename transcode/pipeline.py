"""The machine's work on a story: which job follows which, and what each writes down.

    probe ──┬─► first_look   240p and poster, or the sound alone: enough to begin a review
            ├─► renditions   480p and 720p from one decode
            └─► transcribe   16 kHz sound, then Whisper

Handlers work on files in scratch and write rows only in `work.finish`, story locked first.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from audit import SYSTEM, Action
from audit.trail import record
from common import storage
from consent.uses import Use
from stories.models import Recording, Story
from stories.states import Status
from transcode import cues, engine_room, erasure, ffmpeg, jobs, speech
from transcode.ffmpeg import Media, Profile
from transcode.files import Draft, Kept, keep, kept_if_recorded, original, tried
from transcode.jobs import Queue, Work
from transcode.made import latest_set, transcript_of
from transcode.models import Job, Rendition, RenditionSet, Transcript
from transcode.speech import Speech

# First looks of all stories go before the full renditions of any.
FIRST_LOOK_PRIORITY = 10
RENDITIONS_PRIORITY = 50


def register() -> None:
    """Tell the job engine of these kinds; called when Django is ready."""
    jobs.register("probe", queue=Queue.LIGHT, handler=look_at, on_failed=fail_story)
    jobs.register(
        "first_look",
        queue=Queue.MEDIA,
        handler=make_first_look,
        priority=FIRST_LOOK_PRIORITY,
        on_failed=fail_story,
    )
    jobs.register(
        "renditions",
        queue=Queue.MEDIA,
        handler=make_renditions,
        priority=RENDITIONS_PRIORITY,
        on_failed=fail_unreviewed,
    )
    jobs.register("transcribe", queue=Queue.SPEECH, handler=transcribe, on_failed=leave_to_people)


def follow_story(*, story: Story, **_kwargs: Any) -> None:
    """Receiver of `stories.signals.moved`: start on what is handed over, stop on what is gone."""
    if story.status == Status.SUBMITTED:
        story.start_processing(by=SYSTEM)
    elif story.status == Status.PROCESSING:
        jobs.enqueue("probe", story.recording.pk, group=story.pk)
    elif story.status == Status.WITHDRAWN:
        jobs.cancel(story.pk)
    elif story.status == Status.ERASED:
        erasure.erase(story)


def look_at(work: Work) -> None:
    """Handler of `probe`: what is in the file decides what is made."""
    recording = Recording.objects.select_related("upload", "story").get(pk=work.job.subject)
    with tried(), original(recording) as source:
        media = ffmpeg.probe(source, should_stop=work.should_stop)
    work.finish(lambda: _begin(recording.story, media))


def _begin(story: Story, media: Media) -> None:
    story = _locked(story.pk)
    made = RenditionSet.objects.create(
        story=story,
        duration_s=media.duration_s,
        has_video=media.video is not None,
        has_audio=media.audio is not None,
    )
    erasure.discard_sets(story.rendition_sets.exclude(pk=made.pk))
    jobs.enqueue("first_look", made.pk, group=story.pk)
    jobs.enqueue("renditions", made.pk, group=story.pk)
    _begin_transcript(story, made)


def _begin_transcript(story: Story, made: RenditionSet) -> None:
    transcript, created = Transcript.objects.get_or_create(story=story, language=story.language)
    if not created and transcript.revisions.exists():
        return
    outcome, note = _without_machine(story, made)
    _end_transcript(transcript, outcome, note)
    if outcome is Transcript.Outcome.PENDING:
        jobs.enqueue("transcribe", transcript.pk, group=story.pk)


def _without_machine(story: Story, made: RenditionSet) -> tuple[Transcript.Outcome, str]:
    """Why no machine transcribes this story; `PENDING` when one does."""
    if not story.may(Use.TRANSCRIPTION, at=timezone.now()):
        return Transcript.Outcome.NOT_GRANTED, gettext_noop("The storyteller did not grant it.")
    if not made.has_audio:
        return Transcript.Outcome.EMPTY, gettext_noop("The recording has no sound.")
    if not speech.has_engine(story.language):
        return Transcript.Outcome.NEEDS_PERSON, gettext_noop("No machine knows this language.")
    return Transcript.Outcome.PENDING, ""


def make_first_look(work: Work) -> None:
    """Handler of `first_look`."""
    made = _set(work)
    with _workshop(made) as (source, folder, kept):
        media = ffmpeg.probe(source, should_stop=work.should_stop)
        drafts = _encode(work, source, media, [ffmpeg.first_look_for(media)], folder=folder)
        if media.video:
            drafts.append(_poster(work, source, media, folder=folder))
        _record(work, made, drafts, kept=kept, complete=False)


def make_renditions(work: Work) -> None:
    """Handler of `renditions`: all of them from one decode."""
    made = _set(work)
    with _workshop(made) as (source, folder, kept):
        media = ffmpeg.probe(source, should_stop=work.should_stop)
        drafts = _encode(work, source, media, ffmpeg.renditions_for(media), folder=folder)
        _record(work, made, drafts, kept=kept, complete=True)


@contextmanager
def _workshop(made: RenditionSet) -> Iterator[tuple[Path, Path, list[Kept]]]:
    """The phone's file, a folder for drafts, and the list of what is kept of them."""
    with (
        tried(),
        original(made.story.recording) as source,
        storage.scratch() as folder,
        kept_if_recorded() as kept,
    ):
        yield source, folder, kept


def _encode(
    work: Work, source: Path, media: Media, profiles: Sequence[Profile], *, folder: Path
) -> list[Draft]:
    targets = {profile: folder / f"{profile.name}{profile.suffix}" for profile in profiles}
    results = ffmpeg.encode_set(
        source,
        media,
        targets,
        on_progress=work.progress,
        should_stop=work.should_stop,
        threads=settings.WORKER_THREADS,
    )
    return [
        Draft(targets[profile], profile.name, profile.content_type, result)
        for profile, result in results.items()
    ]


def _poster(work: Work, source: Path, media: Media, *, folder: Path) -> Draft:
    target = folder / "poster.jpg"
    ffmpeg.poster(source, media, target, should_stop=work.should_stop)
    return Draft(target, Rendition.Profile.POSTER, "image/jpeg", media=None)


def _record(
    work: Work,
    made: RenditionSet,
    drafts: Sequence[Draft],
    *,
    kept: list[Kept],
    complete: bool,
) -> None:
    for draft in drafts:
        kept.append(keep(draft, story_id=work.job.group))
    work.finish(lambda: _record_files(made.pk, kept, complete=complete))


def _record_files(set_id: uuid.UUID, kept: Sequence[Kept], *, complete: bool) -> None:
    made = RenditionSet.objects.get(pk=set_id)
    story = _locked(made.story_id)
    for file in kept:
        Rendition.objects.create(set=made, **file.facts)
    if complete:
        made.completed_at = timezone.now()
        made.save(update_fields=["completed_at"])
    _open_for_review(story)


def transcribe(work: Work) -> None:
    """Handler of `transcribe`: the sound, then the words."""
    transcript = Transcript.objects.select_related("story").get(pk=work.job.subject)
    engine = engine_room.engine_for(transcript.language)
    if engine is None:
        raise jobs.PermanentFailure("no_engine", _("No machine knows this language."))
    with tried(), original(transcript.story.recording) as source, storage.scratch() as folder:
        media = ffmpeg.probe(source, should_stop=work.should_stop)
        sound = folder / "speech.wav"
        ffmpeg.speech_audio(source, media, sound, should_stop=work.should_stop)
        heard = engine.transcribe(
            sound,
            language=transcript.language,
            on_progress=work.progress,
            should_stop=work.should_stop,
        )
    work.finish(lambda: _record_speech(transcript.pk, heard))


def _record_speech(transcript_id: uuid.UUID, heard: Speech) -> None:
    """The machine's revision is the first or none: it never comes after a person's."""
    transcript = Transcript.objects.get(pk=transcript_id)
    story = _locked(transcript.story_id)
    if not transcript.revisions.exists():
        _record_words(transcript, heard)
    _open_for_review(story)


def _record_words(transcript: Transcript, heard: Speech) -> None:
    lines = cues.cues_from(heard)
    transcript.revisions.create(
        number=1,
        cues=cues.to_json(lines),
        words=speech.to_json(heard),
        engine=heard.engine,
        model=heard.model,
    )
    subject = transcript.story.audit_subject
    record(Action.TRANSCRIPT_MACHINE, subject, by=SYSTEM, cues=len(lines))
    transcript.detected_language = heard.language_detected or ""
    outcome = Transcript.Outcome.MADE if lines else Transcript.Outcome.EMPTY
    _end_transcript(transcript, outcome, _warning(heard))


def _warning(heard: Speech) -> str:
    if heard.language_disagrees:
        return gettext_noop("The machine heard another language than the collector declared.")
    if any(segment.is_doubtful for segment in heard.segments):
        return gettext_noop("The machine was unsure of parts of it.")
    return ""


def _end_transcript(transcript: Transcript, outcome: Transcript.Outcome, note: str) -> None:
    transcript.outcome = outcome
    transcript.note = note
    transcript.ended_at = None if outcome is Transcript.Outcome.PENDING else timezone.now()
    transcript.save(update_fields=["outcome", "note", "ended_at", "detected_language"])


def fail_story(job: Job) -> None:
    """Nothing can be shown: the story fails with the job's reason, and its other work ends."""
    story = _locked(job.group)
    if story.status == Status.PROCESSING:
        story.fail(by=SYSTEM, code=job.reason_code, reason=job.reason)
    jobs.cancel(job.group, spare=job.pk)


def fail_unreviewed(job: Job) -> None:
    """Full renditions failed: a story already in review stays there, and cannot be approved."""
    if _locked(job.group).status == Status.PROCESSING:
        fail_story(job)


def leave_to_people(job: Job) -> None:
    """Speech failed: the story goes on, a person transcribes, if none has done so already."""
    story = _locked(job.group)
    transcript = Transcript.objects.get(pk=job.subject)
    if not transcript.revisions.exists():
        _end_transcript(transcript, Transcript.Outcome.NEEDS_PERSON, job.reason)
    _open_for_review(story)


def _open_for_review(story: Story) -> None:
    """People may begin once something plays and speech has ended; the caller holds the lock."""
    made, transcript = latest_set(story), transcript_of(story)
    playable = made is not None and made.renditions.exists()
    if story.status == Status.PROCESSING and playable and transcript and transcript.ended_at:
        story.ready_for_review(by=SYSTEM)


def _set(work: Work) -> RenditionSet:
    return RenditionSet.objects.select_related("story").get(pk=work.job.subject)


def _locked(story_id: uuid.UUID) -> Story:
    return Story.objects.locked().get(pk=story_id)
