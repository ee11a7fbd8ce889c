"""What a recording is: its picture, its sound, its true length.

Containers lie or keep silent (Chrome's WebM has no duration, MP3's is a guess, cut files promise
more than they hold), so packets are counted and their times read; nothing is decoded for that.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from transcode import sandbox, sniff
from transcode.faults import Fault, Unplayable
from transcode.sandbox import Limits, never

HDR_TRANSFERS = {"smpte2084", "arib-std-b67"}
INTERLACED_ORDERS = {"tt", "bb", "tb", "bt"}
# Below this many packets a second a track is a slide show beside the film (a phone's still track).
MOVING_FPS = 2.0
# The containers whose declared length comes from a table written at the end of the recording.
DECLARING = {"mov", "matroska", "avi"}
# A cut file lacks far more; rounding, edit lists and audio priming explain less than this.
SHORTFALL_RATIO, SHORTFALL_S = 0.02, 0.5
# ffmpeg gives no size at all for a picture over its own limit or over `max_pixels`.
_REFUSED_SIZE = re.compile(r"Picture size \d+x\d+ (exceeds|is invalid)")

_ENTRIES = (
    "format=format_name,duration"
    ":stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,r_frame_rate,"
    "duration,nb_frames,color_transfer,field_order"
    ":stream_disposition=default,attached_pic,still_image,timed_thumbnails"
    ":stream_side_data=rotation"
)


@dataclass(frozen=True)
class VideoStream:
    """The moving picture. Width and height are as a viewer sees them: upright, square pixels."""

    index: int
    codec: str
    width: int
    height: int
    fps: float
    frames: int
    duration_s: float
    is_hdr: bool
    is_interlaced: bool

    @property
    def short_side(self) -> int:
        return min(self.width, self.height)


@dataclass(frozen=True)
class AudioStream:
    index: int
    codec: str
    duration_s: float


@dataclass(frozen=True)
class Media:
    """A recording that was found playable, with the streams that we chose."""

    container: str
    duration_s: float
    video: VideoStream | None
    audio: AudioStream | None
    size_bytes: int


@dataclass
class _Packets:
    """The packets of one stream: how many play, and from when to when (seconds)."""

    count: int = 0
    start_s: float = float("inf")
    last_s: float = float("-inf")
    end_s: float = float("-inf")

    def add(self, at_s: float, lasts_s: float) -> None:
        self.count += 1
        self.start_s = min(self.start_s, at_s)
        self.last_s = max(self.last_s, at_s)
        self.end_s = max(self.end_s, at_s + lasts_s)

    @property
    def span_s(self) -> float:
        return max(0.0, self.end_s - self.start_s) if self.count else 0.0

    @property
    def fps(self) -> float | None:
        gaps_s = self.last_s - self.start_s
        return (self.count - 1) / gaps_s if self.count > 1 and gaps_s > 0 else None


@dataclass
class _Scan:
    streams: dict[int, _Packets] = field(default_factory=dict)

    def read(self, line: str) -> None:
        """One packet as ffprobe's CSV: stream, pts, dts, duration, flags."""
        fields = line.split(",")
        if len(fields) < 5 or not fields[0].isdigit() or "D" in fields[4]:
            return
        at_s = _seconds(fields[1])
        at_s = _seconds(fields[2]) if at_s is None else at_s
        if at_s is not None:
            packets = self.streams.setdefault(int(fields[0]), _Packets())
            packets.add(at_s, _seconds(fields[3]) or 0.0)

    def of(self, index: int) -> _Packets:
        return self.streams.get(index, _Packets())

    def span_s(self, indexes: set[int] | None = None) -> float:
        """From the first start to the last end, over all streams or those named."""
        seen = [p for i, p in self.streams.items() if indexes is None or i in indexes]
        if not seen:
            return 0.0
        return max(p.end_s for p in seen) - min(p.start_s for p in seen)


