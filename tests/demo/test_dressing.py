from datetime import UTC, datetime

import pytest

from demo import dressing
from demo.traces import index_is_first, traces_in
from tests.transcode import clips

AT = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def clip(folder):
    return clips.film(folder / "clip.mp4", seconds=1)


@pytest.fixture(scope="module")
def dressed(folder, clip):
    return dressing.dress(clip, folder / "dressed.mp4", at=AT)


def test_it_lies_on_its_side_with_a_matrix_that_turns_it_upright(dressed):
    video = clips.inspect(dressed)["streams"][0]

    assert (video["width"], video["height"]) == (1280, 720)
    # ffprobe counts against the clock.
    assert video["side_data_list"][0]["rotation"] == -90


def test_turned_by_its_matrix_the_picture_stands_in_the_middle(folder, dressed):
    upright = folder / "upright.mp4"

    clips.ffmpeg("-i", dressed, *clips.H264, upright)

    video = clips.inspect(upright)["streams"][0]
    assert (video["width"], video["height"]) == (720, 1280)
    assert clips.brightness(upright, x=360, y=20) < 20
    assert clips.brightness(upright, x=300, y=640) > 20


def test_it_tells_where_and_when_it_was_and_by_which_phone(dressed):
    told = traces_in(dressed)

    assert "rotation" in told
    assert {"Keys:GPSCoordinates", "UserData:LocationInformation"} <= set(told)
    assert {"Keys:Make", "Keys:Model", "QuickTime:CreateDate"} <= set(told)


def test_its_index_stands_at_the_end(dressed):
    assert not index_is_first(dressed)


def test_its_sound_is_that_of_the_clip(clip, dressed):
    was, now = (clips.inspect(film)["streams"][1] for film in (clip, dressed))

    kept = ("codec_name", "nb_frames", "sample_rate")
    assert [now[name] for name in kept] == [was[name] for name in kept]
