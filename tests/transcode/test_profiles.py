from fractions import Fraction

import pytest

from transcode.probe import AudioStream, Media, VideoStream
from transcode.profiles import (
    AUDIO_ONLY,
    FIRST_LISTEN,
    FIRST_LOOK,
    WEB_480,
    WEB_720,
    first_look_for,
    fps_for,
    renditions_for,
    size_for,
)


def make_video(width: int = 1280, height: int = 720, *, fps: float = 30) -> VideoStream:
    return VideoStream(
        index=0,
        codec="h264",
        width=width,
        height=height,
        fps=fps,
        frames=100,
        duration_s=100 / fps,
        is_hdr=False,
        is_interlaced=False,
    )


def make_media(video: VideoStream | None) -> Media:
    audio = AudioStream(index=1, codec="aac", duration_s=4)
    return Media(container="mov", duration_s=4, video=video, audio=audio, size_bytes=1000)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((3840, 2160), (WEB_480, WEB_720)),
        ((1280, 720), (WEB_480, WEB_720)),
        ((720, 1280), (WEB_480, WEB_720)),
        ((960, 540), (WEB_480,)),
        ((640, 480), (WEB_480,)),
        ((176, 144), (WEB_480,)),
    ],
)
def test_a_picture_gets_the_renditions_that_it_carries(size, expected):
    assert renditions_for(make_media(make_video(*size))) == expected


def test_sound_alone_becomes_sound():
    media = make_media(None)

    assert renditions_for(media) == (AUDIO_ONLY,)
    assert first_look_for(media) == FIRST_LISTEN
    assert first_look_for(make_media(make_video())) == FIRST_LOOK


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), (854, 480)),
        ((1080, 1920), (480, 854)),
        ((177, 145), (176, 144)),
        ((320, 240), (320, 240)),
        ((1, 1), (2, 2)),
        ((8000, 480), (1200, 72)),
    ],
)
def test_a_size_is_even_upright_and_never_larger(size, expected):
    assert size_for(WEB_480, make_video(*size)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (24.04, Fraction(24)),
        (29.97, Fraction(30000, 1001)),
        (30.02, Fraction(30)),
        (50, Fraction(25)),
        (59.94, Fraction(30000, 1001)),
        (240, Fraction(30)),
        (37, Fraction(30)),
        (27.7, Fraction(30000, 1001)),
        (14.76, Fraction(15)),
        (1, Fraction(10)),
    ],
)
def test_a_rate_becomes_a_constant_one_of_at_most_thirty(source, expected):
    assert fps_for(make_video(fps=source)) == expected
