"""Makes renditions, a poster and the sound for speech recognition, and judges what came out.

Neither ffmpeg's exit code nor its stderr is a verdict: on Chrome's healthy files it writes hundreds
of error lines, on cut ones it exits 0. What counts is how many frames were decoded and how long the
results are.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from transcode import graph, sandbox
from transcode.faults import Fault, Unplayable
from transcode.probe import Media, falls_short, probe
from transcode.profiles import WEB_720, Profile, first_look_for
from transcode.sandbox import Limits, ignore, never

# Interlaced film may come as two packets a frame; below this share the picture is broken.
DECODED_SHARE = 0.45
# How far into a recording its poster is looked for: people adjust the phone first.
POSTER_AT_RATIO, POSTER_AT_MOST_S = 0.1, 10.0
# Less sound than this may be only the encoder's priming and come out as nothing.
PRIMING_S = 0.5
_FULL_HD_PX = 1920 * 1080
_DECODED = re.compile(r"Input stream #0:(\d+) \(\w+\): .*?(\d+) frames decoded")

Progress = Callable[[float], object]


def first_look(
    source: Path,
    media: Media,
    target: Path,
    *,
    on_progress: Progress = ignore,
    should_stop: Callable[[], bool] = never,
    threads: int = 2,
    limits: Limits | None = None,
) -> Media:
    """Write the small rendition that a moderator sees first, and return what it is.

    Without a picture it is the sound (`first_look_for`). Errors as of `encode_set`.
    """
    profile = first_look_for(media)
    made = encode_set(
        source,
        media,
        {profile: target},
        on_progress=on_progress,
        should_stop=should_stop,
        threads=threads,
        limits=limits,
    )
    return made[profile]


def encode_set(
    source: Path,
    media: Media,
    targets: Mapping[Profile, Path],
    *,
    on_progress: Progress = ignore,
    should_stop: Callable[[], bool] = never,
    threads: int = 2,
    limits: Limits | None = None,
) -> dict[Profile, Media]:
    """Write all renditions in one process that decodes once; return what each one is.

    `on_progress` gets fractions from 0 to 1 that never fall; 1.0 only once the results were judged
    good. Raises `Unplayable` and whatever `sandbox.run` raises; then no target is left.
    """
    limits, progress = limits or Limits(), _Progress(media.duration_s, on_progress)
    node = graph.source(source, limits=limits, threads=threads)
    node = graph.renditions(node, media, targets, threads=threads)
    with _all_or_nothing(*targets.values()):
        outcome = _run(node, media, limits, should_stop=should_stop, on_line=progress.read)
        _judge_decoding(outcome, media)
        made = {profile: _judged(path, media, profile) for profile, path in targets.items()}
    progress.done()
    return made


def poster(
    source: Path,
    media: Media,
    target: Path,
    *,
    should_stop: Callable[[], bool] = never,
    threads: int = 2,
    limits: Limits | None = None,
) -> None:
    """Write a representative frame as a JPEG: upright, at most 720 on its short side, no metadata.

    Raises `Unplayable` when there is no picture, and as `encode_set` does.
    """
    if media.video is None:
        raise Unplayable(Fault.NO_PLAYABLE_STREAM)
    limits = limits or Limits()
    start_s = min(media.duration_s * POSTER_AT_RATIO, POSTER_AT_MOST_S)
    with _all_or_nothing(target):
        # A file that can't be sought in gives nothing from its middle: take its beginning then.
        for at_s in (start_s, 0.0):
            node = graph.source(source, limits=limits, threads=threads, start_s=at_s)
            node = graph.still(node, media.video, WEB_720, target)
            _run(node, media, limits, should_stop=should_stop)
            if _has_bytes(target):
                return
        raise Unplayable(Fault.DECODE_FAILED)


def speech_audio(
    source: Path,
    media: Media,
    target: Path,
    *,
    should_stop: Callable[[], bool] = never,
    threads: int = 2,
    limits: Limits | None = None,
) -> None:
    """Write 16 kHz mono 16-bit WAV, on the same clock as the renditions (gaps are silence).

    Raises `Unplayable` (no_sound when there is no audio track), and as `encode_set` does.
    """
    if media.audio is None:
        raise Unplayable(Fault.NO_SOUND)
    limits = limits or Limits()
    with _all_or_nothing(target):
        node = graph.source(source, limits=limits, threads=threads)
        node = graph.speech(node, media, target)
        _run(node, media, limits, should_stop=should_stop)
        heard_s = _judged_length(target).duration_s
        if falls_short(heard_s, media.audio.duration_s):
            raise Unplayable(Fault.DECODE_FAILED)


@dataclass
class _Progress:
    """Turns ffmpeg's `out_time_us` into a fraction that never falls and isn't 1 too early."""

    duration_s: float
    tell: Progress
    reached: float = field(default=0.0)

    def read(self, line: str) -> None:
        key, _, value = line.partition("=")
        if key != "out_time_us" or not value.strip().isdigit():
            return
        fraction = min(0.99, int(value) / 1e6 / max(self.duration_s, 0.001))
        if fraction > self.reached:
            self.reached = fraction
            self.tell(fraction)

    def done(self) -> None:
        self.tell(1.0)


def _run(
    node: graph.Node,
    media: Media,
    limits: Limits,
    *,
    should_stop: Callable[[], bool],
    on_line: Callable[[str], object] = ignore,
) -> sandbox.Outcome:
    return sandbox.run(
        graph.command(node),
        wall_s=limits.wall_s(media.duration_s * _weight(media)),
        limits=limits,
        should_stop=should_stop,
        on_line=on_line,
    )


def _weight(media: Media) -> float:
    if media.video is None:
        return 1.0
    return max(1.0, media.video.width * media.video.height / _FULL_HD_PX)


def _judge_decoding(outcome: sandbox.Outcome, media: Media) -> None:
    decoded = {int(index): int(count) for index, count in _DECODED.findall(outcome.tail)}
    video = media.video
    # ffmpeg that gave up before the end writes no such line: the results' lengths decide then.
    if video and decoded.get(video.index, video.frames) < video.frames * DECODED_SHARE:
        raise Unplayable(Fault.DECODE_FAILED)


def _judged(target: Path, media: Media, profile: Profile) -> Media:
    made = _judged_length(target)
    expected = media.video if profile.kind == "video" else media.audio
    got = made.video if profile.kind == "video" else made.audio
    if got is None or expected is None or falls_short(got.duration_s, expected.duration_s):
        raise Unplayable(Fault.DECODE_FAILED)
    if media.audio and media.audio.duration_s > PRIMING_S and made.audio is None:
        raise Unplayable(Fault.DECODE_FAILED)
    return made


def _judged_length(target: Path) -> Media:
    # What we wrote ourselves is no longer the phone's file: any fault in it is a failed decode.
    try:
        return probe(target)
    except (Unplayable, FileNotFoundError) as error:
        raise Unplayable(Fault.DECODE_FAILED) from error


def _has_bytes(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


@contextmanager
def _all_or_nothing(*targets: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for target in targets:
            target.unlink(missing_ok=True)
        raise
