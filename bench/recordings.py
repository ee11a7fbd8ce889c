"""What is measured on: films and sound looped from the real recordings in `MAM_MEDIA`."""

import subprocess
from pathlib import Path
from typing import Final

from bench.contest import NotComparable, Skipped
from bench.environment import RECORDINGS

# The only 1080p among them: 2.5 s from a phone held upright.
PHONE_CLIP: Final = "video/iphone_hevc_10bit_editlist.mp4"
# As most cheap phones write: H.264, 8 bits, 17 Mbit/s, a keyframe a second. The clip's HDR is
# declared away: tone mapping would hide what everything else costs.
AS_CHEAP_PHONES: Final = (
    *("-vf", "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709,format=yuv420p"),
    *("-r", "30", "-c:v", "libx264", "-preset", "veryfast", "-b:v", "17M", "-g", "30"),
    *("-c:a", "aac", "-b:a", "128k", "-map_metadata", "-1"),
)
TIMEOUT_S: Final = 600


def phone_film(folder: Path, *, seconds: int) -> Path:
    """A film of 1080 by 1920 as a cheap phone writes it. Raises Skipped."""
    clip, film = folder / "clip.mp4", folder / "film.mp4"
    streams = ("-map", "0:v:0", "-map", "0:a:0")
    ffmpeg("-i", found(PHONE_CLIP), *streams, *AS_CHEAP_PHONES, clip)
    ffmpeg("-stream_loop", "-1", "-i", clip, "-t", str(seconds), *streams, "-c", "copy", film)
    return film


def looped_bytes(size_bytes: int) -> bytes:
    """A phone's clip again and again. Raises Skipped."""
    clip = found(PHONE_CLIP).read_bytes()
    return (clip * (size_bytes // len(clip) + 1))[:size_bytes]


def found(name: str) -> Path:
    path = RECORDINGS / name
    if not path.exists():
        raise Skipped(f"{name} is not in MAM_MEDIA ({RECORDINGS})")
    return path


def ffmpeg(*words: str | Path) -> None:
    run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, words)])


def run(argv: list[str]) -> None:
    """Raises NotComparable with the program's last words when it fails."""
    done = subprocess.run(  # noqa: S603  # Our own words and paths.
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise NotComparable(done.stderr[-500:].decode(errors="replace"))