def probe(
    path: Path, *, limits: Limits | None = None, should_stop: Callable[[], bool] = never
) -> Media:
    """Look at a file and choose what will be played from it.

    Reads every packet (a 4 GB file: disk speed), decodes almost nothing. Raises `Unplayable`, and
    whatever `sandbox.run` raises. A missing file is a `FileNotFoundError`.
    """
    limits = limits or Limits()
    size_bytes = path.stat().st_size
    sniff.refuse_disguises(path)
    looker = _Looker(path, limits, should_stop)
    header = looker.header()
    _refuse_excess(header, limits)
    scan = looker.packets()
    if scan.span_s() > limits.duration_s:
        raise Unplayable(Fault.TOO_LONG)
    return _media(header, scan, size_bytes)


@dataclass(frozen=True)
class _Looker:
    path: Path
    limits: Limits
    should_stop: Callable[[], bool]

    def header(self) -> dict[str, Any]:
        lines: list[str] = []
        outcome = self._ffprobe("-show_entries", _ENTRIES, "-of", "json", on_line=lines.append)
        if outcome.returncode != 0:
            raise Unplayable(sniff.why_unreadable(self.path))
        found: dict[str, Any] = json.loads("\n".join(lines))
        sizeless = any(not stream.get("width") for stream in filter(_is_film, found["streams"]))
        if sizeless and _REFUSED_SIZE.search(outcome.tail):
            raise Unplayable(Fault.TOO_LARGE_PICTURE)
        return found

    def packets(self) -> _Scan:
        scan = _Scan()
        entries = "packet=stream_index,pts_time,dts_time,duration_time,flags"
        self._ffprobe("-show_entries", entries, "-of", "csv=p=0", on_line=scan.read)
        return scan

    def _ffprobe(self, *options: str, on_line: Callable[[str], object]) -> sandbox.Outcome:
        guards = [part for k, v in guards_for(self.limits).items() for part in (f"-{k}", v)]
        return sandbox.run(
            ["ffprobe", "-hide_banner", "-v", "error", *guards, *options, sandbox.local(self.path)],
            wall_s=self.limits.probe_wall_s,
            limits=self.limits,
            should_stop=self.should_stop,
            on_line=on_line,
        )


def guards_for(limits: Limits) -> dict[str, str]:
    """Input options that keep ffmpeg to this one local file and to pictures of a sane size."""
    return {
        "protocol_whitelist": "file,pipe",
        "format_whitelist": sandbox.DEMUXERS,
        # Also holds where the header is modest and a frame in the middle is not.
        "max_pixels": str(limits.pixels),
    }


def _refuse_excess(header: dict[str, Any], limits: Limits) -> None:
    streams = header.get("streams", [])
    if len(streams) > limits.streams:
        raise Unplayable(Fault.TOO_MANY_STREAMS)
    if (_seconds(header.get("format", {}).get("duration")) or 0) > limits.duration_s:
        raise Unplayable(Fault.TOO_LONG)
    for stream in filter(_is_film, streams):
        width, height = int(stream.get("width", 0)), int(stream.get("height", 0))
        if width * height > limits.pixels or max(width, height) > limits.side_px:
            raise Unplayable(Fault.TOO_LARGE_PICTURE)


def _media(header: dict[str, Any], scan: _Scan, size_bytes: int) -> Media:
    video = _choose_video(header["streams"], scan)
    audio = _choose_audio(header["streams"], scan)
    if video is None and audio is None:
        raise Unplayable(Fault.NO_PLAYABLE_STREAM)
    container = header["format"]["format_name"].split(",")[0]
    for stream in filter(None, (video, audio)):
        _refuse_cut(container, header, stream, scan)
    chosen = {stream["index"] for stream in (video, audio) if stream}
    return Media(
        container=container,
        duration_s=scan.span_s(chosen),
        video=_video(video, scan.of(video["index"])) if video else None,
        audio=_audio(audio, scan.of(audio["index"])) if audio else None,
        size_bytes=size_bytes,
    )


