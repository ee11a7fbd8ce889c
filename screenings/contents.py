"""What lies in a package beside the films, and how all of it is written."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from common import storage
from screenings import leaflet
from screenings.archive import Archive, Member
from screenings.films import Film
from screenings.models import Package
from screenings.names import one_line
from transcode.jobs import PermanentFailure

LIST: Final = "playlist.m3u8"
MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"


@dataclass(frozen=True)
class Contents:
    """What is to be written; the archive's bytes depend on this alone."""

    package: Package
    films: Sequence[Film]
    made_at: datetime

    @property
    def duration_s(self) -> float:
        return sum(film.duration_s for film in self.films)

    @property
    def size_bytes(self) -> int:
        """Of the films; the rest is small."""
        return sum(film.rendition.size_bytes for film in self.films)


def write(contents: Contents, path: Path, *, on_bytes: Callable[[int], None]) -> dict[str, Any]:
    """Write the ZIP to `path` and return its manifest.

    `on_bytes` hears of each chunk of a film and may raise to stop. Raises PermanentFailure
    (`package_source_damaged`) when a stored film is not the one that was approved.
    """
    with Archive(path, at=contents.package.requested_at) as archive:
        items = [_add(film, archive, on_bytes=on_bytes) for film in contents.films]
        manifest = _manifest(contents, items)
        archive.add_bytes(LIST, _m3u8(contents))
        archive.add_bytes(MANIFEST, _json(manifest))
        archive.add_bytes(leaflet.NAME, _leaflet(contents))
        archive.add_bytes(SUMS, archive.checksums())
    return manifest


def _add(film: Film, archive: Archive, *, on_bytes: Callable[[int], None]) -> dict[str, Any]:
    with storage.local(storage.private(), film.rendition.key) as source:
        member = archive.add_file(film.file, source, on_bytes=on_bytes)
    if member.sha256 != film.rendition.sha256:
        raise PermanentFailure(
            "package_source_damaged",
            _("A stored film is damaged. Tell the coordinator; nothing was put into a package."),
        )
    words = archive.add_bytes(film.subtitle_file, film.srt()) if film.subtitle_file else None
    return _item(film, member, words)


def _item(film: Film, member: Member, words: Member | None) -> dict[str, Any]:
    return {
        "story": str(film.story.pk),
        "title": one_line(film.story.title),
        "language": film.story.language,
        "duration_s": round(film.duration_s, 3),
        "file": member.name,
        "size_bytes": member.size_bytes,
        "sha256": member.sha256,
        "subtitles": _subtitles(words) if words else None,
    }


def _subtitles(words: Member) -> dict[str, Any]:
    return {"file": words.name, "size_bytes": words.size_bytes, "sha256": words.sha256}


def _manifest(contents: Contents, items: list[dict[str, Any]]) -> dict[str, Any]:
    package = contents.package
    return {
        "package": str(package.pk),
        "playlist": {"id": str(package.playlist_id), "name": one_line(package.playlist.name)},
        "programme": package.playlist.programme.slug,
        "place": one_line(package.place),
        "made_at": contents.made_at.isoformat(timespec="seconds"),
        "duration_s": round(contents.duration_s, 3),
        # How many, not which: the stick travels, and says nothing of who withdrew.
        "films_left_out": len(package.wanted) - len(items),
        "items": items,
    }


def _m3u8(contents: Contents) -> bytes:
    lines = ["#EXTM3U", "#EXTENC:UTF-8", f"#PLAYLIST:{one_line(contents.package.playlist.name)}"]
    for film in contents.films:
        lines += [f"#EXTINF:{round(film.duration_s)},{one_line(film.story.title)}", film.file]
    return "\n".join([*lines, ""]).encode()


def _json(manifest: dict[str, Any]) -> bytes:
    return (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()


def _leaflet(contents: Contents) -> bytes:
    return leaflet.text(contents.package, films=len(contents.films), duration_s=contents.duration_s)
