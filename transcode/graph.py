"""ffmpeg command lines, built as graphs: one input, chosen streams, clean outputs."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from transcode.probe import Media, VideoStream, guards_for
from transcode.profiles import AUDIO_RATE_HZ, GOP_S, Profile, fps_for, size_for
from transcode.sandbox import Limits, local

# Graph nodes of ffmpeg-python, which has no types.
Node = Any

# All of it is needed: -map_metadata leaves chapters, and without bitexact the muxer adds its own
# tags. Subtitles, data and attachments stay out because only chosen streams are mapped.
CLEAN: dict[str, Any] = {
    "map_metadata": -1,
    "map_chapters": -1,
    "fflags": "+bitexact",
    "sn": None,
    "dn": None,
}


def source(path: Path, *, limits: Limits, threads: int, start_s: float = 0) -> Node:
    seek = {"ss": f"{start_s:.3f}"} if start_s else {}
    return ffmpeg.input(local(path), threads=threads, **guards_for(limits), **seek)


def renditions(node: Node, media: Media, targets: Mapping[Profile, Path], *, threads: int) -> Node:
    """All outputs in one graph: decoded once, scaled in a cascade from large to small."""
    profiles = sorted(targets, key=lambda profile: profile.height, reverse=True)
    pictures = _pictures(node, media.video, [p for p in profiles if p.kind == "video"])
    sounds = _sounds(node, media, profiles)
    outputs = [
        _output(targets[p], p, [s[p] for s in (pictures, sounds) if p in s], media, threads=threads)
        for p in profiles
    ]
    return ffmpeg.merge_outputs(*outputs)


def still(node: Node, video: VideoStream, profile: Profile, target: Path) -> Node:
    """The most typical of some 50 frames, as a JPEG with nothing in it but the picture."""
    width, height = size_for(profile, video)
    # Scaled before `thumbnail`, which keeps all its frames in memory.
    picture = _upright(node, video, width, height).filter("thumbnail", n=50)
    return ffmpeg.output(
        picture,
        local(target),
        f="mjpeg",
        vframes=1,
        pix_fmt="yuvj420p",
        **{"q:v": 3, "flags:v": "+bitexact"},
        **CLEAN,
    )


def speech(node: Node, media: Media, target: Path) -> Node:
    """16 kHz mono PCM whose second zero is that of the renditions, so that cues fit them."""
    options = {"c:a": "pcm_s16le", "flags:a": "+bitexact", "ar": 16_000, "ac": 1}
    return ffmpeg.output(_sound(node, media), local(target), f="wav", **options, **CLEAN)


def command(node: Node) -> list[str]:
    """The argument list. `verbose` makes ffmpeg end with how many frames it decoded."""
    quiet = ("-hide_banner", "-nostdin", "-nostats", "-v", "verbose")
    progress = ("-progress", "pipe:1", "-stats_period", "0.5")
    argv: list[str] = ffmpeg.compile(
        node.global_args(*quiet, *progress), cmd="ffmpeg", overwrite_output=True
    )
    return argv


def _pictures(
    node: Node, video: VideoStream | None, profiles: Sequence[Profile]
) -> dict[Profile, Node]:
    if video is None or not profiles:
        return {}
    width, height = size_for(profiles[0], video)
    picture = _steady(_upright(node, video, width, height), fps_for(video))
    pictures = {}
    for smaller, profile in zip([*profiles[1:], None], profiles, strict=True):
        if smaller is None:
            pictures[profile] = picture
            break
        both = picture.split()
        pictures[profile] = both[0]
        width, height = size_for(smaller, video)
        picture = both[1].filter("scale", width, height).filter("setsar", 1)
    return pictures


def _upright(node: Node, video: VideoStream, width: int, height: int) -> Node:
    # ffmpeg turns the picture before the graph sees it; sizes here are upright already.
    picture = node[str(video.index)]
    if video.is_interlaced:
        picture = picture.filter("yadif", deint="interlaced")
    picture = picture.filter("scale", width, height)
    if video.is_hdr:
        picture = _tone_mapped(picture)
    return picture.filter("format", "yuv420p").filter("setsar", 1)


def _steady(picture: Node, fps: Fraction) -> Node:
    # From second zero, as the sound is, so that both stay together when one starts late.
    return picture.filter("fps", f"{fps.numerator}/{fps.denominator}", start_time=0)


def _tone_mapped(picture: Node) -> Node:
    linear = picture.filter("zscale", t="linear", npl=100).filter("format", "gbrpf32le")
    narrow = linear.filter("zscale", p="bt709").filter("tonemap", "hable", desat=0)
    return narrow.filter("zscale", t="bt709", m="bt709", r="tv")


def _sounds(node: Node, media: Media, profiles: Sequence[Profile]) -> dict[Profile, Node]:
    if media.audio is None:
        return {}
    sound = _sound(node, media)
    if len(profiles) == 1:
        return {profiles[0]: sound}
    split = sound.asplit()
    return {profile: split[number] for number, profile in enumerate(profiles)}


def _sound(node: Node, media: Media) -> Node:
    # Phones leave gaps; filling them with silence keeps lips and words together.
    index = media.audio.index if media.audio else 0
    return node[str(index)].filter("aresample", **{"async": 1, "first_pts": 0})


def _output(
    target: Path, profile: Profile, streams: list[Node], media: Media, *, threads: int
) -> Node:
    options = {"f": "mp4", "movflags": "+faststart", "empty_hdlr_name": 1, "threads": threads}
    # One sparse stream (0.3 s of sound in 15 s of film) must not stop the other.
    options |= {"max_muxing_queue_size": 4096} | CLEAN
    if profile.kind == "video" and media.video:
        options |= _h264(profile, fps_for(media.video))
    if media.audio:
        options |= _aac(profile)
    return ffmpeg.output(*streams, local(target), **options)


def _h264(profile: Profile, fps: Fraction) -> dict[str, Any]:
    return {
        "c:v": "libx264",
        "preset": profile.preset,
        "profile:v": "high",
        "pix_fmt": "yuv420p",
        "crf": profile.crf,
        "maxrate": f"{profile.max_kbps}k",
        "bufsize": f"{profile.max_kbps * 2}k",
        # Closed groups at the same seconds everywhere: players switch and editors cut there.
        "g": round(fps * GOP_S),
        "keyint_min": round(fps * GOP_S),
        "sc_threshold": 0,
        "flags:v": "+bitexact+cgop",
    }


def _aac(profile: Profile) -> dict[str, Any]:
    return {
        "c:a": "aac",
        "profile:a": "aac_low",
        "b:a": f"{profile.audio_kbps}k",
        "ar": AUDIO_RATE_HZ,
        "ac": 2,
        "flags:a": "+bitexact",
    }
