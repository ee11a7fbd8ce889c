"""The phone's own file, sealed as it came: for a coordinator who must see why a story failed."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.callers import person_named
from accounts.models import User
from accounts.roles import Role, has_role
from audit import Action
from audit.trail import record
from common import media
from common.errors import NotFound
from common.media import Claim, Servable
from stories import arrivals
from stories.models import Story
from uploads.models import Upload

USE = "inspect"


class OriginalMissing(NotFound):
    code = "original_missing"
    title = _("The recording has not arrived")


def open_original(story: Story, *, by: User) -> str:
    """Return a signed path to the untouched file, with all its metadata; each opening is audited.

    Works for whatever arrived whole, also when its hash was wrong. Raises `OriginalMissing`.
    """
    if story.is_gone or not _upload(story).content_key:
        raise OriginalMissing(_("Nothing is kept of this story, or its bytes never came whole."))
    record(Action.MEDIA_ORIGINAL_OPENED, story.audit_subject, by=by)
    return media.url("original", story.pk, use=USE, viewer=by.audit_name)


def authorise_original(claim: Claim) -> Servable:
    """For coordinators of the story's programme, while the story is there; a 404 for all others."""
    try:
        story = Story.objects.present().select_related("programme").get(pk=claim.pk)
    except (Story.DoesNotExist, ValidationError) as error:
        raise NotFound from error
    if not has_role(person_named(claim.viewer), story.programme, Role.COORDINATOR):
        raise NotFound
    upload = _upload(story)
    return Servable(
        key=upload.content_key,
        # Never shown in the browser: what a phone sent may be a page with a script.
        content_type="application/octet-stream",
        filename=f"{story.pk}.original",
        etag=upload.sha256,
        attachment=True,
    )


def _upload(story: Story) -> Upload:
    upload = arrivals.upload_of(story.recording)
    if upload is None:
        raise OriginalMissing(_("The phone has not begun to send it."))
    return upload
