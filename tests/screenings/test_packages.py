"""A package: what is in it, what isn't, and what its files are."""

import json
import re
import subprocess
import zipfile

import pytest
from django.utils import timezone

from audit.models import Entry
from common import storage
from consent.uses import Use
from screenings import packages, playlists
from screenings.models import Package, Playlist
from stories.states import Status
from tests.accounts.make import make_device, make_programme
from tests.consent.make import granted, make_consent
from tests.screenings.make import (
    CUES,
    build,
    make_organizer,
    make_package,
    make_playlist,
    make_published_story,
    request_package,
    stored_bytes,
    withdraw,
)
from tests.transcode import clips
from tests.transcode.make import make_rendition, make_revision
from transcode import ffmpeg
from transcode.cues import Cue
from transcode.models import Job, Rendition
from transcode.profiles import WEB_480

# The lease looks at the job's row over a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE_TITLES = [
    "../../etc/passwd",
    "..\\..\\autoexec.bat",
    "\u202egnp.exe",
    "💔🛶",
    "",
    "   ",
    "CON",
    "a\nb\r#EXTINF:1,c",
    "شهادة امرأة",
    "x" * 120,
    'q?u*e:s"t<i>o|n',
]


def unpacked(package, folder):
    folder.mkdir()
    with storage.local(storage.private(), package.key) as path, zipfile.ZipFile(path) as content:
        content.extractall(folder)
    return folder


def names_in(package):
    with storage.local(storage.private(), package.key) as path, zipfile.ZipFile(path) as content:
        return content.namelist()


def two_stories():
    first = make_published_story(title="The well at Ndiébène", language="wo", duration_s=61.5)
    return first, make_published_story(first.programme, title="Ŋaari fan, ɓaawo", duration_s=30)


def test_a_package_holds_numbered_films_with_their_words_a_list_and_a_manifest():
    first, second = two_stories()

    package = make_package(first, second)

    assert package.state == Package.State.MADE
    assert names_in(package) == [
        "01_the-well-at-ndiebene.mp4",
        "01_the-well-at-ndiebene.srt",
        "02_naari-fan-baawo.mp4",
        "02_naari-fan-baawo.srt",
        "playlist.m3u8",
        "manifest.json",
        "LISEZMOI-README.txt",
        "SHA256SUMS",
    ]
    assert [item.story for item in package.items.all()] == [first, second]


def test_sha256sum_finds_every_file_as_it_was_made(tmp_path):
    folder = unpacked(make_package(*two_stories()), tmp_path / "stick")

    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(": OK") == 7


def test_the_row_knows_the_size_and_hash_of_the_zip(tmp_path):
    package = make_package(*two_stories())

    with storage.local(storage.private(), package.key) as path:
        summed = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
        tested = subprocess.run(["python3", "-m", "zipfile", "-t", path], check=False)
        size = path.stat().st_size

    assert summed.stdout.split()[0] == package.sha256
    assert size == package.size_bytes
    assert tested.returncode == 0


def test_the_manifest_says_what_each_file_is_and_the_list_names_them_in_order(tmp_path):
    first, second = two_stories()
    package = make_package(first, second, name="Thiès, 12 mars", place="Thiès")
    folder = unpacked(package, tmp_path / "stick")

    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    listed = (folder / "playlist.m3u8").read_text("utf-8").splitlines()

    assert manifest == package.manifest
    assert manifest["package"] == str(package.pk)
    assert manifest["place"] == "Thiès"
    assert [item["story"] for item in manifest["items"]] == [str(first.pk), str(second.pk)]
    assert manifest["items"][0]["duration_s"] == 61.5
    assert manifest["items"][0]["language"] == "wo"
    film = folder / manifest["items"][1]["file"]
    assert film.stat().st_size == manifest["items"][1]["size_bytes"]
    assert listed == [
        "#EXTM3U",
        "#EXTENC:UTF-8",
        "#PLAYLIST:Thiès, 12 mars",
        "#EXTINF:62,The well at Ndiébène",
        "01_the-well-at-ndiebene.mp4",
        "#EXTINF:30,Ŋaari fan, ɓaawo",
        "02_naari-fan-baawo.mp4",
    ]


