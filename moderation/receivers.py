"""What happens to cases when a story moves or something new is made of it."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from audit import SYSTEM, Actor
from moderation import cases
from moderation.locks import locked
from moderation.models import Case, Decision
from stories.models import Story
from stories.states import Status
from transcode.models import RenditionSet, Revision

OUTCOMES = {
    Status.APPROVED: Case.Outcome.APPROVED,
    Status.CHANGES_REQUESTED: Case.Outcome.CHANGES_REQUESTED,
    Status.REJECTED: Case.Outcome.REJECTED,
    Status.WITHDRAWN: Case.Outcome.WITHDRAWN,
}


def follow_story(*, story: Story, before: Status, by: Actor, **_kwargs: Any) -> None:
    """Receiver of `stories.signals.moved`, in its transaction and under the story's lock."""
    if story.status == Status.IN_REVIEW:
        cases.open_case(story, by=by)
    elif outcome := OUTCOMES.get(Status(story.status)):
        _close_open_case(story, outcome, by=by)
    elif story.status == Status.ERASED:
        _forget(story)


def _forget(story: Story) -> None:
    """Blank what was written about the story; who decided what and when stays."""
    reasons = Decision.objects.filter(case__story=story)
    reasons.forget(reason="", erased_at=timezone.now())


def _close_open_case(story: Story, outcome: Case.Outcome, *, by: Actor) -> None:
    case = (
        Case.objects.select_for_update(of=("self",), no_key=True).filter(story=story).open().first()
    )
    if case:
        case.story = story
        cases.close_case(case, outcome, by=by)


def void_outdated_approval(
    *, instance: RenditionSet | Revision, created: bool, **_kwargs: Any
) -> None:
    """Receiver of `post_save`: a first approval does not stand for what came after it."""
    story_id = _story_id(instance)
    case = Case.objects.open().filter(story_id=story_id).exclude(rendition_set=None).first()
    if created and case:
        with locked(case) as held:
            cases.replace_if_outdated(held, by=_maker(instance))


def reopen_revised_story(*, instance: Revision, created: bool, **_kwargs: Any) -> None:
    """Receiver of `post_save`: what was approved with another transcript is looked at again."""
    approved = Case.objects.filter(
        pk__in=Story.objects.filter(pk=_story_id(instance)).values("approved_case_id")
    ).first()
    if created and approved:
        with locked(approved) as held:
            is_shown = held.story.status in (Status.APPROVED, Status.PUBLISHED)
            if is_shown and cases.seen_now(held.story)[1] != held.revision:
                held.story.reopen(by=_maker(instance))


def _story_id(made: RenditionSet | Revision) -> UUID:
    return made.story_id if isinstance(made, RenditionSet) else made.transcript.story_id


def _maker(made: RenditionSet | Revision) -> Actor:
    return made.by or SYSTEM if isinstance(made, Revision) else SYSTEM
