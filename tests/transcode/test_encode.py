import itertools
import json
import subprocess

import pytest

from tests.transcode import clips
from transcode.encode import encode_set, first_look, poster, speech_audio
from transcode.faults import Fault, Unplayable
from transcode.probe import probe
from transcode.profiles import WEB_480, WEB_720, first_look_for, renditions_for

# What exiftool may find in a rendition: facts of the file system and of the picture itself.
HARMLESS_GROUPS = {"System", "ExifTool", "File", "Composite"}
TELLING = ("gps", "location", "make", "model", "software", "author", "comment", "title", "artist")


def encode(source, folder, *, on_progress=lambda _: None):
    media = probe(source)
    targets = {p: folder / f"{p.name}{p.suffix}" for p in renditions_for(media)}
    return encode_set(source, media, targets, on_progress=on_progress), targets


def exif(path):
    ran = subprocess.run(
        ["exiftool", "-a", "-u", "-G1", "-j", "-ee", str(path)],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return json.loads(ran.stdout)[0]


def assert_tells_nothing(path):
    seen = clips.inspect(path)
    assert {s["codec_type"] for s in seen["streams"]} <= {"video", "audio"}
    assert seen["chapters"] == []
    assert set(seen["format"].get("tags", {})) <= {
        "major_brand", "minor_version", "compatible_brands",
    }  # fmt: skip
    for stream in seen["streams"]:
        assert set(stream["tags"]) <= {"language", "vendor_id", "handler_name", "encoder"}
        assert stream["tags"].get("encoder", "Lavc libx264") == "Lavc libx264"
        assert stream["tags"]["language"] == "und"
        assert stream["tags"].get("handler_name", "") == ""
    for name, value in exif(path).items():
        if name.partition(":")[0] not in HARMLESS_GROUPS:
            assert not any(word in name.lower() for word in TELLING), name
            assert "Date" not in name or str(value).startswith("0000"), name


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("2004_phone_h263_amr.3gp", [(192, 144)]),
        ("canon_mjpeg.avi", [(640, 480)]),
        ("chrome_mediarecorder_no_duration.webm", [(640, 480)]),
        ("en_grid_face.mpg", [(360, 288)]),
        ("en_man_talking_data_streams.mp4", [(480, 320)]),
        ("en_speech_two_faces.mp4", [(320, 240)]),
        ("iphone4s_rotated_gps.mov", [(480, 640)]),
        pytest.param(
            "iphone_hevc_10bit_editlist.mp4",
            [(480, 854), (720, 1280)],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_recording_becomes_clean_upright_renditions(recordings, tmp_path, name, sizes):
    source = recordings / "video" / name

    made, targets = encode(source, tmp_path)

    assert [(m.video.width, m.video.height) for m in made.values()] == sizes
    expected = clips.playing_s(source)
    for media in made.values():
        assert not media.video.is_hdr
        assert media.video.duration_s == pytest.approx(expected, abs=0.15)
    for target in targets.values():
        assert_plays_anywhere(target)
        assert_tells_nothing(target)


def assert_plays_anywhere(target):
    video, audio = clips.inspect(target)["streams"]
    assert "side_data_list" not in video
    assert (audio["codec_name"], audio["channels"], audio["sample_rate"]) == ("aac", 2, "48000")


def test_the_source_of_the_privacy_test_does_tell_something(recordings):
    told = exif(recordings / "video" / "iphone4s_rotated_gps.mov")

    assert any("GPS" in name for name in told)
    assert "iPhone 4S" in told.values()


def test_attachments_subtitles_and_chapters_stay_behind(recordings, tmp_path):
    source = recordings / "hostile" / "attachments_subs_chapters_tags.mkv"
    assert clips.inspect(source)["chapters"]

    _, targets = encode(source, tmp_path)

    assert_tells_nothing(targets[WEB_480])


def test_renditions_are_what_a_television_plays(tmp_path):
    source = clips.film(tmp_path / "source.mov", size="1280x720", fps="50", seconds=4.2)

    _, targets = encode(source, tmp_path)

    for path in targets.values():
        video, audio = clips.inspect(path)["streams"]
        assert (video["profile"], video["pix_fmt"]) == ("High", "yuv420p")
        assert video["r_frame_rate"] == video["avg_frame_rate"] == "25/1"
        assert video["level"] <= 40
        assert (audio["codec_name"], audio["profile"]) == ("aac", "LC")
        assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat")
        assert clips.keyframes_s(path) == [0.0, 2.0, 4.0]


def test_a_phone_held_upright_gives_an_upright_picture(tmp_path):
    flat = tmp_path / "flat.mp4"
    white_left = "drawbox=x=0:y=0:w=320:h=480:color=white:t=fill"
    clips.ffmpeg(
        "-f", "lavfi", "-i", "color=black:s=640x480:r=25:d=1", "-vf", white_left, *clips.H264, flat
    )
    source = clips.turned(tmp_path / "turned.mp4", flat, degrees=270)

    made, targets = encode(source, tmp_path)

    assert (made[WEB_480].video.width, made[WEB_480].video.height) == (480, 640)
    assert clips.brightness(targets[WEB_480], x=240, y=100) > 200
    assert clips.brightness(targets[WEB_480], x=240, y=540) < 50


@pytest.mark.parametrize(
    ("size", "expected"), [("321x241", (320, 240)), ("64x50", (64, 50)), ("1000x100", (1000, 100))]
)
def test_odd_sizes_become_even_and_small_ones_stay_small(tmp_path, size, expected):
    source = clips.film(
        tmp_path / "odd.mkv", size=size, seconds=1, with_sound=False, extra=("-pix_fmt", "yuv444p")
    )

    made, _ = encode(source, tmp_path)

    assert [(m.video.width, m.video.height) for m in made.values()] == [expected]


def test_a_film_without_sound_and_sound_without_film_are_fine(tmp_path):
    silent = clips.film(tmp_path / "silent.mp4", with_sound=False)
    tone = tmp_path / "tone.mp3"
    clips.ffmpeg(*clips.sound(seconds=3), tone)

    [of_film] = encode(silent, tmp_path)[0].values()
    [of_tone] = encode(tone, tmp_path)[0].values()

    assert of_film.video is not None
    assert of_film.audio is None
    assert of_tone.video is None
    assert of_tone.audio.duration_s == pytest.approx(3, abs=0.1)


def test_one_frame_becomes_a_rendition_and_a_poster(tmp_path):
    one = clips.film(tmp_path / "one.mp4", with_sound=False, extra=("-frames:v", "1"))

    [made] = encode(one, tmp_path)[0].values()
    poster(one, probe(one), tmp_path / "poster.jpg")

    assert made.video.frames >= 1
    assert clips.inspect(tmp_path / "poster.jpg")["streams"][0]["width"] == 320


def test_sound_that_starts_late_stays_with_its_picture(tmp_path):
    source, target = tmp_path / "late.mkv", tmp_path / "speech.wav"
    clips.ffmpeg(*clips.picture(seconds=3), "-itsoffset", "1", *clips.sound(), *clips.H264, source)

    speech_audio(source, probe(source), target)

    samples = target.read_bytes()[44:]
    assert len(samples) == pytest.approx(3 * 16_000 * 2, rel=0.02)
    assert not any(samples[: int(0.9 * 32_000)])
    assert any(samples[int(1.1 * 32_000) : int(1.2 * 32_000)])


def test_the_first_look_is_small_and_the_sound_alone_has_one_too(recordings, tmp_path):
    film = recordings / "video" / "en_speech_two_faces.mp4"
    voice = recordings / "speech" / "en_whatsapp_voice_note.opus"

    seen = first_look(film, probe(film), tmp_path / "look.mp4")
    heard = first_look(voice, probe(voice), tmp_path / "look.m4a")

    assert seen.video is not None
    assert (seen.video.width, seen.video.height) == (320, 240)
    assert heard.video is None
    assert first_look_for(probe(voice)).content_type == "audio/mp4"


def test_a_poster_is_upright_and_tells_nothing(recordings, tmp_path):
    source, target = recordings / "video" / "iphone4s_rotated_gps.mov", tmp_path / "poster.jpg"

    poster(source, probe(source), target)

    told = exif(target)
    assert told["File:ImageWidth"] == 480
    assert told["File:ImageHeight"] == 640
    assert {name.partition(":")[0] for name in told} <= {*HARMLESS_GROUPS, "SourceFile", "JFIF"}


def test_speech_audio_is_sixteen_kilohertz_mono(recordings, tmp_path):
    source, target = recordings / "speech" / "en_jfk.flac", tmp_path / "speech.wav"

    speech_audio(source, probe(source), target)

    [stream] = clips.inspect(target)["streams"]
    assert (stream["codec_name"], stream["sample_rate"], stream["channels"]) == (
        "pcm_s16le", "16000", 1,
    )  # fmt: skip
    assert float(stream["duration"]) == pytest.approx(11, abs=0.05)
    assert b"LIST" not in target.read_bytes()[:100]


def test_a_film_without_sound_has_nothing_to_transcribe(tmp_path):
    silent = clips.film(tmp_path / "silent.mp4", with_sound=False)

    with pytest.raises(Unplayable) as refused:
        speech_audio(silent, probe(silent), tmp_path / "speech.wav")

    assert refused.value.code == Fault.NO_SOUND


def test_progress_rises_from_the_first_second_to_one(tmp_path):
    source = clips.film(tmp_path / "film.mp4", size="640x480", seconds=20)
    told: list[float] = []

    encode(source, tmp_path, on_progress=told.append)

    assert len(told) > 2
    assert all(earlier < later for earlier, later in itertools.pairwise(told))
    assert told[-1] == 1.0


def test_a_broken_picture_fails_and_leaves_nothing(tmp_path):
    film = clips.film(tmp_path / "film.mp4", seconds=4, with_sound=False)
    media, broken = probe(film), bytearray(film.read_bytes())
    start = broken.index(b"mdat") + 4
    broken[start : start + len(broken) // 2] = bytes(len(broken) // 2)
    film.write_bytes(broken)
    targets = {p: tmp_path / f"{p.name}.mp4" for p in (WEB_480, WEB_720)}

    with pytest.raises(Unplayable) as refused:
        encode_set(film, media, targets)

    assert refused.value.code == Fault.DECODE_FAILED
    assert not any(path.exists() for path in targets.values())