def test_the_words_are_those_that_were_approved(tmp_path):
    story = make_published_story(cues=[Cue(0, 0.9, "Ñaata at?")])

    folder = unpacked(make_package(story), tmp_path / "stick")

    words = (folder / "01_a-made-up-story.srt").read_bytes()
    assert words.decode("utf-8-sig").startswith("1\r\n00:00:00,000 --> 00:00:00,900\r\nÑaata at?")


def test_a_film_without_words_has_no_subtitle_file():
    package = make_package(make_published_story(cues=[]))

    assert not [name for name in names_in(package) if name.endswith(".srt")]
    assert package.manifest["items"][0]["subtitles"] is None


def test_the_leaflet_speaks_french_and_english(tmp_path):
    folder = unpacked(make_package(*two_stories(), place="Kaolack"), tmp_path / "stick")

    text = (folder / "LISEZMOI-README.txt").read_bytes().decode("utf-8-sig")

    assert "2 film(s)" in text
    assert "FAT32" in text
    assert "projection communautaire à Kaolack" in text
    assert "community screening in Kaolack" in text


def test_no_title_makes_a_name_that_leaves_the_stick_or_breaks_on_it(tmp_path):
    first = make_published_story(title=HOSTILE_TITLES[0])
    others = [make_published_story(first.programme, title=title) for title in HOSTILE_TITLES[1:]]

    package = make_package(first, *others)

    names = names_in(package)
    films = [name for name in names if name.endswith(".mp4")]
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"\d\d_[a-z0-9-]{1,40}\.(mp4|srt)", name) for name in names[:-4])
    assert films == sorted(films)
    assert "04_story.mp4" in films
    listed = unpacked(package, tmp_path / "stick") / "playlist.m3u8"
    assert listed.read_text("utf-8").count("\n#EXTINF") == len(films)
    assert "\u202e" not in listed.read_text("utf-8")


def test_the_same_content_gives_the_same_times_however_late_it_is_built():
    package = make_package(*two_stories())

    with storage.local(storage.private(), package.key) as path, zipfile.ZipFile(path) as content:
        times = {info.date_time for info in content.infolist()}

    assert len(times) == 1
    assert times.pop()[:5] == package.requested_at.timetuple()[:5]


def test_the_film_is_the_sharpest_that_fits_on_a_fat32_stick():
    story = make_published_story(title="Long")
    made = story.rendition_sets.get()
    smaller = make_rendition(made, Rendition.Profile.WEB_480, b"smaller")
    made.renditions.filter(profile=Rendition.Profile.WEB_720).update(size_bytes=4_294_967_295)

    package = make_package(story)

    assert package.items.get().rendition == smaller


def test_a_film_carries_nothing_of_the_phone_that_made_it(tmp_path):
    gps = ("-metadata", "location=+14.7910-016.9359/", "-metadata", "com.android.model=Itel")
    tags = ("-movflags", "use_metadata_tags", "-metadata", "title=Name of a person")
    source = clips.film(tmp_path / "phone.mp4", size="640x480", seconds=1, extra=(*gps, *tags))
    target = tmp_path / "clean.mp4"
    ffmpeg.encode_set(source, ffmpeg.probe(source), {WEB_480: target})
    package = make_package(make_published_story(film=target))

    film = unpacked(package, tmp_path / "stick") / "01_a-made-up-story.mp4"

    assert "location" in str(clips.inspect(source)["format"]["tags"])
    found = clips.inspect(film)
    harmless = {"major_brand", "minor_version", "compatible_brands", "encoder"}
    assert set(found["format"].get("tags", {})) <= harmless
    content = film.read_bytes()
    assert not any(trace in content for trace in (b"14.7910", b"Itel", b"Name of a person"))


def test_a_damaged_film_is_never_packed():
    story = make_published_story()
    story.rendition_sets.get().renditions.update(sha256="0" * 64)

    package = make_package(story)

    assert (package.state, package.failure_code) == ("failed", "package_source_damaged")
    assert stored_bytes() == b""


def test_a_story_withdrawn_after_the_request_is_left_out_and_said_so():
    stays, goes = two_stories()
    package = request_package(stays, goes)

    withdraw(goes)
    build(package)

    assert package.state == Package.State.MADE
    assert package.left_out == [str(goes.pk)]
    assert package.manifest["films_left_out"] == 1
    assert [item.story for item in package.items.all()] == [stays]
    assert str(goes.pk).encode() not in stored_bytes()


