"""What may be screened: published stories whose storytellers allow it, now and in the place."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import Programme, User
from consent.models import Exclusion
from consent.uses import Use
from moderation.models import Case
from stories.models import Story, StoryQuerySet
from transcode.made import player_rendition, poster, rendition_url
from transcode.models import Rendition, RenditionSet


def screenable(
    programmes: QuerySet[Programme], *, at: datetime, place: str | None = None
) -> StoryQuerySet:
    """Stories of `programmes` that may be shown at `at` in `place`, newest first.

    Without a `place` the places that storytellers excluded are not asked; a playlist names one.
    """
    stories = Story.objects.of_programmes(programmes).published()
    return stories.permitted(Use.COMMUNITY_SCREENING, at=at, place=place).order_by(
        "-published_at", "pk"
    )


def narrowed(
    stories: StoryQuerySet, *, language: str | None = None, longest_s: int | None = None
) -> StoryQuerySet:
    """Those in one language, and those that last `longest_s` seconds or less."""
    if language:
        stories = stories.filter(language=language)
    if longest_s is not None:
        approved = Case.objects.filter(pk=OuterRef("approved_case_id"))
        lasting = Subquery(approved.values("rendition_set__duration_s")[:1])
        stories = stories.alias(duration_s=lasting).filter(duration_s__lte=longest_s)
    return stories


def excluded_from(stories: StoryQuerySet) -> list[str]:
    """The places in which some of the stories must not be screened, in alphabetical order."""
    found = Exclusion.objects.filter(
        grant__use=Use.COMMUNITY_SCREENING,
        grant__allowed=True,
        grant__record__in=stories.order_by().values("consent"),
    )
    return sorted(set(found.values_list("place", flat=True)))


@dataclass(frozen=True)
class Entry:
    """A story with what its approval named; `made` is None when that approval is gone."""

    story: Story
    made: RenditionSet | None
    has_subtitles: bool

    @property
    def duration_s(self) -> float:
        return self.made.duration_s if self.made else 0.0

    def preview_url(self, viewer: User) -> str | None:
        return self._url(player_rendition(self.made) if self.made else None, viewer)

    def poster_url(self, viewer: User) -> str | None:
        return self._url(poster(self.made) if self.made else None, viewer)

    @staticmethod
    def _url(rendition: Rendition | None, viewer: User) -> str | None:
        return rendition_url(rendition, use="screening", viewer=viewer) if rendition else None


def entries(stories: Sequence[Story]) -> list[Entry]:
    """The stories with what was approved of them; two queries, however many they are."""
    cases = approved_cases(stories)
    return [_entry(story, cases.get(story.approved_case_id)) for story in stories]


def approved_cases(stories: Iterable[Story]) -> Mapping[uuid.UUID | None, Case]:
    """The cases that the stories' approvals name, by id."""
    named = [story.approved_case_id for story in stories if story.approved_case_id]
    cases = Case.objects.filter(pk__in=named).select_related("rendition_set", "revision")
    return {case.pk: case for case in cases.prefetch_related("rendition_set__renditions")}


def is_approved(rendition: Rendition) -> bool:
    """Whether it is of the set that the story's approval names: two people saw that one."""
    saw_it = Case.objects.filter(rendition_set=rendition.set_id)
    story = Story.objects.filter(pk=rendition.set.story_id)
    return story.filter(approved_case_id__in=saw_it.values("pk")).exists()


def _entry(story: Story, case: Case | None) -> Entry:
    has_subtitles = bool(case and case.revision and case.revision.cues)
    return Entry(story, case.rendition_set if case else None, has_subtitles)
