"""A person's words: another state of a transcript, beside the machine's or in its place."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import Action
from audit.trail import record
from common.errors import Conflict, NotFound, Problem, Text
from consent.uses import Use
from stories.models import ConsentMissing, Story
from stories.states import GONE
from transcode import cues as timed
from transcode import subtitles
from transcode.cues import Cue, CueError
from transcode.made import RenditionsPending, latest_set
from transcode.models import Revision, Transcript
from transcode.subtitles import SubtitleError

READERS: Final = {"vtt": subtitles.read_vtt, "srt": subtitles.read_srt}

CUE_FAULTS: Final[Mapping[str, Text]] = {
    "negative_start": _("it begins before the recording"),
    "not_after_start": _("it ends before it begins"),
    "after_the_end": _("it ends after the recording"),
    "too_long": _("it stands for more than 7 seconds"),
    "out_of_order": _("it begins before the one above it"),
    "overlap": _("it begins before the one above it has ended"),
    "empty": _("it has no text"),
    "too_many_lines": _("it has more than 2 lines"),
    "line_too_long": _("a line has more than 42 characters"),
    "malformed": _("it is not a start, an end and a text"),
}
FILE_FAULTS: Final[Mapping[str, Text]] = {
    "too_large": _("it is too large for a transcript"),
    "not_utf8": _("it is not UTF-8"),
    "not_webvtt": _("a WebVTT file begins with WEBVTT"),
    "bad_timing": _("a time is written wrongly"),
    "no_cues": _("it holds no subtitles"),
}


class TranscriptChanged(Conflict):
    code = "transcript_changed"
    title = _("The transcript was changed meanwhile")

    def __init__(self, newest: Revision | None) -> None:
        super().__init__(
            _("Load it again, and put your changes into the newest version."),
            newest=newest.number if newest else None,
        )


class CueRefused(Problem):
    code = "cue_refused"
    title = _("A subtitle can't be shown like this")

    def __init__(self, error: CueError) -> None:
        super().__init__(
            _("Subtitle %(number)s: %(fault)s. Change it and send it again.")
            % {"number": error.index + 1, "fault": CUE_FAULTS[error.why]},
            cue=error.index,
            why=error.why,
        )


class SubtitlesUnreadable(Problem):
    code = "subtitles_unreadable"
    title = _("The file can't be read as subtitles")

    def __init__(self, error: SubtitleError) -> None:
        super().__init__(
            _("Row %(number)s of the file: %(fault)s. Change it and send it again.")
            % {"number": error.line, "fault": FILE_FAULTS[error.why]},
            line=error.line,
            why=error.why,
        )


def read(data: bytes, form: str) -> list[Cue]:
    """The cues of a file, `form` being `vtt` or `srt`; raises `SubtitlesUnreadable`.

    A file without any is refused too: it is hardly meant, and would take the words away.
    """
    try:
        found = READERS[form](data)
    except SubtitleError as error:
        raise SubtitlesUnreadable(error) from error
    if not found:
        raise SubtitlesUnreadable(SubtitleError(1, "no_cues"))
    return found


def revise(story: Story, cues: Sequence[Cue], *, by: User, based_on: int | None) -> Revision:
    """Put `cues` in the place of the revision with the number `based_on` (None: there was none).

    Locks the story. Raises `TranscriptChanged` when there is a newer one, `CueRefused`,
    `ConsentMissing` without the grant to transcribe, `RenditionsPending` as long as the
    recording's length is not known, and `NotFound` for a story that was withdrawn.
    """
    with transaction.atomic():
        held = Story.objects.locked().get(pk=story.pk)
        _check(held, cues)
        transcript, _new = held.transcripts.get_or_create(language=held.language)
        revision = _add(transcript, cues, by=by, based_on=based_on)
        _end(transcript, has_words=bool(cues))
        facts = {"number": revision.number, "cues": len(cues)}
        record(Action.TRANSCRIPT_REVISED, held.audit_subject, by=by, **facts)
    return revision


def _check(story: Story, cues: Sequence[Cue]) -> None:
    if story.status in GONE:
        raise NotFound
    permission = story.may(Use.TRANSCRIPTION, at=timezone.now())
    if not permission:
        raise ConsentMissing(permission)
    made = latest_set(story)
    if made is None:
        raise RenditionsPending(_("Wait until the server has looked at the recording."))
    try:
        timed.check(cues, duration_s=made.duration_s)
    except CueError as error:
        raise CueRefused(error) from error


def _add(
    transcript: Transcript, cues: Sequence[Cue], *, by: User, based_on: int | None
) -> Revision:
    newest = transcript.latest
    if based_on != (newest.number if newest else None):
        raise TranscriptChanged(newest)
    return transcript.revisions.create(
        number=newest.number + 1 if newest else 1,
        cues=timed.to_json(cues),
        by=by,
        based_on=newest,
    )


def _end(transcript: Transcript, *, has_words: bool) -> None:
    transcript.outcome = Transcript.Outcome.MADE if has_words else Transcript.Outcome.EMPTY
    transcript.note, transcript.ended_at = "", timezone.now()
    transcript.save(update_fields=["outcome", "note", "ended_at"])
