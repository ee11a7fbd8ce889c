"""The person who shows films: catalogue, playlist, package, and a line that breaks meanwhile."""

from pathlib import Path
from typing import Final

from demo.api import Api, Json
from demo.expectations import Patience, expect
from demo.report import Stage

IDLE_S: Final = 300
CHUNK_BYTES: Final = 256 * 1024


class Organizer:
    def __init__(self, api: Api) -> None:
        self.api = api

    def find(self, story: Json) -> Json | None:
        """The story as the catalogue has it, if it does."""
        page = self.api.get("catalogue")
        while True:
            for entry in page["results"]:
                if entry["id"] == story["id"]:
                    found: Json = entry
                    return found
            if not page["next"]:
                return None
            page = self.api.follow(page["next"])

    def make_playlist(self, *, programme: str, name: str, place: str, stories: list[str]) -> Json:
        playlist = self.api.post("playlists", programme=programme, name=name, place=place)
        return self.api.put(f"playlists/{playlist['id']}/items", stories=stories)

    def make_package(self, playlist: Json, stage: Stage) -> Json:
        """Ask for it and wait until it is there."""
        package = self.api.post(f"playlists/{playlist['id']}/packages")
        patience = Patience(idle_s=IDLE_S, what="waiting for the package")
        while package["state"] == "waiting":
            stage.show("Package", package["progress"], note=package["state"])
            patience.wait(package["progress"])
            package = self.api.get(f"packages/{package['id']}")
        expect(package["state"] == "made", f"no package was made: {package['failure_reason']}")
        return package

    def download(self, package: Json, target: Path) -> int:
        """Fetch it, stopping half-way and going on from there; return where that was."""
        url, half = package["download_url"], package["size_bytes"] // 2
        tag = self._fetch(url, target, until=half)
        stopped_at = target.stat().st_size
        self._fetch(url, target, start=stopped_at, tag=tag)
        return stopped_at

    def _fetch(
        self, url: str, target: Path, *, start: int = 0, tag: str = "", until: int | None = None
    ) -> str:
        """Write from `start` on, at most to `until`; return the entity tag."""
        headers = {"Range": f"bytes={start}-", "If-Range": tag} if start else {}
        with (
            self.api.http.stream("GET", url, headers=headers) as answer,
            target.open("ab" if start else "wb") as kept,
        ):
            expected = 206 if start else 200
            expect(answer.status_code == expected, f"the package: {answer.status_code}")
            for chunk in answer.iter_bytes(CHUNK_BYTES):
                kept.write(chunk if until is None else chunk[: until - kept.tell()])
                if kept.tell() == until:
                    break
            return str(answer.headers.get("ETag", ""))
