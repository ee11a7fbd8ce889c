"""A package as it comes onto a stick, checked as an organizer could check it: with no service."""

import hashlib
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from demo.expectations import expect

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
LIST: Final = "playlist.m3u8"
NUMBERED: Final = re.compile(r"\d{2,}_[a-z0-9-]+\.(mp4|m4a|srt)")
# A number, two times, then the words (SubRip).
CUE: Final = re.compile(r"\d+\r?\n[\d:,]+ --> [\d:,]+\r?\n(.+)", re.DOTALL)


@dataclass(frozen=True)
class Stick:
    """What was on it; `subtitles` is empty for a film without any."""

    film: Path
    subtitles: str
    files: int

    @property
    def words(self) -> str:
        """What the subtitles say, without times."""
        blocks = re.split(r"\r?\n\r?\n", self.subtitles.removeprefix("\ufeff"))
        found = (CUE.search(block) for block in blocks)
        return " ".join(cue.group(1).strip() for cue in found if cue)


def unpack(package: Path, folder: Path, *, sha256: str, story: str) -> Stick:
    """Verify all of the package and take the film of `story` out of it into `folder`."""
    expect(_digest(package.read_bytes()) == sha256, "the package arrived with another SHA-256")
    with zipfile.ZipFile(package) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(content[MANIFEST])
    _check_sums(content)
    for item in manifest["items"]:
        _check_item(item, content)
    item = next((item for item in manifest["items"] if item["story"] == story), None)
    expect(item, "the package does not hold the story")
    return _taken_out(item, content, folder)


def _check_sums(content: dict[str, bytes]) -> None:
    listed = [line.split("  ", 1) for line in content[SUMS].decode().splitlines()]
    names = {name for _sum, name in listed}
    expect(names == content.keys() - {SUMS}, f"{SUMS} does not list what is there")
    for digest, name in listed:
        expect(_digest(content[name]) == digest, f"{name} is not what {SUMS} says")


def _check_item(item: dict[str, Any], content: dict[str, bytes]) -> None:
    for part in filter(None, [item, item["subtitles"]]):
        name = part["file"]
        expect(NUMBERED.fullmatch(name), f"{name} is a name that not every television can read")
        expect(len(content[name]) == part["size_bytes"], f"{name} has another size")
        expect(_digest(content[name]) == part["sha256"], f"{name} has another SHA-256")
    expect(item["file"] in content[LIST].decode().splitlines(), f"{LIST} lacks {item['file']}")


def _taken_out(item: Any, content: dict[str, bytes], folder: Path) -> Stick:
    film = folder / item["file"]
    film.write_bytes(content[item["file"]])
    subtitles = content[item["subtitles"]["file"]].decode() if item["subtitles"] else ""
    return Stick(film, subtitles, files=len(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
