"""Published stories with bytes in the store, playlists, packages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accounts.models import Programme, User
from accounts.roles import Role
from audit import SYSTEM
from common import storage
from consent import withdrawal
from consent.models import Withdrawal
from moderation.models import Case
from screenings import packages, playlists
from screenings.models import Package, Playlist
from stories.models import Story
from stories.states import Status
from tests.accounts.make import make_device, make_user
from tests.stories.make import make_story
from tests.transcode.make import make_revision, make_set
from transcode import jobs
from transcode.cues import Cue
from transcode.models import Rendition, RenditionSet, Revision

CUES = [Cue(0, 1.5, "I left in the dry season.")]


def make_published_story(
    programme: Programme | None = None,
    *,
    film: Path | None = None,
    poster: Path | None = None,
    duration_s: float = 120,
    cues: Sequence[Cue] = CUES,
    **facts: Any,
) -> Story:
    """As two moderators left it, with a 720p film: some bytes of its own unless `film` is given.

    `facts` are those of `make_story`: title, language, consent.
    """
    if "consent" not in facts:
        facts["device"] = make_device(programme=programme)
    story = make_story(status=Status.IN_REVIEW, **facts)
    # No machine is to work on this one: what it would make is here already.
    jobs.cancel(story.pk)
    made = make_set(story, files=_files(story, film, poster), duration_s=duration_s)
    revision = make_revision(story, cues)
    publish(story, made, revision)
    return story


def _files(story: Story, film: Path | None, poster: Path | None) -> dict[str, bytes | Path]:
    files: dict[str, bytes | Path] = {
        Rendition.Profile.WEB_720: film or f"film of {story.pk}".encode() * 500
    }
    return files | ({Rendition.Profile.POSTER: poster} if poster else {})


def publish(story: Story, made: RenditionSet, revision: Revision) -> None:
    """What two moderators do: their case names what they saw."""
    first, second = (make_user(role=Role.MODERATOR, programme=story.programme) for _ in range(2))
    case = Case.objects.open().get(story=story)
    case.rendition_set, case.revision = made, revision
    case.save(update_fields=["rendition_set", "revision"])
    story.approve(by=second, first=first, case_id=case.pk)
    story.publish(by=SYSTEM)


def make_organizer(programme: Programme, *, role: Role = Role.ORGANIZER, **facts: Any) -> User:
    return make_user(role=role, programme=programme, **facts)


def make_playlist(
    *stories: Story, programme: Programme | None = None, by: User | None = None, **facts: Any
) -> Playlist:
    """Of the stories' programme, by an organizer there, for a place that nobody excluded."""
    home = programme or stories[0].programme
    person = by or make_organizer(home)
    playlist = playlists.create(
        home, by=person, **{"name": "An evening", "place": "Thiès", **facts}
    )
    playlists.set_items(playlist, [story.pk for story in stories], by=person)
    return playlist


def request_package(*stories: Story, playlist: Playlist | None = None, **facts: Any) -> Package:
    """Asked for and not yet made."""
    wanted = playlist or make_playlist(*stories, **facts)
    return packages.request(wanted, by=wanted.created_by)


def make_package(*stories: Story, **facts: Any) -> Package:
    """Asked for, and the worker has done what it can."""
    package = request_package(*stories, **facts)
    return build(package)


def build(package: Package) -> Package:
    """Do what is due in the worker's queue; needs `django_db(transaction=True)`."""
    while jobs.run_next(jobs.Queue.LIGHT):
        pass
    package.refresh_from_db()
    return package


def stored_bytes() -> bytes:
    """All that lies in packages in the store, to look for what must not be there."""
    root = Path(storage.private().path("packages"))
    return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


def withdraw(story: Story) -> int:
    """As whoever holds the slip does."""
    return withdrawal.withdraw(story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)