def test_a_story_that_must_not_be_seen_in_the_place_is_left_out():
    device = make_device()
    consent = make_consent(
        device, grants=granted(Use.COMMUNITY_SCREENING, excluded_places=["Touba"])
    )
    excluded = make_published_story(consent=consent)
    allowed = make_published_story(device.programme)
    playlist = make_playlist(allowed, excluded)
    playlist.place = "  TOUBA "
    playlist.save(update_fields=["place"])

    package = build(request_package(playlist=playlist))

    assert package.left_out == [str(excluded.pk)]


@pytest.mark.parametrize("place", ["", "   ", "?!"])
def test_a_package_for_no_place_is_refused(place):
    playlist = make_playlist(make_published_story(), place=place)

    with pytest.raises(playlists.PlaceMissing):
        request_package(playlist=playlist)

    assert not Package.objects.exists()


def test_a_package_that_waits_without_a_place_fails_and_holds_nothing():
    package = request_package(make_published_story())
    Package.objects.update(place="")

    build(package)

    assert (package.state, package.failure_code) == ("failed", "place_missing")
    assert package.failure_reason
    assert stored_bytes() == b""


def test_a_made_package_without_a_place_may_not_be_had():
    package = make_package(make_published_story())

    package.place = ""

    assert not packages.is_current(package, at=timezone.now())


def test_a_film_is_asked_again_for_the_place_that_is_named_last():
    device = make_device()
    consent = make_consent(
        device, grants=granted(Use.COMMUNITY_SCREENING, excluded_places=["Touba"])
    )
    playlist = make_playlist(make_published_story(consent=consent), place="")
    playlists.rename(playlist, by=playlist.created_by, place="Touba")

    package = build(request_package(playlist=playlist))

    assert (package.state, package.failure_code) == ("failed", "package_empty")


def test_no_text_in_a_package_turns_the_reading_direction(tmp_path):
    story = make_published_story(title="\u202egnp.title")
    story.programme.name = "\u2067Programme\u202e"
    story.programme.save(update_fields=["name"])
    playlist = make_playlist(story)
    # As rows were written before they were cleaned.
    turned = "Good \u202egnp.evening"
    Playlist.objects.filter(pk=playlist.pk).update(name=turned, place="Thiès\u202e\nTouba")
    playlist.refresh_from_db()

    package = build(request_package(playlist=playlist))

    folder = unpacked(package, tmp_path / "stick")
    written = "".join(
        (folder / name).read_text("utf-8")
        for name in ("manifest.json", "playlist.m3u8", "LISEZMOI-README.txt")
    )
    assert not set(written) & set("\u202e\u2067")
    assert package.manifest["playlist"]["name"] == "Good gnp.evening"
    assert package.manifest["place"] == "Thiès Touba"


def test_a_package_of_nothing_that_may_be_shown_fails_and_says_why():
    story = make_published_story()
    package = request_package(story)

    withdraw(story)
    build(package)

    assert (package.state, package.failure_code) == ("failed", "package_empty")
    assert package.failure_reason
    assert stored_bytes() == b""


def test_a_package_asked_for_twice_while_it_is_made_is_one():
    playlist = make_playlist(make_published_story())

    first = request_package(playlist=playlist)
    again = request_package(playlist=playlist)

    assert first == again
    assert Job.objects.filter(kind="package").count() == 1


def test_an_empty_playlist_makes_no_package():
    programme = make_programme()
    playlist = make_playlist(programme=programme, by=make_organizer(programme))

    with pytest.raises(packages.PlaylistEmpty):
        request_package(playlist=playlist)

    assert not Package.objects.exists()


def test_every_step_of_a_package_is_in_the_trail():
    story = make_published_story()

    package = make_package(story)
    withdraw(story)

    trail = Entry.objects.filter(subject=package.audit_subject).order_by("sequence")
    assert [entry.action for entry in trail] == [
        "package.requested",
        "package.made",
        "package.recalled",
    ]


def test_an_edit_after_the_approval_keeps_the_story_out():
    story, other = two_stories()
    package = request_package(story, other)

    make_revision(story, [*CUES, Cue(2, 3, "More.")])
    build(package)

    story.refresh_from_db()
    assert story.status == Status.IN_REVIEW
    assert package.left_out == [str(story.pk)]
