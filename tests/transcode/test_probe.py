import pytest

from tests.transcode import clips
from transcode.faults import Fault, Unplayable
from transcode.probe import probe
from transcode.sandbox import Limits


@pytest.mark.parametrize(
    ("name", "upright", "duration_s", "audio"),
    [
        ("2004_phone_h263_amr.3gp", (192, 144), 15.2, "amr_nb"),
        ("canon_mjpeg.avi", (640, 480), 2.6, "pcm_s16le"),
        ("chrome_mediarecorder_no_duration.webm", (640, 480), 7.61, "opus"),
        ("en_grid_face.mpg", (360, 288), 3.0, "mp2"),
        ("en_man_talking_data_streams.mp4", (480, 320), 10.3, "aac"),
        ("en_speech_two_faces.mp4", (320, 240), 8.71, "aac"),
        ("iphone4s_rotated_gps.mov", (480, 640), 1.02, "aac"),
        ("iphone_hevc_10bit_editlist.mp4", (1080, 1920), 2.55, "aac"),
    ],
)
def test_a_recording_is_seen_as_its_viewer_sees_it(recordings, name, upright, duration_s, audio):
    media = probe(recordings / "video" / name)

    assert media.video is not None
    assert media.audio is not None
    assert (media.video.width, media.video.height) == upright
    assert media.duration_s == pytest.approx(duration_s, abs=0.05)
    assert media.audio.codec == audio


def test_high_dynamic_range_is_noticed(recordings):
    iphone = probe(recordings / "video" / "iphone_hevc_10bit_editlist.mp4")

    assert iphone.video is not None
    assert iphone.video.is_hdr
    assert iphone.video.frames == 77  # Of 86 packets the edit list plays these.


def test_a_still_track_before_the_film_is_not_taken_for_it(tmp_path):
    path = tmp_path / "two_pictures.mp4"
    still = clips.picture("1280x720", fps="1", seconds=4)
    film = clips.picture("320x240", fps="25", seconds=4)
    clips.ffmpeg(
        *still,
        *film,
        "-map",
        "0:v",
        "-map",
        "1:v",
        *clips.H264,
        "-disposition:v:0",
        "default",
        path,
    )

    media = probe(path)

    assert media.video is not None
    assert (media.video.index, media.video.width) == (1, 320)


def test_cover_art_is_no_film(tmp_path):
    cover, path = tmp_path / "cover.jpg", tmp_path / "song.m4a"
    clips.ffmpeg(*clips.picture(), "-frames:v", "1", cover)
    clips.ffmpeg(
        "-i", cover, *clips.sound(), "-map", "0", "-map", "1", *clips.AAC,
        "-c:v", "copy", "-disposition:v", "attached_pic", path,
    )  # fmt: skip

    media = probe(path)

    assert media.video is None
    assert media.audio is not None


def test_the_default_sound_is_taken(tmp_path):
    path = tmp_path / "two_sounds.mkv"
    clips.ffmpeg(
        *clips.picture(), *clips.sound(), *clips.sound(hz=880), "-map", "0", "-map", "1", "-map",
        "2", *clips.H264, *clips.AAC, "-disposition:a:0", "0", "-disposition:a:1", "default", path,
    )  # fmt: skip

    media = probe(path)

    assert media.audio is not None
    assert media.audio.index == 2


def test_pixels_that_are_not_square_are_made_so(tmp_path):
    wide = clips.film(tmp_path / "wide.mp4", size="360x288", extra=("-vf", "setsar=16/11"))

    media = probe(wide)

    assert media.video is not None
    assert (media.video.width, media.video.height) == (524, 288)


def test_one_frame_is_a_film(tmp_path):
    one = clips.film(tmp_path / "one.mp4", with_sound=False, extra=("-frames:v", "1"))

    media = probe(one)

    assert media.video is not None
    assert media.video.frames == 1
    assert 0 < media.duration_s < 1


def test_a_length_over_the_limit_is_refused(tmp_path):
    film = clips.film(tmp_path / "film.mp4", seconds=2)

    with pytest.raises(Unplayable) as refused:
        probe(film, limits=Limits(duration_s=1))

    assert refused.value.code == Fault.TOO_LONG


def test_a_length_that_the_container_hides_is_refused_too(recordings):
    webm = recordings / "video" / "chrome_mediarecorder_no_duration.webm"

    with pytest.raises(Unplayable) as refused:
        probe(webm, limits=Limits(duration_s=5))

    assert refused.value.code == Fault.TOO_LONG


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_cut_film_is_truncated_even_with_its_index_in_front(tmp_path, suffix):
    extra = ("-movflags", "+faststart") if suffix == "mp4" else ()
    whole = clips.film(tmp_path / f"whole.{suffix}", seconds=4, extra=extra)

    with pytest.raises(Unplayable) as refused:
        probe(clips.cut(tmp_path / f"cut.{suffix}", whole, at=0.6))

    assert refused.value.code == Fault.TRUNCATED


def test_a_name_that_looks_like_options_means_nothing(tmp_path):
    film = clips.film(tmp_path / "film.mp4", seconds=1)
    odd = film.rename(tmp_path / "-i concat:|%d $(reboot) 'é.mp4")

    assert probe(odd).video is not None
