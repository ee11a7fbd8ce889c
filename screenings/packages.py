"""A package from outside the job that makes it: asked for, handed out, taken back."""

from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.callers import person_named
from accounts.models import User
from accounts.roles import SCREENERS, has_role
from audit import Action, Actor
from audit.trail import record
from common import media, storage
from common.errors import Conflict, NotFound, Problem
from screenings import names
from screenings.building import KIND
from screenings.films import allowed
from screenings.models import Package, Playlist
from screenings.playlists import SAY_WHERE, PlaceMissing
from stories.models import Story
from stories.states import GONE
from transcode import jobs
from transcode.models import Job

MEDIA_KIND: Final = "package"
# A stick's worth over a town's line takes hours; everything is asked again with each request.
DOWNLOAD_TTL_S: Final = 12 * 3600


class PlaylistEmpty(Conflict):
    code = "playlist_empty"
    title = _("The playlist holds no film")


class PackageNotMade(Conflict):
    code = "package_not_made"
    title = _("The package is not there yet")


class PackageOutdated(Problem):
    status = 410
    code = "package_outdated"
    title = _("This package may not be shown any more")


def request(playlist: Playlist, *, by: User) -> Package:
    """Ask for a package of what the playlist holds now, for its place.

    Asked again while the same one is still being made, it returns that one. Raises
    `PlaylistEmpty` or `PlaceMissing`.
    """
    with transaction.atomic():
        locked = Playlist.objects.select_for_update(of=("self",)).get(pk=playlist.pk)
        wanted = [str(pk) for pk in locked.items.values_list("story_id", flat=True)]
        if not wanted:
            raise PlaylistEmpty(_("Add films to it first."))
        if not locked.has_place:
            raise PlaceMissing(SAY_WHERE)
        return _waiting(locked, wanted) or _make(locked, wanted, by=by)


def _waiting(playlist: Playlist, wanted: list[str]) -> Package | None:
    waiting = playlist.packages.filter(state=Package.State.WAITING, place=playlist.place)
    return next((package for package in waiting if package.wanted == wanted), None)


def _make(playlist: Playlist, wanted: list[str], *, by: User) -> Package:
    package = Package.objects.create(
        playlist=playlist, place=playlist.place, wanted=wanted, requested_by=by
    )
    jobs.enqueue(KIND, package.pk, group=package.pk)
    record(Action.PACKAGE_REQUESTED, package.audit_subject, by=by, playlist=str(playlist.pk))
    return package


def progress(package: Package) -> float:
    """From 0 to 1."""
    if package.state == Package.State.MADE:
        return 1.0
    newest = Job.objects.filter(kind=KIND, subject=package.pk).order_by("-created_at").first()
    return newest.progress if newest else 0.0


def is_current(package: Package, *, at: datetime) -> bool:
    """Whether all that it holds may be shown in its place, just as it was approved."""
    if package.state != Package.State.MADE:
        return False
    held = {item.story_id: item.case_id for item in package.items.all()}
    stories = allowed(package, [str(pk) for pk in held], at=at)
    approved = {story.pk: story.approved_case_id for story in stories}
    return bool(held) and approved == held


def is_overtaken(package: Package) -> bool:
    """Whether its playlist holds something else by now, or is for another place."""
    playlist = package.playlist
    held = [str(pk) for pk in playlist.items.values_list("story_id", flat=True)]
    return (package.wanted, package.place) != (held, playlist.place)


def hand_out(package: Package, *, by: User) -> str:
    """A signed path for who takes the package; whether it may be had is asked at each use.

    The trail keeps this and not the requests: one download over a town's line is many of them.
    """
    record(Action.PACKAGE_DOWNLOADED, package.audit_subject, by=by, sha256=package.sha256)
    return media.url(
        MEDIA_KIND, package.pk, use="download", viewer=by.audit_name, ttl_s=DOWNLOAD_TTL_S
    )


def check_download(package: Package, *, viewer: User, at: datetime) -> None:
    """Raises `NotFound` for who isn't an organizer there, `PackageNotMade`, `PackageOutdated`."""
    if not has_role(viewer, package.playlist.programme, *SCREENERS):
        raise NotFound
    if package.state == Package.State.WAITING:
        raise PackageNotMade(_("Wait until it is made."))
    if not is_current(package, at=at):
        raise PackageOutdated(
            _("A film in it was taken back or changed. Make the package again and use that one.")
        )


def authorise_download(claim: media.Claim) -> media.Servable:
    """Asked by `common.media` with each request for a package's bytes."""
    package, viewer = _claimed(claim.pk), person_named(claim.viewer)
    check_download(package, viewer=viewer, at=claim.at)
    return media.Servable(
        key=package.key,
        content_type="application/zip",
        filename=filename(package),
        etag=package.sha256,
        attachment=True,
    )


def _claimed(pk: str) -> Package:
    try:
        return Package.objects.select_related("playlist__programme").get(pk=pk)
    except (Package.DoesNotExist, ValidationError) as error:
        raise NotFound from error


def filename(package: Package) -> str:
    """Tells packages of one playlist apart, by the minute they were asked for."""
    return f"{names.slug(package.playlist.name)}_{package.requested_at:%Y-%m-%d_%H%M}.zip"


def recall(*, story: Story, by: Actor, **_kwargs: Any) -> None:
    """Receiver of `stories.signals.moved`: nothing of a story that is gone stays in a package.

    Runs in the withdrawal's transaction. The bytes go once it is committed; what a crash leaves
    of them goes with the next sweep.
    """
    if story.status not in GONE:
        return
    holding = Package.objects.filter(items__story=story).order_by("pk")
    for package in list(holding.select_for_update(of=("self",))):
        _take_out(package, story, by=by)
    transaction.on_commit(erase_leftovers, robust=True)


def _take_out(package: Package, story: Story, *, by: Actor) -> None:
    """Also from one that is recalled already: its manifest still has this film's title."""
    was_made = package.state == Package.State.MADE
    package.state = Package.State.RECALLED
    package.manifest = _without(package.manifest, story)
    package.save(update_fields=["state", "manifest"])
    if was_made:
        record(Action.PACKAGE_RECALLED, package.audit_subject, by=by, story=str(story.pk))


def _without(manifest: dict[str, Any], story: Story) -> dict[str, Any]:
    """The manifest with nothing of the story but that it was there."""
    gone = str(story.pk)
    items = [
        {"story": gone, "recalled": True} if item["story"] == gone else item
        for item in manifest.get("items", [])
    ]
    return manifest | {"items": items}


def erase_leftovers() -> None:
    """Delete the bytes of packages that ended without being ready; also a chore of each sweep."""
    for package in Package.objects.with_leftovers():
        for key in filter(None, [package.key, package.draft_key]):
            storage.private().delete(key)
        Package.objects.filter(pk=package.pk).update(key="", draft_key="")
