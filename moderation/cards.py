"""The queue: what a moderator needs to choose the next case, in a fixed number of queries."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, TextChoices
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common import languages
from moderation.models import Case, CaseQuerySet, Decision
from stories.models import Story
from stories.states import GONE, Status
from transcode.made import Stage, poster, progress_of_many, rendition_url
from transcode.models import Rendition, RenditionSet, State


class Standing(TextChoices):
    """Where a case stands; the values are also what the badges are coloured by."""

    WAITING = "in_review", _("To review")
    CLAIMED = "claimed", _("Being reviewed")
    FIRST_APPROVAL = "first_approval", _("Needs a second person")
    APPROVED = "approved", _("Approved, not yet published")
    PUBLISHED = "published", _("Published")
    CHANGES_REQUESTED = "changes_requested", _("Changes asked for")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    OUTDATED = "outdated", _("Overtaken by a newer version")


@dataclass(frozen=True)
class Card:
    """One case in the queue. `stages` is empty once everything is made."""

    case: Case
    standing: Standing
    holder: User | None
    poster_url: str
    duration_s: float | None
    stages: Sequence[Stage]

    @property
    def story(self) -> Story:
        return self.case.story

    @property
    def pseudonym(self) -> str:
        return "" if self.is_gone else self.story.consent.storyteller.pseudonym

    @property
    def title(self) -> str:
        return "" if self.is_gone else self.story.title

    @property
    def language(self) -> str | Promise:
        return languages.name(self.story.language)

    @property
    def waiting(self) -> str:
        """Since when, in one unit: "3 hours"."""
        return timesince(self.case.opened_at, depth=1)

    @property
    def is_gone(self) -> bool:
        return self.story.status in GONE


def with_stories(cases: CaseQuerySet) -> CaseQuerySet:
    """`cases` with all that `cards` looks at."""
    sets = RenditionSet.objects.order_by("-created_at").prefetch_related("renditions")
    return cases.select_related(
        "story__programme", "story__collector", "story__consent__storyteller", "claimed_by"
    ).prefetch_related(
        Prefetch("decisions", Decision.objects.select_related("by")),
        Prefetch("story__rendition_sets", sets),
    )


def cards(cases: Iterable[Case], *, viewer: User, at: datetime | None = None) -> list[Card]:
    """Cards of cases that came through `with_stories`; one more query for what is being made."""
    listed = list(cases)
    stages = progress_of_many([case.story_id for case in listed if case.is_open])
    now = at or timezone.now()
    return [
        _card(case, viewer=viewer, at=now, stages=stages.get(case.story_id, [])) for case in listed
    ]


def digest(shown: Iterable[Card]) -> str:
    """A short text that changes when the queue looks different; signed URLs don't count."""
    looks = [
        [
            str(card.case.pk),
            card.standing.value,
            card.holder.pk if card.holder else None,
            bool(card.poster_url),
            card.waiting,
            [[stage.kind, stage.state, round(stage.progress, 2)] for stage in card.stages],
        ]
        for card in shown
    ]
    return hashlib.sha256(json.dumps(looks).encode()).hexdigest()[:16]


def standing_of(case: Case, *, at: datetime) -> Standing:
    if case.is_open:
        return _standing_of_open(case, at=at)
    if case.story.status == Status.WITHDRAWN:
        return Standing.WITHDRAWN
    if case.story.status == Status.PUBLISHED and case.story.approved_case_id == case.pk:
        return Standing.PUBLISHED
    return Standing(case.outcome)


def _standing_of_open(case: Case, *, at: datetime) -> Standing:
    if case.holder(at=at):
        return Standing.CLAIMED
    return Standing.FIRST_APPROVAL if case.first_approval else Standing.WAITING


def _card(case: Case, *, viewer: User, at: datetime, stages: Sequence[Stage]) -> Card:
    made = next(iter(case.story.rendition_sets.all()), None)
    gone = case.story.status in GONE
    picture = poster(made) if made and not gone else None
    return Card(
        case=case,
        standing=standing_of(case, at=at),
        holder=case.holder(at=at),
        poster_url=review_url(picture, viewer=viewer),
        duration_s=made.duration_s if made else None,
        stages=[] if gone or all(s.state == State.DONE for s in stages) else stages,
    )


def review_url(rendition: Rendition | None, *, viewer: User) -> str:
    return rendition_url(rendition, use="review", viewer=viewer) if rendition else ""
