"""What a file still tells of the phone that filmed it, asked of exiftool and ffprobe."""

import json
import re
import subprocess
from pathlib import Path
from typing import IO, Any, Final

TIMEOUT_S: Final = 120
# About the file on this disk, about exiftool, or computed from what is listed anyway.
NOT_OF_THE_FILM: Final = ("SourceFile", "ExifTool", "System", "File", "Composite")
TELLING: Final = re.compile(
    r"gps|location|make$|model|manufacturer|android|serial|author|artist|software|comment|owner|date$"
    r"|creationtime",
    re.IGNORECASE,
)
# What "no date" looks like, and what stands in every film.
NO_DATE: Final = "0000:00:00 00:00:00"
MADE_FOR_PLAYING: Final = ("video", "audio")


def traces_in(film: Path) -> list[str]:
    """Names of what tells of the phone, such as `Keys:GPSCoordinates` or `rotation`; sorted."""
    found = {name for name, value in _tags(film).items() if _is_telling(name, value)}
    for stream in _streams(film):
        if stream["codec_type"] not in MADE_FOR_PLAYING:
            found.add(f"{stream['codec_type']} stream")
        if _is_turned(stream):
            found.add("rotation")
    return sorted(found)


def index_is_first(film: Path) -> bool:
    """Whether an MP4's index stands before its pictures, so that it plays before it is all here."""
    with film.open("rb") as content:
        boxes = _boxes(content, film.stat().st_size)
    return "moov" in boxes and boxes.index("moov") < boxes.index("mdat")


def _boxes(content: IO[bytes], end: int) -> list[str]:
    """The names of the outermost boxes in order (ISO/IEC 14496-12, 4.2)."""
    names, at = [], 0
    while at + 8 <= end:
        content.seek(at)
        size, name = int.from_bytes(content.read(4)), content.read(4).decode("latin-1")
        names.append(name)
        if size == 1:
            size = int.from_bytes(content.read(8))
        at += size if size >= 8 else end
    return names


def _is_telling(name: str, value: object) -> bool:
    group, _colon, tag = name.partition(":")
    if group in NOT_OF_THE_FILM or value in ("", NO_DATE):
        return False
    return bool(TELLING.search(tag))


def _is_turned(stream: dict[str, Any]) -> bool:
    return any(side.get("rotation") for side in stream.get("side_data_list", []))


def _tags(film: Path) -> dict[str, Any]:
    listed: list[dict[str, Any]] = json.loads(
        _output("exiftool", "-json", "-G1", "-a", "-ee", str(film))
    )
    return listed[0]


def _streams(film: Path) -> list[dict[str, Any]]:
    asked = ("-v", "error", "-show_streams", "-of", "json")
    found: dict[str, list[dict[str, Any]]] = json.loads(_output("ffprobe", *asked, str(film)))
    return found["streams"]


def _output(*command: str) -> str:
    done = subprocess.run(  # noqa: S603  # Our own words and paths.
        command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    )
    return done.stdout
