"""Making and ordering playlists. Changes of one playlist queue behind its row's lock."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Programme, User
from audit import Action
from audit.trail import record
from common.errors import Conflict, NotFound, Problem
from screenings.catalogue import Entry, entries, excluded_from, screenable
from screenings.models import Playlist, PlaylistItem
from screenings.names import one_line
from stories.models import StoryQuerySet

# A town hall's film: about 45 minutes, then the debate.
EVENING_S: Final = 45 * 60
MOST_ITEMS: Final = 99
MOST_NAME_CHARS: Final = 120
SAY_WHERE: Final = _("Say where it will be shown, and ask for the package again.")


class NameMissing(Problem):
    code = "playlist_name_missing"
    title = _("A playlist needs a name")


class PlaceMissing(Conflict):
    """A film may be excluded from places, so nothing leaves the server for nowhere."""

    code = "place_missing"
    title = _("No place is named yet")


class NotScreenable(Conflict):
    code = "not_screenable"
    title = _("Not all of these may be screened here")


class PlaylistFull(Conflict):
    code = "playlist_full"
    title = _("A playlist holds at most 99 films")


@dataclass(frozen=True)
class Line:
    """A playlist's film. Of one that may not be shown there now, `entry` is None: not even its
    title is left to be read."""

    story: uuid.UUID
    position: int
    entry: Entry | None

    @property
    def may_be_shown(self) -> bool:
        return self.entry is not None

    @property
    def title(self) -> str | None:
        return self.entry.story.title if self.entry else None

    @property
    def language(self) -> str | None:
        return self.entry.story.language if self.entry else None

    @property
    def duration_s(self) -> float | None:
        return self.entry.duration_s if self.entry else None


def lines(playlist: Playlist, *, at: datetime) -> list[Line]:
    """The playlist's films in order, counted from 1, as they may be shown in its place at `at`."""
    held = _held(playlist)
    shown = {entry.story.pk: entry for entry in entries(list(_screenable(playlist, held, at=at)))}
    return [Line(story, position, shown.get(story)) for position, story in enumerate(held, start=1)]


def excluded_places(playlist: Playlist, *, at: datetime) -> list[str]:
    """Where some of its films must not be shown, in alphabetical order, as consent keeps them.

    Also of those left out in the playlist's own place; not of those that may be shown nowhere.
    """
    programme = Programme.objects.filter(pk=playlist.programme_id)
    return excluded_from(screenable(programme, at=at).filter(pk__in=_held(playlist)))


def duration_s(films: Sequence[Line]) -> float:
    """Of those that may be shown, to be held against `EVENING_S`."""
    return sum(film.duration_s or 0.0 for film in films)


def create(
    programme: Programme, *, by: User, name: str, place: str = "", language: str = ""
) -> Playlist:
    """Raises `NameMissing`."""
    with transaction.atomic():
        playlist = Playlist.objects.create(
            programme=programme,
            name=_named(name),
            place=_tidy(place),
            language=language,
            created_by=by,
        )
        record(Action.PLAYLIST_CREATED, playlist.audit_subject, by=by)
    return playlist


def rename(
    playlist: Playlist,
    *,
    by: User,
    name: str | None = None,
    place: str | None = None,
    language: str | None = None,
) -> None:
    """Change what is given. Films that may not be shown in a new place stay, marked as such."""
    with _changing(playlist, by=by) as locked:
        locked.name = _named(name) if name is not None else locked.name
        locked.place = _tidy(place) if place is not None else locked.place
        locked.language = language if language is not None else locked.language
        locked.save(update_fields=["name", "place", "language"])
    playlist.refresh_from_db()


def set_items(playlist: Playlist, stories: Sequence[uuid.UUID], *, by: User) -> None:
    """Make these stories, in this order, the playlist's content.

    Raises `NotFound` for stories of another programme, `NotScreenable` naming those that may not
    be shown in the playlist's place, `PlaylistFull`, and `Conflict` for one named twice.
    """
    if len(set(stories)) != len(stories):
        raise Conflict(_("Name each story once."))
    with _changing(playlist, by=by) as locked:
        _check_screenable(locked, stories)
        _write(locked, stories)


def add(playlist: Playlist, story: uuid.UUID, *, by: User) -> None:
    """Put the story at the end, unless the playlist has it already; raises as `set_items`."""
    with _changing(playlist, by=by) as locked:
        held = _held(locked)
        if story not in held:
            _check_screenable(locked, [story])
            _write(locked, [*held, story])


def remove(playlist: Playlist, story: uuid.UUID, *, by: User) -> None:
    with _changing(playlist, by=by) as locked:
        _write(locked, [held for held in _held(locked) if held != story])


def move(playlist: Playlist, story: uuid.UUID, *, by: User, steps: int) -> None:
    """Move the story `steps` places towards the end (negative: the start), as far as there are."""
    with _changing(playlist, by=by) as locked:
        held = _held(locked)
        if story not in held:
            raise NotFound(_("This film is not in the playlist any more."))
        at = held.index(story)
        held.insert(max(0, at + steps), held.pop(at))
        _write(locked, held)


@contextmanager
def _changing(playlist: Playlist, *, by: User) -> Iterator[Playlist]:
    """The playlist's row, locked; the change is dated and recorded when the block ends well."""
    with transaction.atomic():
        locked = Playlist.objects.select_for_update(of=("self",)).get(pk=playlist.pk)
        yield locked
        locked.changed_at = timezone.now()
        locked.save(update_fields=["changed_at"])
        record(Action.PLAYLIST_CHANGED, locked.audit_subject, by=by)


def _held(playlist: Playlist) -> list[uuid.UUID]:
    return list(playlist.items.order_by("position").values_list("story_id", flat=True))


def _check_screenable(playlist: Playlist, stories: Sequence[uuid.UUID]) -> None:
    own = set(playlist.programme.stories.filter(pk__in=stories).values_list("pk", flat=True))
    if set(stories) - own:
        raise NotFound(_("There is no such story in this programme."))
    allowed = _screenable(playlist, stories, at=timezone.now())
    refused = own - set(allowed.values_list("pk", flat=True))
    if refused:
        raise NotScreenable(
            _("Take out the stories named in “stories”: they may not be shown in this place now."),
            stories=sorted(str(pk) for pk in refused),
        )


def _screenable(playlist: Playlist, stories: Sequence[uuid.UUID], *, at: datetime) -> StoryQuerySet:
    programme = Programme.objects.filter(pk=playlist.programme_id)
    return screenable(programme, at=at, place=playlist.place or None).filter(pk__in=stories)


def _write(playlist: Playlist, stories: Sequence[uuid.UUID]) -> None:
    if len(stories) > MOST_ITEMS:
        raise PlaylistFull(_("Make a second playlist."))
    playlist.items.all().delete()
    PlaylistItem.objects.bulk_create(
        PlaylistItem(playlist=playlist, story_id=story, position=position)
        for position, story in enumerate(stories, start=1)
    )


def _named(name: str) -> str:
    if not (tidy := _tidy(name)):
        raise NameMissing(_("Give it a name, such as the place and the date."))
    return tidy


def _tidy(text: str) -> str:
    return one_line(text)[:MOST_NAME_CHARS].rstrip()
