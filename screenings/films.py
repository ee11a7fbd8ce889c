"""Which films a package holds: what was wanted, as far as it may be shown, as it was approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.models import Programme
from moderation.models import Case
from screenings import names
from screenings.archive import LARGEST_ON_FAT32_BYTES
from screenings.catalogue import approved_cases, screenable
from screenings.models import Package
from stories.models import Story
from transcode import cues, subtitles
from transcode.models import Rendition, RenditionSet

# The sharpest that a projector gets from us; the 240p look only when there is nothing else.
PROFILES: Final = (
    Rendition.Profile.WEB_720,
    Rendition.Profile.WEB_480,
    Rendition.Profile.FIRST_LOOK,
    Rendition.Profile.AUDIO,
)
SUFFIXES: Final = {"video/mp4": ".mp4", "audio/mp4": ".m4a"}


@dataclass(frozen=True)
class Film:
    """A story as it goes into a package; `name` is that of its files, without suffix."""

    story: Story
    case: Case
    made: RenditionSet
    rendition: Rendition
    name: str

    @property
    def file(self) -> str:
        return self.name + SUFFIXES[self.rendition.content_type]

    @property
    def subtitle_file(self) -> str | None:
        return f"{self.name}.srt" if self._cues else None

    @property
    def duration_s(self) -> float:
        return self.rendition.duration_s or self.made.duration_s

    def srt(self) -> bytes:
        return subtitles.write_srt(cues.from_json(self._cues))

    @property
    def _cues(self) -> Sequence[object]:
        return self.case.revision.cues if self.case.revision else []


def films_of(package: Package, *, at: datetime) -> list[Film]:
    """The wanted stories that may be shown at `at`, in order, numbered without gaps."""
    stories = allowed(package, package.wanted, at=at)
    cases = approved_cases(stories)
    chosen = [
        (story, case, made, rendition)
        for story in stories
        if (case := cases.get(story.approved_case_id))
        and (made := case.rendition_set)
        and (rendition := _best(made))
    ]
    return [
        Film(story, case, made, rendition, names.numbered(place, story.title, of=len(chosen)))
        for place, (story, case, made, rendition) in enumerate(chosen, start=1)
    ]


def still_stand(package: Package, films: Sequence[Film], *, at: datetime) -> bool:
    """Whether each of the films may be shown at `at`, and is still what was approved."""
    ids = [str(film.story.pk) for film in films]
    approved = {story.pk: story.approved_case_id for story in allowed(package, ids, at=at)}
    return all(approved.get(film.story.pk) == film.case.pk for film in films)


def allowed(package: Package, wanted: Sequence[str], *, at: datetime) -> list[Story]:
    """Those of the `wanted` story ids that the package may hold at `at`, in their order.

    None as long as the package names no place: what storytellers excluded can't be asked then.
    """
    if not package.has_place:
        return []
    programme = Programme.objects.filter(pk=package.playlist.programme_id)
    stories = screenable(programme, at=at, place=package.place).filter(pk__in=wanted)
    return sorted(stories, key=lambda story: wanted.index(str(story.pk)))


def _best(made: RenditionSet) -> Rendition | None:
    files = {rendition.profile: rendition for rendition in made.renditions.all()}
    fitting = (files[profile] for profile in PROFILES if profile in files)
    return next((film for film in fitting if film.size_bytes < LARGEST_ON_FAT32_BYTES), None)
