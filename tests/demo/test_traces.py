from demo.traces import index_is_first, traces_in
from tests.transcode import clips

CLEAN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", "+faststart")


def test_a_film_made_for_screening_tells_nothing(tmp_path):
    film = clips.film(tmp_path / "clean.mp4", seconds=0.5, extra=CLEAN)

    assert traces_in(film) == []
    assert index_is_first(film)


def test_each_kind_of_trace_is_found(tmp_path):
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:00,400\nHello\n")
    film = clips.film(tmp_path / "plain.mp4", seconds=0.5)
    told = tmp_path / "told.mp4"
    notes = ("-metadata", "comment=x", "-metadata", "creation_time=2026-01-15T10:00:00Z")

    clips.ffmpeg("-i", film, "-i", words, "-c", "copy", "-c:s", "mov_text", *notes, told)

    found = traces_in(told)
    assert "subtitle stream" in found
    assert "QuickTime:CreateDate" in found
    assert "ItemList:Comment" in found


def test_the_phones_films_tell(recordings):
    told = traces_in(recordings / "video" / "iphone4s_rotated_gps.mov")

    assert "rotation" in told
    assert {name for name in told if "GPS" in name}
    assert {name for name in told if name.endswith(("Make", "Model"))}
