"""What a page shows of a film or a package, ready for its template."""

import uuid
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from screenings import packages
from screenings.catalogue import Entry
from screenings.models import Package
from screenings.playlists import Line
from stories.models import Story


@dataclass(frozen=True)
class FilmCard:
    story: Story
    duration_s: float
    has_subtitles: bool
    has_picture: bool
    preview_url: str | None
    poster_url: str | None
    is_held: bool


def cards_of(films: Sequence[Entry], *, viewer: User, held: Container[uuid.UUID]) -> list[FilmCard]:
    """`held` are the stories that the chosen playlist has already."""
    return [
        FilmCard(
            story=film.story,
            duration_s=film.duration_s,
            has_subtitles=film.has_subtitles,
            has_picture=bool(film.made and film.made.has_video),
            preview_url=film.preview_url(viewer),
            poster_url=film.poster_url(viewer),
            is_held=film.story.pk in held,
        )
        for film in films
    ]


@dataclass(frozen=True)
class LineCard:
    """A playlist's film with its buttons' facts."""

    line: Line
    poster_url: str | None
    is_first: bool
    is_last: bool


def lines_of(lines: Sequence[Line], *, viewer: User) -> list[LineCard]:
    return [
        LineCard(
            line=line,
            poster_url=line.entry.poster_url(viewer) if line.entry else None,
            is_first=line.position == 1,
            is_last=line.position == len(lines),
        )
        for line in lines
    ]


@dataclass(frozen=True)
class PackageCard:
    """`recalled` are the numbers of the films that were taken back; the titles are gone."""

    package: Package
    percent: int
    is_current: bool
    is_overtaken: bool
    films: int
    recalled: list[int]

    @property
    def filename(self) -> str:
        return packages.filename(self.package)


def card_of(package: Package, *, at: datetime) -> PackageCard:
    items = package.manifest.get("items", [])
    return PackageCard(
        package=package,
        percent=round(100 * packages.progress(package)),
        is_current=packages.is_current(package, at=at),
        is_overtaken=packages.is_overtaken(package),
        films=len(items),
        recalled=[number for number, item in enumerate(items, start=1) if "recalled" in item],
    )
