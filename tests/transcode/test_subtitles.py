from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.cues import Cue, tidy
from transcode.subtitles import (
    LARGEST_BYTES,
    SubtitleError,
    read_srt,
    read_vtt,
    write_srt,
    write_vtt,
)

texts = st.text(min_size=1, max_size=90).map(tidy).filter(bool)


@st.composite
def cue_lists(draw) -> list[Cue]:
    times = sorted(draw(st.sets(st.integers(0, 400_000_000), max_size=12)))
    pairs = zip(times[::2], times[1::2], strict=False)
    return [Cue(start / 1000, end / 1000, draw(texts)) for start, end in pairs]


@given(cue_lists())
def test_webvtt_gives_back_what_was_written(cues):
    assert read_vtt(write_vtt(cues)) == cues


@given(cue_lists())
def test_subrip_gives_back_what_was_written(cues):
    assert read_srt(write_srt(cues)) == cues


@pytest.mark.parametrize(
    "text",
    [
        "a --> b",
        "1\n00:00:01,000 --> 00:00:02,000",
        "NOTE",
        "<b>R&D</b> &amp; 1 < 2",
        "12",
        "STYLE",
    ],
)
def test_text_that_looks_like_markup_stays_text(text):
    cues = [Cue(0, 1, text), Cue(1, 2, "after")]

    assert read_vtt(write_vtt(cues)) == cues
    assert read_srt(write_srt(cues)) == cues


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: b"WEBVTT\n\n" + t.encode()))
def test_any_file_is_read_or_refused(data):
    for read in (read_vtt, read_srt):
        with suppress(SubtitleError):
            assert all(cue.text == tidy(cue.text) for cue in read(data))


def test_webvtt_as_browsers_want_it():
    cues = [Cue(1.5, 3661.25, "Tom & Awa\n<ne> ɓɗŋ")]

    assert write_vtt(cues).decode() == (
        "WEBVTT\n\n00:00:01.500 --> 01:01:01.250\nTom &amp; Awa\n&lt;ne&gt; ɓɗŋ\n"
    )


def test_subrip_as_televisions_want_it():
    cues = [Cue(1.5, 3, "Été"), Cue(3, 4, "fini")]

    assert write_srt(cues) == (
        b"\xef\xbb\xbf1\r\n00:00:01,500 --> 00:00:03,000\r\n\xc3\x89t\xc3\xa9\r\n"
        b"\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nfini\r\n"
    )


def test_a_blank_line_cannot_end_a_cue_early():
    cues = [Cue(0, 1, "one\n\n\n two \x00\r\nthree")]

    assert [cue.text for cue in read_srt(write_srt(cues))] == ["one\ntwo\nthree"]


def test_webvtt_of_other_programs_is_understood():
    data = (
        b"WEBVTT - made elsewhere\r\nKind: captions\r\n\r\nNOTE a remark\r\n\r\n"
        b"STYLE\r\n::cue { color: lime }\r\n\r\nintro\r\n"
        b"00:01.000 --> 00:02.500 align:start position:10%\r\n<v Awa><i>Bonjour</i>&nbsp;!\r\n"
    )

    assert read_vtt(data) == [Cue(1, 2.5, "Bonjour\N{NO-BREAK SPACE}!")]


def test_subrip_without_mark_numbers_and_crlf_is_understood():
    data = b"00:00:01,000 --> 00:00:02,000 X1:100\nhi\n\n\n\n0:00:03.000 --> 0:00:04.000\nho"

    assert read_srt(data) == [Cue(1, 2, "hi"), Cue(3, 4, "ho")]


@pytest.mark.parametrize(
    ("data", "line", "why"),
    [
        (b"1\n00:00:01,000 --> later\nhi", 2, "bad_timing"),
        (b"1\n00:00:01,000 --> 00:99:02,000\nhi", 2, "bad_timing"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n\xe9t\xe9", 3, "not_utf8"),
        (b"a" * (LARGEST_BYTES + 1), 1, "too_large"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(data, line, why):
    with pytest.raises(SubtitleError) as refused:
        read_srt(data)

    assert (refused.value.line, refused.value.why) == (line, why)


def test_a_file_without_the_webvtt_header_is_no_webvtt():
    with pytest.raises(SubtitleError, match="not_webvtt"):
        read_vtt(b"1\n00:00:01,000 --> 00:00:02,000\nhi")
