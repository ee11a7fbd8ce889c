"""Why a recording can't be used, in words that a collector understands."""

from enum import StrEnum

# From `trans_null`: the usual one asks for Django's settings, which a plain module must not need.
from django.utils.translation.trans_null import gettext_noop


class Fault(StrEnum):
    """Stable codes: stored with failed jobs, shown in the API, and counted."""

    EMPTY_FILE = "empty_file"
    NOT_MEDIA = "not_media"
    TRUNCATED = "truncated"
    PLAYLIST = "playlist"
    TOO_LARGE_PICTURE = "too_large_picture"
    TOO_MANY_STREAMS = "too_many_streams"
    TOO_LONG = "too_long"
    TOO_LARGE_OUTPUT = "too_large_output"
    NO_PLAYABLE_STREAM = "no_playable_stream"
    NO_SOUND = "no_sound"
    DECODE_FAILED = "decode_failed"
    TIME_LIMIT = "time_limit"
    MEMORY = "memory"


SENTENCES: dict[Fault, str] = {
    Fault.EMPTY_FILE: gettext_noop(
        "The file is empty. Check that the recording plays on the phone, then send it again."
    ),
    Fault.NOT_MEDIA: gettext_noop(
        "This is not a video or sound recording. Choose the recording itself and send it again."
    ),
    Fault.TRUNCATED: gettext_noop(
        "The recording breaks off: its end is missing. If it plays to the end on the phone, send "
        "it again; if not, the phone stopped while saving and it has to be recorded anew."
    ),
    Fault.PLAYLIST: gettext_noop(
        "This is a list that points to other files, not a recording. Send the recording itself."
    ),
    Fault.TOO_LARGE_PICTURE: gettext_noop(
        "The picture is larger than we can process. Record at 1080p or 720p and send that."
    ),
    Fault.TOO_MANY_STREAMS: gettext_noop(
        "The file holds far more tracks than a phone records. Send the recording as the phone "
        "made it."
    ),
    Fault.TOO_LONG: gettext_noop(
        "The recording is longer than we can process. Cut it into shorter parts and send each."
    ),
    Fault.TOO_LARGE_OUTPUT: gettext_noop(
        "The recording would become too large a file. Cut it into shorter parts and send each."
    ),
    Fault.NO_PLAYABLE_STREAM: gettext_noop(
        "The file holds neither picture nor sound that can be played. Check that it plays on the "
        "phone, then send it again."
    ),
    Fault.NO_SOUND: gettext_noop("The recording has no sound, so there is nothing to transcribe."),
    Fault.DECODE_FAILED: gettext_noop(
        "The recording is damaged and can't be played. Check that it plays on the phone; if it "
        "does, send it again, and if it doesn't, record it anew."
    ),
    Fault.TIME_LIMIT: gettext_noop(
        "The recording took far too long to process and was stopped. Tell your coordinator, who "
        "can look at the file."
    ),
    Fault.MEMORY: gettext_noop(
        "The recording needs more memory than it may use. Record at 1080p or 720p and send that."
    ),
}


class Unplayable(Exception):
    """The file itself is at fault: trying it again gives the same answer.

    `code` is a member of `Fault`; `detail` is the English source sentence, to be passed through
    gettext where it is shown. Neither ever holds anything that stood in the file.
    """

    def __init__(self, code: Fault | str) -> None:
        self.code = Fault(code)
        self.detail = SENTENCES[self.code]
        super().__init__(f"{self.code}: {self.detail}")


class Cancelled(Exception):
    """`should_stop` said so; the processes are gone and so is what they had written."""


class Killed(Exception):
    """Somebody else ended the program (kill, out of memory): worth another try."""


class ToolMissing(Exception):
    """ffmpeg or ffprobe is not installed: the machine is at fault, not the file."""
