"""Dresses a clip as a phone that was held upright would have written it.

Such a phone stores 1280 by 720 and a matrix that turns it, says where and when it was and what it
is, and writes the index last, since only then does it know it.
"""

import struct
import subprocess
import uuid
from datetime import datetime
from pathlib import Path
from typing import Final

from demo.expectations import Unexpected

MAKE: Final = "Demo Telecom"
MODEL: Final = "Demo Phone 1"
# Place of Independence, Dakar; ISO 6709.
PLACE: Final = "+14.6697-017.4319/"
TIMEOUT_S: Final = 600

# The picture as people see it, then turned against the clock: the matrix turns it back.
PICTURE: Final = "scale=720:-2,pad=720:1280:0:(oh-ih)/2,setsar=1,fps=30,transpose=cclock"
# Phones spend more bits than so small a clip needs.
VIDEO: Final = (
    *("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"),
    *("-b:v", "2M", "-g", "30"),
)
# ISO/IEC 14496-12, 8.3.2: a quarter turn with the clock, moved back into a frame 720 wide.
TURNED: Final = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 720 << 16, 0, 1 << 30)
MATRIX_IN_TKHD: Final = 44


def dress(clip: Path, target: Path, *, at: datetime) -> Path:
    """Write `clip` to `target` as if the phone had filmed it `at` that time; its sound is kept."""
    streams = ("-map", "0:v:0", "-map", "0:a:0", "-c:a", "copy")
    cleared = ("-map_metadata", "-1", "-map_chapters", "-1")
    _ffmpeg("-i", clip, *streams, "-vf", PICTURE, *VIDEO, *cleared, *_tags(at), target)
    _turn(target)
    return target


def spoken_consent(target: Path) -> Path:
    """Two seconds of sound, where a real proof has the storyteller say yes."""
    tone = "sine=frequency=220:duration=2,volume=0.2"
    # Every act of consent has a proof of its own: nobody's bytes prove another's.
    own = ["-metadata", f"comment={uuid.uuid4()}"]
    _ffmpeg("-f", "lavfi", "-i", tone, "-c:a", "aac", "-b:a", "48k", *own, target)
    return target


def _tags(at: datetime) -> list[str]:
    """In the movie's user data and in its keys: phones write to either."""
    told = {
        "creation_time": at.isoformat(),
        "location": PLACE,
        "com.apple.quicktime.location.ISO6709": PLACE,
        "com.apple.quicktime.make": MAKE,
        "com.apple.quicktime.model": MODEL,
        "com.android.manufacturer": MAKE,
        "com.android.model": MODEL,
        "com.android.version": "12",
    }
    pairs = [word for key, value in told.items() for word in ("-metadata", f"{key}={value}")]
    return ["-movflags", "use_metadata_tags", *pairs]


def _turn(film: Path) -> None:
    """Write the matrix ourselves: each version of ffmpeg wants to be told in another way."""
    content = bytearray(film.read_bytes())
    track = content.find(b"tkhd", content.rfind(b"moov"))
    if track < 0:
        raise Unexpected("ffmpeg wrote a film without a track")
    start = track + MATRIX_IN_TKHD
    content[start : start + len(TURNED)] = TURNED
    film.write_bytes(content)


def _ffmpeg(*words: str | Path) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, words)]
    done = subprocess.run(  # noqa: S603  # Our own words and paths.
        command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        raise Unexpected(f"ffmpeg could not dress the clip: {done.stderr}")
