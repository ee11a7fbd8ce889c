import hashlib
import json
import zipfile

import pytest

from demo.expectations import Unexpected
from demo.stick import unpack

FILM, WORDS = "01_the-way-home.mp4", "01_the-way-home.srt"
SRT = (
    "\ufeff1\r\n00:00:00,790 --> 00:00:05,330\r\nToday, after two years\r\nof talks,\r\n\r\n"
    "2\r\n00:00:05,330 --> 00:00:08,000\r\nsomething\r\n"
)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def part(name, content):
    return {"file": name, "size_bytes": len(content), "sha256": digest(content)}


@pytest.fixture
def content():
    film, words = b"a film", SRT.encode()
    item = part(FILM, film) | {"story": "s-1", "subtitles": part(WORDS, words)}
    manifest = json.dumps({"items": [item]}).encode()
    return {FILM: film, WORDS: words, "playlist.m3u8": FILM.encode(), "manifest.json": manifest}


def unpacked(content, folder, *, sums=None, story="s-1"):
    listed = "".join(f"{digest(body)}  {name}\n" for name, body in content.items())
    package = folder / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        for name, body in content.items():
            archive.writestr(name, body)
        archive.writestr("SHA256SUMS", listed if sums is None else sums)
    return unpack(package, folder, sha256=digest(package.read_bytes()), story=story)


def test_the_film_comes_out_with_its_words(content, tmp_path):
    stick = unpacked(content, tmp_path)

    assert stick.film.read_bytes() == b"a film"
    assert stick.words.split() == ["Today,", "after", "two", "years", "of", "talks,", "something"]


def test_a_film_without_subtitles_has_no_words(content, tmp_path):
    item = part(FILM, content[FILM]) | {"story": "s-1", "subtitles": None}
    content["manifest.json"] = json.dumps({"items": [item]}).encode()

    assert unpacked(content, tmp_path).words == ""


def test_a_film_that_is_not_the_manifests_is_refused(content, tmp_path):
    content[FILM] = b"A film"

    with pytest.raises(Unexpected, match=FILM):
        unpacked(content, tmp_path)


def test_a_file_that_no_checksum_covers_is_refused(content, tmp_path):
    with pytest.raises(Unexpected, match="SHA256SUMS"):
        unpacked(content, tmp_path, sums="")


def test_a_package_without_the_story_is_refused(content, tmp_path):
    with pytest.raises(Unexpected, match="story"):
        unpacked(content, tmp_path, story="s-2")
