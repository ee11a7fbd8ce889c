"""Every file of the hostile set, and some made here, with what becomes of each."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.transcode import clips
from transcode.encode import encode_set, first_look, poster, speech_audio
from transcode.faults import SENTENCES, Fault, Unplayable
from transcode.probe import probe
from transcode.profiles import first_look_for, renditions_for

CLEAN = "clean"
# Odd but harmless: the header's 65535 pixels are a lie, the picture inside is 1920 by 1080.
EXPECTED = {
    "120_audio_tracks.mkv": Fault.TOO_MANY_STREAMS,
    "attachments_subs_chapters_tags.mkv": CLEAN,
    "ffconcat_reads_file.mp4": Fault.PLAYLIST,
    "header_claims_65535x65535.mp4": CLEAN,
    "hls_ssrf_loopback.mp4": Fault.PLAYLIST,
    "html_renamed.mp4": Fault.NOT_MEDIA,
    "name_is_hostile.mp4": CLEAN,
    "silence_10h.flac": Fault.TOO_LONG,
    "truncated_no_moov.mp4": Fault.TRUNCATED,
    "vp9_invalid_bitstream.webm": Fault.DECODE_FAILED,
}
WITHIN_S = 60


def becomes(source: Path, scratch: Path) -> str:
    """All that the engine does with a file; `clean`, or the code it fails with."""
    try:
        media = probe(source)
        first_look(source, media, scratch / f"look{first_look_for(media).suffix}")
        targets = {p: scratch / f"{p.name}{p.suffix}" for p in renditions_for(media)}
        encode_set(source, media, targets)
        if media.video:
            poster(source, media, scratch / "poster.jpg")
        if media.audio:
            speech_audio(source, media, scratch / "speech.wav")
    except Unplayable as refused:
        return refused.code
    return CLEAN


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", EXPECTED)
def test_a_hostile_file_ends_as_its_row_says(recordings, scratch, name):
    began_at = time.monotonic()

    outcome = becomes(recordings / "hostile" / name, scratch)

    assert outcome == EXPECTED[name]
    assert time.monotonic() - began_at < WITHIN_S
    if outcome != CLEAN:
        assert list(scratch.iterdir()) == []


def test_every_reason_is_a_sentence_that_says_what_to_do():
    assert set(SENTENCES) == set(Fault)
    assert all(Unplayable(code).detail.endswith(".") for code in Fault)


def test_the_table_knows_every_file(recordings):
    assert {path.name for path in (recordings / "hostile").iterdir()} == set(EXPECTED)


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("Dear colleague, please find the interview attached.\n" * 200)


def noise(path):
    path.write_bytes(os.urandom(200_000))


def huge_still(path):
    clips.png(path, side=20_000)


def huge_film(path):
    clips.huge_film(path.with_suffix(".mov"), side=20_000).rename(path)


def huge_behind_a_modest_header(path):
    clips.huge_film(path.with_suffix(".mkv"), side=16_000).rename(path)


def cut_film(path):
    whole = clips.film(path.with_name("whole.mp4"))
    clips.cut(path, whole, at=0.7)
    whole.unlink()


def cut_head(path):
    whole = clips.film(path.with_name("whole.mkv"))
    path.write_bytes(whole.read_bytes()[:30])
    whole.unlink()


def subtitles_only(path):
    path.with_suffix(".srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nNobody speaks.\n")
    clips.ffmpeg("-i", path.with_suffix(".srt"), "-f", "matroska", path)


def dash(path):
    path.write_text('<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>')


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (empty, Fault.EMPTY_FILE),
        (text, Fault.NOT_MEDIA),
        (noise, Fault.NOT_MEDIA),
        (huge_still, Fault.NOT_MEDIA),
        (huge_film, Fault.TOO_LARGE_PICTURE),
        (huge_behind_a_modest_header, Fault.DECODE_FAILED),
        (cut_film, Fault.TRUNCATED),
        (cut_head, Fault.TRUNCATED),
        (subtitles_only, Fault.NO_PLAYABLE_STREAM),
        (dash, Fault.PLAYLIST),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_its_reason(tmp_path, scratch, make, code):
    path = tmp_path / "recording.mp4"
    make(path)

    assert becomes(path, scratch) == code
    assert list(scratch.iterdir()) == []


@dataclass
class Listener:
    """A web server on the loopback that remembers what was asked of it."""

    port: int
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/canary.ts"


@pytest.fixture
def listener() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            listening.asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Nothing: the test asks `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening = Listener(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield listening
    server.shutdown()
    server.server_close()


def hls(address):
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\n{address}\n#EXT-X-ENDLIST\n".encode()


def ffconcat(address):
    return f"ffconcat version 1.0\nfile '{address}'\n".encode()


def hidden(disguise):
    """Behind an empty ID3 tag, which our own look at the first bytes doesn't see through."""
    return b"ID3\x03\x00\x00\x00\x00\x00\x00" + disguise


def sing_when_opened(pipe, opened):
    with pipe.open("wb"):
        opened.set()


@pytest.mark.parametrize("disguise", [hls, ffconcat])
def test_a_list_reaches_no_server_and_no_file(tmp_path, scratch, listener, disguise):
    canary, secret = tmp_path / "canary", tmp_path / "secret.ts"
    clips.film(secret, seconds=1)
    os.mkfifo(canary)
    opened = threading.Event()
    threading.Thread(target=sing_when_opened, args=(canary, opened), daemon=True).start()

    for address in (listener.url, str(canary), "canary", f"file:{secret}"):
        for content in (disguise(address), hidden(disguise(address))):
            path = tmp_path / "recording.mp4"
            path.write_bytes(content)
            assert becomes(path, scratch) in (Fault.PLAYLIST, Fault.NOT_MEDIA)

    assert listener.asked == []
    assert not opened.is_set()
    os.close(os.open(canary, os.O_RDONLY | os.O_NONBLOCK))


def test_without_our_guards_the_same_list_does_reach_the_server(tmp_path, listener):
    path = tmp_path / "recording.mp4"
    path.write_bytes(hidden(hls(listener.url)))

    subprocess.run(
        ["ffprobe", "-v", "quiet", "-protocol_whitelist", "file,http,tcp", str(path)],
        check=False,
        timeout=30,
    )

    assert listener.asked
