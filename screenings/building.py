"""The job that makes a package: ask, copy without a lock, ask again under the stories' locks."""

import errno
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import SYSTEM, Action
from audit.trail import record
from common import storage
from screenings.contents import Contents, write
from screenings.films import Film, films_of, still_stand
from screenings.models import Package, PackageItem
from screenings.playlists import SAY_WHERE, PlaceMissing
from stories.models import Story
from transcode.jobs import LeaseLost, PermanentFailure, Retry, Work
from transcode.models import Job

KIND: Final = "package"
# Copying is most of the work; storing the result is the rest.
COPIED: Final = 0.8
NO_SPACE_PAUSE_S: Final = 120
# What a package learns when it is made.
OUTCOME: Final = (
    "state",
    "made_at",
    "key",
    "draft_key",
    "size_bytes",
    "sha256",
    "manifest",
    "left_out",
)


@dataclass(frozen=True)
class Zip:
    """The finished file in scratch, and what the row will say of it."""

    path: Path
    size_bytes: int
    sha256: str
    manifest: dict[str, Any]


def build(work: Work) -> None:
    """Handler of `package`: what may not be shown is left out; if nothing is left, it fails."""
    package = Package.objects.select_related("playlist__programme").get(pk=work.job.subject)
    if not package.has_place:
        raise PermanentFailure(PlaceMissing.code, SAY_WHERE)
    films = films_of(package, at=timezone.now())
    if not films:
        raise PermanentFailure(
            "package_empty",
            _("None of the films may be shown any more. Choose others and make the package again."),
        )
    with _waiting_for_space(), storage.scratch() as folder:
        made = _written(package, films, folder / "package.zip", work=work)
        with _stored(package, made, work=work) as key:
            work.finish(lambda: _record(package, films, made, key=key))


def fail(job: Job) -> None:
    """Called when a package's job failed for good, in that transaction."""
    package = Package.objects.select_for_update(of=("self",)).get(pk=job.subject)
    if package.state != Package.State.WAITING:
        return
    package.state = Package.State.FAILED
    package.failure_code = job.reason_code
    package.failure_reason = job.reason
    package.save(update_fields=["state", "failure_code", "failure_reason"])
    record(Action.PACKAGE_FAILED, package.audit_subject, by=SYSTEM, code=job.reason_code)


def _written(package: Package, films: Sequence[Film], path: Path, *, work: Work) -> Zip:
    contents = Contents(package, films, made_at=timezone.now())
    manifest = write(contents, path, on_bytes=_progress(contents.size_bytes, work=work))
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Zip(path, path.stat().st_size, digest, manifest)


def _progress(total_bytes: int, *, work: Work) -> Callable[[int], None]:
    copied = 0

    def on_bytes(count: int) -> None:
        nonlocal copied
        if work.should_stop():
            raise LeaseLost(str(work.job.id))
        copied += count
        work.progress(COPIED * copied / max(1, total_bytes))

    return on_bytes


@contextmanager
def _stored(package: Package, made: Zip, *, work: Work) -> Iterator[str]:
    """A key with the file's bytes; erased again unless the work was finished in the block.

    The row names the key before there are bytes, so that a worker which is killed leaves
    none that nobody knows of.
    """
    key = storage.new_key("packages", ".zip")
    _erase_predecessor(package)
    Package.objects.filter(pk=package.pk).update(draft_key=key)
    try:
        storage.put(made.path, key)
        yield key
    finally:
        if not work.finished:
            storage.private().delete(key)


def _erase_predecessor(package: Package) -> None:
    package.refresh_from_db(fields=["draft_key"])
    if package.draft_key:
        storage.private().delete(package.draft_key)


def _record(package: Package, films: Sequence[Film], made: Zip, *, key: str) -> None:
    """Point the row at the bytes; raises Retry when a story changed while they were copied."""
    _lock([film.story for film in films])
    if not still_stand(package, films, at=timezone.now()):
        raise Retry("story_changed", _("A film was taken back meanwhile; it starts again."), 0)
    row = Package.objects.select_for_update(of=("self",)).get(
        pk=package.pk, state=Package.State.WAITING
    )
    held = {str(film.story.pk) for film in films}
    row.state, row.made_at = Package.State.MADE, timezone.now()
    row.key, row.draft_key = key, ""
    row.size_bytes, row.sha256, row.manifest = made.size_bytes, made.sha256, made.manifest
    row.left_out = [story for story in row.wanted if story not in held]
    row.save(update_fields=OUTCOME)
    PackageItem.objects.bulk_create(_items(row, films))
    record(
        Action.PACKAGE_MADE,
        row.audit_subject,
        by=SYSTEM,
        sha256=made.sha256,
        stories=sorted(held),
        left_out=len(row.left_out),
    )


def _lock(stories: Sequence[Story]) -> None:
    """Withdrawals of these stories now wait for us, or we for them; in the order they lock too."""
    ids = [story.pk for story in stories]
    list(Story.objects.locked().filter(pk__in=ids).order_by("pk"))


def _items(package: Package, films: Sequence[Film]) -> list[PackageItem]:
    return [
        PackageItem(
            package=package,
            story=film.story,
            position=position,
            case_id=film.case.pk,
            rendition=film.rendition,
            revision=film.case.revision,
        )
        for position, film in enumerate(films, start=1)
    ]


@contextmanager
def _waiting_for_space() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise Retry(
            "no_space", _("The server's disk is full; it waits for space."), NO_SPACE_PAUSE_S
        ) from error
