"""Which renditions we make, as data.

TVs, set-top boxes and cheap phones play MP4 with H.264 High, yuv420p, a constant rate of at most 30
frames a second, AAC-LC stereo at 48 kHz, index at the front.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from transcode.probe import Media, VideoStream

AUDIO_RATE_HZ = 48_000
GOP_S = 2
# Panoramas and header lies: the long side stays within this many short sides.
WIDEST_RATIO = 2.5
HIGHEST_FPS = Fraction(30)
STANDARD_FPS = (
    Fraction(10),
    Fraction(12),
    Fraction(15),
    Fraction(20),
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    HIGHEST_FPS,
)
# Closer than this to a standard rate is that rate; phones' clocks are off by up to 0.3 %.
SAME_RATE_RATIO = 0.005


@dataclass(frozen=True)
class Profile:
    """One kind of rendition. `height` is the short side, so that portrait gets as many pixels.

    `name` is stable: it is stored with renditions. `max_kbps` caps what `crf` asks for (video).
    """

    name: str
    kind: Literal["video", "audio"]
    audio_kbps: int
    height: int = 0
    crf: int = 0
    max_kbps: int = 0
    preset: str = "veryfast"

    @property
    def suffix(self) -> str:
        return ".mp4" if self.kind == "video" else ".m4a"

    @property
    def content_type(self) -> str:
        return "video/mp4" if self.kind == "video" else "audio/mp4"


FIRST_LOOK = Profile("first_look", "video", audio_kbps=64, height=240, crf=28, max_kbps=400)
FIRST_LISTEN = Profile("first_listen", "audio", audio_kbps=64)
WEB_480 = Profile("web_480", "video", audio_kbps=96, height=480, crf=24, max_kbps=1_200)
WEB_720 = Profile("web_720", "video", audio_kbps=128, height=720, crf=23, max_kbps=2_500)
AUDIO_ONLY = Profile("audio", "audio", audio_kbps=128)

WEB = (WEB_480, WEB_720)


def first_look_for(media: Media) -> Profile:
    """What a moderator gets first: a small picture, or the sound when there is none."""
    return FIRST_LOOK if media.video else FIRST_LISTEN


def renditions_for(media: Media) -> tuple[Profile, ...]:
    """The renditions a recording deserves, smallest first; never empty, nothing upscaled.

    A picture below the smallest profile is kept at its own size under that profile's name.
    """
    if media.video is None:
        return (AUDIO_ONLY,)
    carried = tuple(profile for profile in WEB if media.video.short_side >= profile.height)
    return carried or WEB[:1]


def size_for(profile: Profile, video: VideoStream) -> tuple[int, int]:
    """Width and height in even pixels, upright, as large as profile and source both allow."""
    short, long = sorted((video.width, video.height))
    scale = min(1, profile.height / short, profile.height * WIDEST_RATIO / long)
    return _even(video.width * scale), _even(video.height * scale)


def fps_for(video: VideoStream) -> Fraction:
    """The constant rate for all renditions of one recording: 50 becomes 25, 240 becomes 30."""
    if video.fps > float(HIGHEST_FPS) * (1 + SAME_RATE_RATIO):
        halves = (_standard(video.fps / part) for part in (2, 4, 8))
        return next((rate for rate in halves if rate is not None), HIGHEST_FPS)
    above = (rate for rate in STANDARD_FPS if rate >= video.fps)
    return _standard(video.fps) or next(above, HIGHEST_FPS)


def _standard(fps: float) -> Fraction | None:
    nearest = min(STANDARD_FPS, key=lambda rate: abs(float(rate) - fps))
    return nearest if abs(float(nearest) - fps) <= fps * SAME_RATE_RATIO else None


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)
