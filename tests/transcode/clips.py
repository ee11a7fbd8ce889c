"""Small clips that need no person, made by ffmpeg when a test asks for them."""

import json
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "64k")


def ffmpeg(*args: str | Path) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, args)]
    subprocess.run(command, check=True, timeout=120)


def picture(size: str = "320x240", *, fps: str = "25", seconds: float = 2) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}:duration={seconds}"


def sound(*, hz: int = 440, seconds: float = 2) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"sine=frequency={hz}:duration={seconds}"


def film(
    path: Path,
    *,
    size: str = "320x240",
    fps: str = "25",
    seconds: float = 2,
    with_sound: bool = True,
    extra: tuple[str, ...] = (),
) -> Path:
    """An H.264 film, with a tone unless told otherwise; `extra` are output options."""
    inputs = picture(size, fps=fps, seconds=seconds)
    inputs += sound(seconds=seconds) if with_sound else ()
    ffmpeg(*inputs, *H264, *(AAC if with_sound else ()), *extra, path)
    return path


def long_film(path: Path, *, size: str = "1280x720", minutes: int = 5) -> Path:
    """A film that takes a while to encode and no time to make: ten seconds, repeated."""
    seed = film(path.with_name(f"seed-{path.name}"), size=size, seconds=10)
    ffmpeg("-stream_loop", str(minutes * 6 - 1), "-i", seed, "-c", "copy", path)
    seed.unlink()
    return path


def turned(path: Path, source: Path, *, degrees: int) -> Path:
    """The same film with a matrix that turns it counter-clockwise (phones held upright: 270)."""
    ffmpeg("-i", source, "-c", "copy", "-metadata:s:v", f"rotate={degrees}", path)
    return path


def cut(path: Path, source: Path, *, at: float) -> Path:
    """The first part of a file's bytes."""
    whole = source.read_bytes()
    path.write_bytes(whole[: int(len(whole) * at)])
    return path


def png(path: Path, *, side: int) -> Path:
    """A grey picture of any size from a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = zlib.compressobj(9)
    body = b"".join(rows.compress(b"\0" * (side // 8 + 1)) for _ in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    return path


def huge_film(path: Path, *, side: int) -> Path:
    """Motion JPEG whose pictures claim so many pixels a side; a .mov's header claims it too."""
    ffmpeg(*picture(seconds=1), "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", path)
    claim = struct.pack(">HH", side, side)
    frame, sample_entry = b"\xff\xc0\x00\x11\x08", b"\x00\x48\x00\x00"
    content = path.read_bytes().replace(frame + struct.pack(">HH", 240, 320), frame + claim)
    content = content.replace(struct.pack(">HH", 320, 240) + sample_entry, claim + sample_entry)
    path.write_bytes(content)
    return path


def inspect(path: Path) -> dict[str, Any]:
    """All that ffprobe says, chapters and frames' side data included."""
    parts = ("-show_format", "-show_streams", "-show_chapters")
    command = ["ffprobe", "-v", "error", *parts, "-of", "json", str(path)]
    ran = subprocess.run(command, check=True, capture_output=True, timeout=60)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def playing_s(path: Path) -> float:
    """How long the picture lasts by decoding it: an opinion other than that of the packets."""
    command = ["ffprobe", "-v", "quiet", "-select_streams", "v:0", "-show_entries"]
    command += ["frame=best_effort_timestamp_time", "-of", "csv=p=0", str(path)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    times = sorted(float(at.strip(",")) for at in ran.stdout.split() if at.strip(",") != "N/A")
    return times[-1] - times[0] + (times[-1] - times[0]) / max(1, len(times) - 1)


def keyframes_s(path: Path) -> list[float]:
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries"]
    command += ["packet=pts_time,flags", "-of", "csv=p=0", str(path)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    lines = (line.split(",") for line in ran.stdout.splitlines() if "," in line)
    return [float(at) for at, flags, *_ in lines if "K" in flags]


def brightness(path: Path, *, x: int, y: int) -> int:
    """The grey value, 0 to 255, of one point of the first frame."""
    crop = f"crop=8:8:{x}:{y},scale=1:1,format=gray"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-frames:v", "1"]
    command += ["-vf", crop, "-f", "rawvideo", "-"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout[0]
