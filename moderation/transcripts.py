"""A person's words for a story under review, brought as a file of subtitles."""

from dataclasses import dataclass
from pathlib import PurePath

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.errors import Problem
from moderation.claims import claim, require_claim
from moderation.locks import locked
from moderation.models import Case, Decision
from transcode import revisions
from transcode.models import Revision
from transcode.subtitles import LARGEST_BYTES


class FileMissing(Problem):
    code = "transcript_file_missing"
    title = _("No file was chosen")


class FormUnknown(Problem):
    code = "transcript_form_unknown"
    title = _("This is not a file of subtitles")


@dataclass(frozen=True)
class Replaced:
    """`case` is where the story is reviewed on; `voided` the approval that no longer counts."""

    case: Case
    revision: Revision
    voided: Decision | None


def replace(case: Case, file: UploadedFile | None, *, by: User, based_on: int | None) -> Replaced:
    """Put the file's words in the place of the version with the number `based_on`.

    The case must be claimed by `by`. A first approval is void then, and the story has a new case,
    which `by` holds too. Raises what `revisions.read` and `revisions.revise` raise.
    """
    if file is None:
        raise FileMissing(_("Choose a .srt or .vtt file."))
    words = revisions.read(file.read(LARGEST_BYTES + 1), _form(file))
    with locked(case) as held:
        require_claim(held, by=by)
        voided = held.first_approval
        revision = revisions.revise(held.story, words, by=by, based_on=based_on)
        goes_on = Case.objects.open().get(story=held.story_id)
        return Replaced(claim(goes_on, by=by), revision, voided)


def _form(file: UploadedFile) -> str:
    form = PurePath(file.name or "").suffix.lower().removeprefix(".")
    if form not in revisions.READERS:
        raise FormUnknown(_("Choose a .srt or .vtt file."))
    return form