def _refuse_cut(
    container: str, header: dict[str, Any], stream: dict[str, Any], scan: _Scan
) -> None:
    """Compare what the container promises (seconds) with what its packets hold."""
    if container not in DECLARING:
        return
    found_s = scan.span_s() if container == "matroska" else scan.of(stream["index"]).span_s
    if falls_short(found_s, _promised_s(container, header, stream) or 0):
        raise Unplayable(Fault.TRUNCATED)


def _promised_s(container: str, header: dict[str, Any], stream: dict[str, Any]) -> float | None:
    if container == "matroska":
        return _seconds(header["format"].get("duration"))
    if container == "mov":
        return _seconds(stream.get("duration"))
    # ffmpeg works out an AVI's duration from what is left of it; the header's count still stands.
    frames, fps = int(stream.get("nb_frames", 0)), _ratio(stream.get("r_frame_rate"))
    return frames / fps if fps else None


def falls_short(found_s: float, expected_s: float) -> bool:
    """Whether a length misses what was expected by more than 2 % and half a second."""
    return found_s < expected_s * (1 - SHORTFALL_RATIO) - SHORTFALL_S


def _is_film(stream: dict[str, Any]) -> bool:
    odd = ("attached_pic", "still_image", "timed_thumbnails")
    kept_apart = any(stream.get("disposition", {}).get(flag) for flag in odd)
    return stream.get("codec_type") == "video" and not kept_apart and _has_codec(stream)


def _has_codec(stream: dict[str, Any]) -> bool:
    return stream.get("codec_name", "unknown") not in ("unknown", "none")


def _choose_video(streams: list[dict[str, Any]], scan: _Scan) -> dict[str, Any] | None:
    films = [s for s in streams if _is_film(s) and s.get("width") and scan.of(s["index"]).count]
    return max(films, key=lambda stream: _film_rank(stream, scan), default=None)


def _film_rank(stream: dict[str, Any], scan: _Scan) -> tuple[bool, int, int, int]:
    moves = (scan.of(stream["index"]).fps or 0) >= MOVING_FPS
    area = stream["width"] * stream["height"]
    return moves, stream["disposition"]["default"], area, -stream["index"]


def _choose_audio(streams: list[dict[str, Any]], scan: _Scan) -> dict[str, Any] | None:
    sounds = [
        s
        for s in streams
        if s.get("codec_type") == "audio" and _has_codec(s) and scan.of(s["index"]).count
    ]
    return max(sounds, key=lambda s: (s["disposition"]["default"], -s["index"]), default=None)


def _video(stream: dict[str, Any], packets: _Packets) -> VideoStream:
    width, height = _upright(stream)
    fps = packets.fps or _ratio(stream.get("r_frame_rate")) or 25.0
    return VideoStream(
        index=stream["index"],
        codec=stream["codec_name"],
        width=width,
        height=height,
        fps=fps,
        frames=packets.count,
        duration_s=packets.span_s or packets.count / fps,
        is_hdr=stream.get("color_transfer") in HDR_TRANSFERS,
        is_interlaced=stream.get("field_order") in INTERLACED_ORDERS,
    )


def _audio(stream: dict[str, Any], packets: _Packets) -> AudioStream:
    return AudioStream(
        index=stream["index"],
        codec=stream["codec_name"],
        duration_s=packets.span_s,
    )


def _rotation(stream: dict[str, Any]) -> int:
    """Degrees clockwise that bring the picture upright: 0, 90, 180 or 270."""
    turns = [side["rotation"] for side in stream.get("side_data_list", []) if "rotation" in side]
    return round(-float(turns[0]) / 90) * 90 % 360 if turns else 0


def _upright(stream: dict[str, Any]) -> tuple[int, int]:
    shape = _ratio(stream.get("sample_aspect_ratio"), by=":") or 1.0
    width, height = max(1, round(stream["width"] * shape)), stream["height"]
    return (height, width) if _rotation(stream) in (90, 270) else (width, height)


def _ratio(text: str | None, *, by: str = "/") -> float | None:
    top, _, bottom = (text or "").partition(by)
    if not (top.isdigit() and bottom.isdigit() and int(bottom)):
        return None
    return float(Fraction(int(top), int(bottom))) or None


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
