"""Who may play what: asked each time a media URL is used."""

from collections.abc import Callable

from django.core.exceptions import ValidationError

from accounts.callers import person_named
from accounts.models import User
from accounts.roles import REVIEWERS, SCREENERS, has_role
from common.errors import Forbidden, NotFound
from common.media import Claim, Servable
from consent.uses import Use
from stories.models import ConsentMissing, Story
from stories.states import GONE, Status
from transcode.models import Rendition

ScreeningCheck = Callable[[Rendition], bool]

SUFFIXES = {"video/mp4": "mp4", "audio/mp4": "m4a", "image/jpeg": "jpg"}

_screening_checks: list[ScreeningCheck] = []


def only_if(check: ScreeningCheck) -> ScreeningCheck:
    """Let a rendition be screened only if `check` says so each time its address is used.

    For later rooms, which know what was approved; call it from `AppConfig.ready()`.
    """
    _screening_checks.append(check)
    return check


def authorise_rendition(claim: Claim) -> Servable:
    """Uses: `review` for moderators of a story that is present, `screening` for organizers of one
    that is published and permitted now. Others, and other programmes' people, get a 404."""
    rendition = _rendition(claim.pk)
    story, viewer = rendition.set.story, person_named(claim.viewer)
    if claim.use == "review":
        _may_review(story, viewer)
    elif claim.use == "screening":
        _may_screen(story, viewer, claim)
        _is_what_was_approved(rendition)
    else:
        raise Forbidden
    return Servable(
        key=rendition.key,
        content_type=rendition.content_type,
        filename=f"{story.pk}.{SUFFIXES[rendition.content_type]}",
        etag=rendition.sha256,
    )


def _is_what_was_approved(rendition: Rendition) -> None:
    if not all(check(rendition) for check in _screening_checks):
        raise NotFound


def _rendition(pk: str) -> Rendition:
    try:
        return Rendition.objects.select_related(
            "set__story__programme", "set__story__consent__storyteller"
        ).get(pk=pk)
    except (Rendition.DoesNotExist, ValidationError) as error:
        raise NotFound from error


def _may_review(story: Story, viewer: User) -> None:
    if story.status in GONE or not has_role(viewer, story.programme, *REVIEWERS):
        raise NotFound


def _may_screen(story: Story, viewer: User, claim: Claim) -> None:
    if story.status != Status.PUBLISHED or not has_role(viewer, story.programme, *SCREENERS):
        raise NotFound
    permission = story.may(Use.COMMUNITY_SCREENING, at=claim.at)
    if not permission:
        raise ConsentMissing(permission)
